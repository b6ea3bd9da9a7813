"""An installed wheel has everything that a checkout has at run time."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gateway import paths

ROOT = Path(__file__).parents[2]


def test_a_checkout_uses_its_own_files() -> None:
    assert paths.schema_directory() == ROOT / "schema"
    assert paths.policies_directory() == ROOT / "policies"


def test_a_package_uses_the_files_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_files" / "schema").mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path)
    assert paths.schema_directory() == tmp_path / "_files" / "schema"


def test_the_wheel_has_sql_files_and_types(tmp_path: Path) -> None:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed here")
    wheel = next(builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT) for path in (ROOT / "gateway").rglob("*") if path.suffix in (".py", ".sql", ".control")
    }
    assert {str(path) for path in sources} <= names
    assert {f"gateway/_files/{p.relative_to(ROOT)}" for p in (ROOT / "schema").rglob("*.sql")} <= names
    assert "gateway/py.typed" in names

"""The fixed catalog queries, one per file."""

from __future__ import annotations

from importlib import resources


def statement(name: str) -> str:
    """The text of ``<name>.sql``."""
    return resources.files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def statement_names() -> list[str]:
    """All names that `statement` knows."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".sql") for name in files if name.endswith(".sql"))

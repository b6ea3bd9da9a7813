"""The tables of cases in `cases/`: a database, a set of files, and exactly what a lint says about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gateway.policies.lints import LINTS, lints
from gateway.policies.problems import Severity
from tests.policies.files.sets import read
from tests.policies.lints.conftest import Documents, Lab, files, said


class Case(NamedTuple):
    """`expect` are the messages of the lint `code`. `set` is None to look at the database alone."""

    code: str
    name: str
    sql: str
    set: Documents | None
    expect: list[str]
    offline: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"


def _cases() -> list[Case]:
    found = [
        yaml.safe_load(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    ]
    return [_case(document, entry) for document in found for entry in document["cases"]]


def _case(document: dict[str, Any], entry: dict[str, Any]) -> Case:
    known = {"name", "sql", "set", "rows", "grants", "expect", "offline", "database"}
    assert set(entry) <= known, f"{entry['name']}: {set(entry) - known}"
    sql = f"{document.get('sql', '')};{entry.get('sql', '')}"
    documents = entry.get("set", {})
    if "rows" in entry or "grants" in entry:
        table = dict(document["table"])
        table |= {key: entry[key] for key in ("rows", "grants") if key in entry}
        documents = {"t": table, **documents}
    elif "set" not in entry and "table" in document:
        documents = {"t": document["table"]}
    alone = entry.get("database", False)
    return Case(
        document["lint"], entry["name"], sql, None if alone else documents, entry["expect"], entry.get("offline", False)
    )


CASES = _cases()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_cases(lab: Lab, case: Case) -> None:
    async with lab.having(case.sql):
        problems = await lab.lint_database() if case.set is None else await lab.lint(case.set)
    assert said(problems, case.code) == case.expect


@pytest.mark.parametrize("case", [case for case in CASES if case.offline], ids=str)
def test_cases_that_need_no_database(case: Case) -> None:
    assert case.set is not None
    assert said(lints(read(files(case.set)), None), case.code) == case.expect


@pytest.mark.parametrize("lint", LINTS, ids=lambda lint: lint.code)
def test_every_lint_has_cases_for_and_against(lint: Any) -> None:
    own = [case for case in CASES if case.code == lint.code]
    assert sum(bool(case.expect) for case in own) >= 2, "too few findings"
    assert sum(not case.expect for case in own) >= 2, "too few cases without a finding"
    assert lint.needs_database or any(case.offline and case.expect for case in own)


def test_codes_are_in_order_and_texts_are_whole() -> None:
    codes = [lint.code for lint in LINTS]
    assert codes == [f"L{number:03}" for number in range(1, len(codes) + 1)]
    for lint in LINTS:
        assert lint.severity in Severity
        assert 1 <= lint.why.count(". ") + 1 <= 4, lint.code
        assert lint.why.endswith("."), lint.code
        assert not lint.title.endswith("."), lint.code
        assert lint.fix, lint.code

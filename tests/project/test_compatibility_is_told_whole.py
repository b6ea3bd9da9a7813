"""The measured parts of docs/compatibility.md: every failing case is named with its reason, and no other."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("spec suite", "client suites")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compatibility", ROOT / "scripts" / "compatibility.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["compatibility"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


script = _load()
PAGE = script.PAGE.read_text("utf-8")
NOTES = tomllib.loads(script.NOTES.read_text("utf-8"))
NOTE = {
    "feature": [{"name": "Rows", "specs": ["RowSpec"], "verdict": "equal"}],
    "failure": [{"spec": "RowSpec", "lines": [7], "asks": "a|b", "why": "because"}],
}


def case(line: int, *, passed: bool = True, spec: str = "RowSpec", methods: str = "GET") -> Any:
    return script.Case(spec, line, "default", frozenset(methods.split()), passed)


def test_cases_are_counted_by_feature_method_and_configuration() -> None:
    text = script.conformance_part([case(1), case(2, methods="GET POST"), case(7, passed=False)], NOTE)
    for line in ("**2 of 3 cases pass.**", "| Rows | 2 of 3 | equal |", "| GET | 2 of 3 |", "| POST | 1 of 1 |"):
        assert line in text.splitlines()
    assert "| RowSpec, line 7 | a\\|b | because |" in text.splitlines()
    assert "PATCH" not in text


@pytest.mark.parametrize(
    ("cases", "complaint"),
    [
        ([case(7)], "nothing fails: case ('RowSpec', 7)"),
        ([case(7, passed=False), case(8, passed=False)], "no reason for case ('RowSpec', 8)"),
        ([case(7, passed=False), case(1, spec="NewSpec")], "no feature names these specs: NewSpec"),
    ],
)
def test_failures_and_reasons_must_match(cases: list[Any], complaint: str) -> None:
    with pytest.raises(script.Unexplained) as refused:
        script.conformance_part(cases, NOTE)
    assert complaint in str(refused.value)


def test_a_failure_of_the_server_alone_may_be_absent() -> None:
    absent = NOTE | {"failure": [NOTE["failure"][0] | {"without": "an extension"}]}
    assert "because" not in script.conformance_part([case(7)], absent)
    assert "because" in script.conformance_part([case(7, passed=False)], absent)


def test_cases_without_a_server_are_no_result(tmp_path: Path) -> None:
    (tmp_path / "result").write_text(json.dumps({"not_run": 3, "cases": []}))
    with pytest.raises(script.Unexplained, match="3 cases did not run"):
        script.read_cases(tmp_path / "result", tmp_path / "result")


def test_suites_are_read_and_failures_need_reasons(tmp_path: Path) -> None:
    results = [{"fullName": "reads", "status": "passed"}, {"fullName": "counts", "status": "failed"}]
    results.append({"fullName": "later", "status": "pending"})
    files = [{"name": "/x/basic.test.ts", "assertionResults": results}]
    (tmp_path / "jest").write_text(json.dumps({"numRuntimeErrorTestSuites": 0, "testResults": files}))
    (tmp_path / "junit").write_text(
        '<testsuites><testsuite><testcase classname="tests.test_a.TestA" name="one"/>'
        '<testcase classname="tests.test_b" name="two"><error/></testcase>'
        '<testcase classname="tests.test_b" name="three"><skipped/></testcase></testsuite></testsuites>'
    )
    suites = {"js": script.read_jest(tmp_path / "jest"), "py": script.read_junit(tmp_path / "junit")}
    notes: dict[str, Any] = {
        "suite": {
            "js": {"name": "JS", "setup": "here", "failure": [{"tests": ["counts"], "why": "because"}]},
            "py": {"name": "Py", "setup": "there", "offline": ["test_b"], "failure": [{"tests": ["two"], "why": "so"}]},
        }
    }
    text = script.suites_part(suites, notes).splitlines()
    assert "| JS | 1 of 2 | 1 of 2 | here |" in text
    assert "| Py | 1 of 2 | 1 of 1 | there |" in text
    assert "| JS | “counts” | because |" in text
    del notes["suite"]["py"]["failure"]
    with pytest.raises(script.Unexplained, match="no reason for test of py two"):
        script.suites_part(suites, notes)


@pytest.mark.parametrize("part", PARTS)
def test_the_page_has_every_part_and_putting_it_again_changes_nothing(part: str) -> None:
    text = PAGE.partition(f"<!-- measured: {part} -->")[2].partition(f"<!-- end of {part} -->")[0].strip()
    assert "| of |" not in text
    assert " of " in text, "never measured"
    assert script.put(PAGE, part, text) == PAGE


def test_the_page_says_what_the_notes_say() -> None:
    for feature in NOTES["feature"]:
        assert f"| {feature['name']} |" in PAGE
        assert f"| {feature['verdict']} |" in PAGE
    for reason in [one for suite in NOTES["suite"].values() for one in suite.get("failure", ())]:
        assert reason["why"] in PAGE
    for reason in NOTES["failure"]:
        assert "without" in reason or reason["why"] in PAGE

"""Write the measured parts of docs/compatibility.md from the results of runs.

    compatibility.py --conformance RESULT --cases CASES
    compatibility.py --jest postgrest-js=RESULT --junit postgrest-py=RESULT ...

RESULT and CASES are files: the report of the runner of PostgREST's spec suite and the cases it ran; what jest
writes with `--json --outputFile`; what pytest writes with `--junitxml`. compatibility.toml beside this file says
what the cases are about and why a case fails. A failure without a reason is an error here, and so is a reason for
something that does not fail: the page tells what happened, all of it, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "compatibility.md"
NOTES = Path(__file__).with_suffix(".toml")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE")


class Unexplained(Exception):
    """What was measured and what the notes say of it do not match."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of PostgREST's spec suite. `spec` is the name of its file without path and ending."""

    spec: str
    line: int
    group: str
    methods: frozenset[str]
    passed: bool


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a client's suite. `file` is its name without path and endings."""

    file: str
    name: str
    passed: bool


def read_cases(result: Path, cases: Path) -> list[Case]:
    """The cases that ran. Raises Unexplained if some had no server."""
    report = json.loads(result.read_bytes())
    if report["not_run"]:
        raise Unexplained(f"{report['not_run']} cases did not run: give every group a server")
    methods = {
        case["id"]: frozenset(step["method"] for step in case["steps"]) for case in json.loads(cases.read_bytes())
    }
    return [
        Case(Path(case["file"]).stem, case["line"], case["config"], methods[case["id"]], case["ok"])
        for case in report["cases"]
    ]


def read_jest(path: Path) -> list[Test]:
    """The tests that ran. Raises Unexplained if a file of tests could not be run at all."""
    report = json.loads(path.read_bytes())
    if report["numRuntimeErrorTestSuites"]:
        raise Unexplained(f"{path.name}: {report['numRuntimeErrorTestSuites']} files of tests did not run")
    return [
        Test(Path(file["name"]).name.partition(".")[0], test["fullName"], test["status"] == "passed")
        for file in report["testResults"]
        for test in file["assertionResults"]
        if test["status"] in {"passed", "failed"}
    ]


def read_junit(path: Path) -> list[Test]:
    """The tests that ran."""
    # The file is a test runner's own output, not somebody's input.
    cases = ET.parse(path).getroot().iter("testcase")  # noqa: S314
    return [
        Test(_module(case.attrib["classname"]), case.attrib["name"], not {"failure", "error"} & _tags(case))
        for case in cases
        if "skipped" not in _tags(case)
    ]


def conformance_part(cases: Sequence[Case], notes: dict[str, Any]) -> str:
    """Markdown: how many cases pass by feature, method and configuration; every failing case and its reason."""
    feature_of = {spec: feature["name"] for feature in notes["feature"] for spec in feature["specs"]}
    unknown = {case.spec for case in cases} - feature_of.keys()
    if unknown:
        raise Unexplained(f"no feature names these specs: {', '.join(sorted(unknown))}")
    failures = notes.get("failure", ())
    reasons = {(failure["spec"], line): failure for failure in failures for line in failure["lines"]}
    failing = {(case.spec, case.line) for case in cases if not case.passed}
    _explained("case", failing, reasons, {case for case, failure in reasons.items() if "without" in failure})
    features = _counts(cases, feature_of.values(), lambda case: [feature_of[case.spec]])
    verdicts = {feature["name"]: feature["verdict"] for feature in notes["feature"]}
    return "\n\n".join(
        (
            f"**{_share(case.passed for case in cases)} cases pass.**",
            _table(("feature", "passed", "beside PostgREST"), [(*row, verdicts[row[0]]) for row in features]),
            _table(("method", "passed"), _counts(cases, METHODS, lambda case: case.methods)),
            _table(("configuration", "passed"), _counts(cases, _by_size(cases), lambda case: [f"`{case.group}`"])),
            *_failing_cases([failure for failure in failures if _places(failure) & failing]),
        )
    )


def suites_part(suites: Mapping[str, Sequence[Test]], notes: dict[str, Any]) -> str:
    """Markdown: how many tests of the clients' own suites pass, and every failing test with its reason."""
    rows: list[tuple[str, ...]] = []
    failures: list[tuple[str, ...]] = []
    for key, tests in suites.items():
        suite = notes["suite"].get(key)
        if suite is None:
            raise Unexplained(f"the notes know no suite {key!r}")
        reasons = {name: reason for reason in suite.get("failure", ()) for name in reason["tests"]}
        _explained(f"test of {key}", {test.name for test in tests if not test.passed}, reasons)
        served = [test.passed for test in tests if test.file not in suite.get("offline", ())]
        rows.append((suite["name"], _share(test.passed for test in tests), _share(served), suite["setup"]))
        for reason in suite.get("failure", ()):
            failures += [(suite["name"], "; ".join(f"“{name}”" for name in reason["tests"]), reason["why"])]
    parts = [_table(("suite", "passed", "of those that ask the server", "run with"), rows)]
    if failures:
        parts += ["The tests that fail, and why:", _table(("suite", "tests", "reason"), failures)]
    return "\n\n".join(parts)


def put(page: str, part: str, text: str) -> str:
    """`page` with `text` between the two markers of `part`. Raises ValueError when they are missing."""
    begin, end = f"<!-- measured: {part} -->", f"<!-- end of {part} -->"
    start = page.index(begin) + len(begin)
    return f"{page[:start]}\n\n{text}\n\n{page[page.index(end, start) :]}"


def _explained(
    kind: str, failing: Iterable[object], reasons: Iterable[object], may_pass: Iterable[object] = ()
) -> None:
    failing, reasons = set(failing), set(reasons)
    if unexplained := failing - reasons:
        raise Unexplained(f"no reason for {kind} {_and(sorted(map(str, unexplained)))}")
    if unneeded := reasons - failing - set(may_pass):
        raise Unexplained(f"a reason is given, but nothing fails: {kind} {_and(sorted(map(str, unneeded)))}")


def _counts(cases: Sequence[Case], names: Iterable[str], of: Callable[[Case], Iterable[str]]) -> list[tuple[str, str]]:
    found = {name: [case.passed for case in cases if name in of(case)] for name in names}
    return [(name, _share(passed)) for name, passed in found.items() if passed]


def _by_size(cases: Iterable[Case]) -> list[str]:
    counted = Counter(case.group for case in cases)
    return [f"`{name}`" for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]


def _places(failure: dict[str, Any]) -> set[tuple[str, int]]:
    return {(failure["spec"], line) for line in failure["lines"]}


def _failing_cases(failures: Sequence[dict[str, Any]]) -> list[str]:
    rows = [(f"{one['spec']}, line {_and(one['lines'])}", one["asks"], one["why"]) for one in failures]
    return ["The cases that fail, and why:", _table(("case", "what it asks", "reason"), rows)] if rows else []


def _share(passed: Iterable[bool]) -> str:
    outcomes = list(passed)
    return f"{sum(outcomes)} of {len(outcomes)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- |", "|---|").replace(" --- |", "---|")


def _and(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))


def _tags(case: ET.Element) -> set[str]:
    return {child.tag for child in case}


def _module(classname: str) -> str:
    return next(part for part in classname.split(".") if part.startswith("test_"))


def _named(argument: str) -> tuple[str, Path]:
    key, equals, path = argument.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{argument!r}: expected SUITE=FILE")
    return key, Path(path)


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--conformance", type=Path, metavar="RESULT", help="the report of the spec suite's runner")
    parser.add_argument("--cases", type=Path, metavar="CASES", help="the cases it ran")
    parser.add_argument("--jest", type=_named, action="append", default=[], metavar="SUITE=RESULT")
    parser.add_argument("--junit", type=_named, action="append", default=[], metavar="SUITE=RESULT")
    given = parser.parse_args()
    if (given.conformance is None) != (given.cases is None):
        parser.error("--conformance and --cases go together")
    notes = tomllib.loads(NOTES.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    try:
        if given.conformance:
            page = put(page, "spec suite", conformance_part(read_cases(given.conformance, given.cases), notes))
        if given.jest or given.junit:
            suites = {key: read_jest(path) for key, path in given.jest}
            suites |= {key: read_junit(path) for key, path in given.junit}
            page = put(page, "client suites", suites_part(suites, notes))
    except Unexplained as error:
        sys.exit(f"compatibility.py: {error}")
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()

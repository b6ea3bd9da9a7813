"""Results as JUnit XML, which CI systems show. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from gateway.policies.testing.results import Result, Verdict

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[Result], seconds: float) -> bytes:
    """One test suite; each probe is a test case of its file. A broken test counts as an error, not as a failure."""
    suite = ET.Element(
        "testsuite",
        {
            "name": "passerelle policies",
            "tests": str(len(results)),
            "failures": str(sum(result.verdict is Verdict.FAILED for result in results)),
            "errors": str(sum(result.verdict is Verdict.BROKEN for result in results)),
            "time": f"{seconds:.3f}",
        },
    )
    for result in sorted(results, key=lambda result: result.probe.place):
        place = result.probe.place
        names = {"classname": place.file, "name": result.probe.name, "file": place.file, "line": str(place.line)}
        case = ET.SubElement(suite, "testcase", {name: _clean(text) for name, text in names.items()})
        if not result.passed:
            kind = "failure" if result.verdict is Verdict.FAILED else "error"
            ET.SubElement(case, kind, {"message": _clean(result.message)}).text = _clean(str(result))
    return ET.tostring(suite, encoding="utf-8", xml_declaration=True)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)

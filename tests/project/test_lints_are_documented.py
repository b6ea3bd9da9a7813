"""docs/policy-lints.md has every lint and every code, as the code has them."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.policies.codes import PROBLEMS
from gateway.policies.lints import LINTS
from gateway.policies.lints.document import lints_page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "policy-lints.md"


def test_the_page_is_current() -> None:
    """`make docs` writes it."""
    assert PAGE.read_text("utf-8") == lints_page()


def test_every_code_that_is_used_is_explained() -> None:
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "gateway" / "policies").rglob("*.py"))
    used = set(re.findall(r"\"([PL][0-9]{3})\"", sources))
    assert len(used) > 60, "this test reads nothing"
    assert used == set(PROBLEMS) | {lint.code for lint in LINTS} | {"L000"}
    for code in used:
        assert re.search(rf"^(\| {code} \||## {code}$)", PAGE.read_text("utf-8"), re.MULTILINE), code


def test_links_in_the_page_lead_somewhere() -> None:
    page = PAGE.read_text("utf-8")
    headings = {heading.lower() for heading in re.findall(r"^## (.*)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) == headings - {"problems"}

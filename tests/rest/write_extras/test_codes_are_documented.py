"""docs/writes.md lists the codes of its errors, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.rest import own_errors

PAGE = Path(__file__).parents[3] / "docs" / "writes.md"


def test_codes() -> None:
    raised = re.findall(r'"(PGRSTX\d\d)"', Path(own_errors.__file__).read_text("utf-8"))
    listed = re.findall(r"^\| `(PGRSTX\d\d)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert raised == sorted(set(raised)), "each error has a code of its own"
    assert listed == raised

"""Write docs/policy-lints.md from the lints and the codes of problems."""

from __future__ import annotations

from pathlib import Path

from gateway.policies.lints.document import lints_page

PAGE = Path(__file__).parent.parent / "docs" / "policy-lints.md"

if __name__ == "__main__":
    PAGE.write_text(lints_page(), "utf-8")

"""Write policies/policy.schema.json, by which editors complete and check policy files."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.policies.files import json_schema

FILE = Path(__file__).parent.parent / "policies" / "policy.schema.json"


def text() -> str:
    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")

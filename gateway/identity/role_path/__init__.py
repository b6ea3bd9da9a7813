"""Where a token keeps its role: the `jwt-role-claim-key` setting, compiled once.

Two syntaxes, told apart by the first character as PostgREST does: RFC 9535 JSONPath starting with `$`
(`rfc9535.py` lists the supported part), and PostgREST's older DSL starting with `.` (`legacy.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.identity.role_path.legacy import LegacyPath
from gateway.identity.role_path.rfc9535 import JsonPath
from gateway.identity.role_path.scanner import RolePathError
from gateway.identity.role_path.steps import MISSING, Step, walk

__all__ = ["MISSING", "RolePath", "RolePathError", "parse_role_path"]


@dataclass(frozen=True, slots=True)
class RolePath:
    """A compiled path. `deprecated` is true for the older DSL, so that starting up can say so."""

    text: str
    steps: tuple[Step, ...]
    deprecated: bool = False

    def first(self, document: Any) -> Any:
        """The first value the path selects, or `MISSING`."""
        return walk(self.steps, document)


def parse_role_path(text: str) -> RolePath:
    """Raises `RolePathError`, which shows where the text stops being a path."""
    if text.startswith("$"):
        return RolePath(text, JsonPath(text).path())
    return RolePath(text, LegacyPath(text).path(), deprecated=True)

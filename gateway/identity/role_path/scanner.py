"""A cursor over the text of a path."""

from __future__ import annotations

import re
from typing import Final, NoReturn

SPACE: Final = re.compile(r"[ \t\r\n]*")


class RolePathError(ValueError):
    """The setting is not a path; the message shows where it stops being one."""


class Scanner:
    """`match` and `skip` consume what they find; `take` also says what it missed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at: int = 0

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def skip(self, literal: str) -> bool:
        if self.text.startswith(literal, self.at):
            self.at += len(literal)
            return True
        return False

    def take(self, literal: str) -> None:
        if not self.skip(literal):
            self.fail(f"expected {literal!r}")

    def fail(self, problem: str) -> NoReturn:
        raise RolePathError(f"failed to parse the role claim key {self.text!r} at position {self.at + 1}: {problem}")

"""PostgREST's older path DSL: `.a."b c"[0]`, ending in at most one filter of strings.

A filter is `[?(@ == "x")]` with `==`, `!=`, `^==` (begins with), `==^` (ends with) or `*==` (contains).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from gateway.identity.role_path.scanner import SPACE, Scanner
from gateway.identity.role_path.steps import Step, element, member

_KEY: Final = re.compile(r"(?:[^\W_]|[_$@])+")
_INDEX: Final = re.compile(r"[0-9]+")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "==^": str.endswith,
    "==": str.__eq__,
    "!=": str.__ne__,
    "^==": str.startswith,
    "*==": str.__contains__,
}


class LegacyPath(Scanner):
    def path(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while self.at < len(self.text):
            if self.skip("."):
                steps.append(member(self.key()))
            elif self.skip("[?("):
                steps.append(self.filter())
                break
            elif self.skip("["):
                index = self.match(_INDEX)
                if index is None:
                    self.fail("expected an index")
                self.take("]")
                steps.append(element(int(index.group())))
            else:
                self.fail("expected '.', '[' or the end")
        if not steps or self.at != len(self.text):
            self.fail("a filter must come last" if steps else "expected '.' or '['")
        return tuple(steps)

    def key(self) -> str:
        quoted = self.match(_QUOTED)
        if quoted:
            return quoted.group(1)
        plain = self.match(_KEY)
        if plain is None:
            self.fail("expected a key")
        return plain.group()

    def filter(self) -> Step:
        self.take("@")
        self.match(SPACE)
        test = next((test for operator, test in _TESTS.items() if self.skip(operator)), None)
        if test is None:
            self.fail("expected ==, !=, ^==, ==^ or *==")
        self.match(SPACE)
        quoted = self.match(_QUOTED)
        if quoted is None:
            self.fail("expected a quoted string")
        wanted = quoted.group(1)
        self.take(")]")

        def reach(value: Any) -> Iterable[Any]:
            items = cast("list[Any]", value) if isinstance(value, list) else []
            return [item for item in items if isinstance(item, str) and test(item, wanted)]

        return Step(reach)

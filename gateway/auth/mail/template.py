"""Templates with plain variables: ``{{ .ConfirmationURL }}``, ``{{ .Data.name }}``. Pure.

The spelling is Go's, so that templates of a Supabase project can be taken over; conditions, loops and functions are
not. A template that has some is refused when it is read, not when a mail is to be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from gateway.auth.mail.variables import NAMES

_OPEN: Final = re.compile(r"\{\{")
_VARIABLE: Final = re.compile(r"\{\{\s*\.([A-Za-z]+)(\.[A-Za-z_][A-Za-z0-9_]{0,62})?\s*\}\}")


class TemplateError(ValueError):
    """A template cannot be used; the text names file and line."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}, line {line}: {problem}")


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and the names of variables, in turn: it begins and ends with a text, which may be empty."""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def render(self, value: Callable[[str], str]) -> str:
        """The text, with `value` of each name."""
        filled = (f"{value(name)}{text}" for name, text in zip(self.names, self.texts[1:], strict=True))
        return self.texts[0] + "".join(filled)


def parse_template(text: str, *, file: str, line: int = 1, names: Collection[str] = NAMES) -> Template:
    """The template that `text` is, which begins at `line` of `file`. Raises TemplateError."""
    texts: list[str] = []
    variables: list[str] = []
    done = 0
    while (opening := _OPEN.search(text, done)) is not None:
        here = line + text.count("\n", 0, opening.start())
        found = _VARIABLE.match(text, opening.start())
        if found is None:
            raise TemplateError(
                file, here, "only plain variables may be in double braces, such as {{ .ConfirmationURL }}"
            )
        name, member = found.group(1), found.group(2) or ""
        if name not in names or (member and name != "Data"):
            known = ", ".join(f".{each}" for each in names)
            raise TemplateError(file, here, f"there is no variable .{name}{member}; known are {known}")
        texts.append(text[done : opening.start()])
        variables.append(name + member)
        done = found.end()
    return Template((*texts, text[done:]), tuple(variables))

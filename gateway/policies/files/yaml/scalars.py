"""Where each character of a scalar's value stands in its file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.policies.files.yaml.tree import Scalar

Run = tuple[int, int]
"""An offset in a value, and the one in the file from which on characters correspond one to one, up to the next run."""

_LINE_END: Final = r"(?:\r\n|\r|\n)"
# Blanks before the end of a line are dropped with it and with those that begin the next one; others are text, and are
# consumed whole so that no blank is looked at twice.
_FOLD: Final = rf"(?P<fold>[ \t]*{_LINE_END}[ \t\r\n]*)|[ \t]+"
_ESCAPE: Final = rf"\\(?:(?P<joined>{_LINE_END}[ \t\r\n]*)|x..|u.{{4}}|U.{{8}}|.)"
_PATTERNS: Final = {
    "": re.compile(_FOLD),
    "'": re.compile(rf"''|{_FOLD}"),
    '"': re.compile(rf"{_ESCAPE}|{_FOLD}"),
}
_BREAK: Final = re.compile(_LINE_END)
_LINE: Final = re.compile(rf"(?P<text>[^\r\n]*)(?:{_LINE_END}|\Z)")


def runs(text: str, scalar: Scalar) -> tuple[Run, ...]:
    """How the value of `scalar`, read from `text`, maps back to it: runs in order, the first at 0."""
    return tuple(_block(text, scalar) if scalar.style in ("|", ">") else _flow(text, scalar))


def _flow(text: str, scalar: Scalar) -> Iterator[Run]:
    """Plain and quoted scalars: line ends fold into a space, or into one less where there are several; two quotes and
    escapes are one character."""
    quotes = len(scalar.style)
    offset, at = 0, scalar.start + quotes
    yield offset, at
    for match in _PATTERNS[scalar.style].finditer(text, at, scalar.end - quotes):
        length = _length(match)
        if length != len(match.group()):
            offset, at = offset + match.start() - at + length, match.end()
            yield offset, at


def _length(match: re.Match[str]) -> int:
    """How many characters of the value a match stands for."""
    groups = match.groupdict()
    if groups.get("joined"):
        return len(_BREAK.findall(match.group())) - 1
    if groups["fold"]:
        return max(1, len(_BREAK.findall(match.group())) - 1)
    return len(match.group()) if match.group()[0] in " \t" else 1


def _block(text: str, scalar: Scalar) -> Iterator[Run]:
    """Literal and folded scalars: each line stands in the value as it is, without the indentation; between two of
    them are line ends, or one space."""
    yield 0, scalar.start
    value = scalar.value
    lines = list(_LINE.finditer(text, scalar.start, scalar.end))[1:]
    indentation = _indentation(lines, value)
    if indentation is None:
        return
    offset = 0
    for line in lines:
        content = line["text"][indentation:]
        if not content:
            continue
        if content[0] not in " \t" and value[offset : offset + 1] == " ":
            offset += 1
        while value[offset : offset + 1] == "\n":
            offset += 1
        yield offset, line.start() + indentation
        offset += len(content)


def _indentation(lines: list[re.Match[str]], value: str) -> int | None:
    """What a value lacks of the blanks before its first text; None if it has none."""
    written = next((line["text"] for line in lines if line["text"].strip(" ")), None)
    read = next((line for line in value.split("\n") if line.strip(" ")), None)
    return None if written is None or read is None else _blanks(written) - _blanks(read)


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))

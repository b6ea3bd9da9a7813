"""A file's text, and where in it things stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.problems import Place, PolicyError, Problem, error

LARGEST: Final = 1024 * 1024
"""Bytes of a file."""

FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Control characters; line ends that YAML 1.1 knows and editors do not; marks that turn the direction of text, so that
it looks other than it reads (CVE-2021-42574)."""

_BYTE_ORDER_MARK: Final = "\ufeff"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_OTHER_MARKS: Final = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


@dataclass(frozen=True, slots=True)
class Source:
    """`text` is without a byte order mark. Offsets count its characters; `lines` are those where lines begin."""

    file: str
    text: str
    lines: tuple[int, ...]

    def place(self, offset: int) -> Place:
        """The position of the character at `offset`."""
        line = bisect_right(self.lines, offset)
        return Place(self.file, line, offset - self.lines[line - 1] + 1)


def source(file: str, text: str) -> Source:
    text = text.removeprefix(_BYTE_ORDER_MARK)
    return Source(file, text, (0, *(match.end() for match in _LINE_END.finditer(text))))


def decoded(file: str, data: bytes) -> Source:
    """The text of a file's bytes. Raises PolicyError if it is too large, not UTF-8, or has forbidden characters."""
    if len(data) > LARGEST:
        raise PolicyError([too_large(file)])
    try:
        text = data.decode()
    except UnicodeDecodeError as fault:
        raise PolicyError([_not_utf8(file, data, fault.start)]) from None
    found = source(file, text)
    forbidden = FORBIDDEN.search(found.text)
    if forbidden:
        raise PolicyError([_forbidden(found, forbidden)])
    return found


def too_large(file: str) -> Problem:
    return error(
        Code.TOO_LARGE, f"the file is larger than {LARGEST} bytes", Place(file), fix="split it, one table per file"
    )


def _not_utf8(file: str, data: bytes, start: int) -> Problem:
    for mark, encoding in _OTHER_MARKS:
        if data.startswith(mark):
            return error(Code.NOT_UTF8, f"the file is {encoding}", Place(file), fix="save it as UTF-8")
    before = source(file, data[:start].decode())
    return error(
        Code.NOT_UTF8,
        f"0x{data[start]:02X}, byte {start + 1} of the file, is not UTF-8",
        before.place(len(before.text)),
        fix="save the file as UTF-8",
    )


def _forbidden(found: Source, match: re.Match[str]) -> Problem:
    character = f"U+{ord(match.group()):04X}"
    return error(
        Code.CONTROL_CHARACTER,
        f"the character {character} cannot be seen, or makes text look other than it reads",
        found.place(match.start()),
        fix=f'remove it, or write it as "\\u{ord(match.group()):04x}" in double quotes',
    )

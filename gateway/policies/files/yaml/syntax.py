"""What PyYAML says about text that is no YAML, said so that it can be repaired."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import yaml

from gateway.policies.files.codes import Code
from gateway.policies.files.yaml.source import Source
from gateway.policies.problems import Problem, error

_QUOTES: Final = "put text with special characters in quotes, or on lines of its own after `|`"
_INDENTATION: Final = "check the indentation of this line and the one before"
_COLON: Final = f"{_INDENTATION}; text with `: ` in it needs quotes, or `|` and lines of its own"
_INSIDE: Final = "inside of [ ] and { }, text with , [ ] { } needs quotes"
_ESCAPES: Final = r"in double quotes a backslash is written \\; single quotes know no escapes"


class _Wording(NamedTuple):
    """For an error whose text contains `says`. `begun`: the place is where the faulty thing begins."""

    says: str
    message: str
    fix: str
    begun: bool = False


_WORDINGS: Final = (
    _Wording("mapping values are not allowed", "`key: value` cannot stand here", _COLON),
    _Wording("cannot start any token", "text cannot begin with this character", _QUOTES),
    _Wording("found unexpected end of stream", "this quote is never closed", "close it", begun=True),
    _Wording("found unexpected document", "this quote is not closed before the next document", "close it", begun=True),
    _Wording("expected ',' or ']'", "this list has no comma or `]` where one is expected", _INSIDE, begun=True),
    _Wording("expected ',' or '}'", "this mapping has no comma or `}` where one is expected", _INSIDE, begun=True),
    _Wording("could not find expected ':'", "no `:` follows this key", _INDENTATION, begun=True),
    _Wording("expected key", "`key: value` is expected here", f"{_INDENTATION}; nothing follows a closing quote"),
    _Wording("expected <block end>", "nothing can stand here", f"{_INDENTATION}; nothing follows a closing quote"),
    _Wording("expected '-' indicator", "`- ` is expected here, as the list began with it", _INDENTATION),
    _Wording("block sequence entries are not allowed", "a list item cannot stand here", _INDENTATION),
    _Wording("unknown escape character", "this escape is unknown", _ESCAPES),
    _Wording("Unicode character escape", "this escape stands for no character", _ESCAPES),
    _Wording("hexdecimal", "this escape lacks digits", _ESCAPES),
    _Wording("hexadecimal", "this escape lacks digits", _ESCAPES),
)
_INDENT: Final = re.compile(r"[ \t]*")


def syntax_problem(source: Source, fault: yaml.YAMLError) -> Problem:
    """The error of the parser, in clear words and with its place."""
    said = f"{getattr(fault, 'problem', None) or fault}"
    at = _offset(source, getattr(fault, "problem_mark", None), len(source.text))
    tab = _tab(source, at) if "flow" not in f"{getattr(fault, 'context', '')}" else None
    if tab is not None:
        return error(Code.TAB, "a tab stands where YAML wants spaces", source.place(tab), fix="indent with spaces")
    for wording in _WORDINGS:
        if wording.says in said:
            start = _offset(source, getattr(fault, "context_mark", None), at) if wording.begun else at
            return error(Code.SYNTAX, wording.message, source.place(start), fix=wording.fix)
    return error(Code.SYNTAX, f"this is not YAML: {said}", source.place(at), fix=_QUOTES)


def _offset(source: Source, mark: Any, default: int) -> int:
    return default if mark is None else min(int(mark.index), len(source.text))


def _tab(source: Source, at: int) -> int | None:
    """The first tab in the indentation of the line of offset `at`."""
    begin = source.lines[source.place(at).line - 1]
    indent = _INDENT.match(source.text, begin)
    assert indent is not None  # the pattern matches the empty text
    tab = indent.group().find("\t")
    return None if tab < 0 else begin + tab

"""Which plain scalars are no text: the core schema of YAML 1.2 (section 10.3). `no`, `on`, `off` and `yes` are text."""

from __future__ import annotations

import re
from typing import Final

from gateway.policies.files.yaml.tree import Kind

_NO_TEXT: Final = re.compile(
    r"""
      (?P<null>null|Null|NULL|~|)
    | (?P<boolean>true|True|TRUE|false|False|FALSE)
    | (?P<integer>[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)
    | (?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))
    """,
    re.VERBOSE,
)
_FIRST: Final = frozenset("nN~tTfF+-.0123456789")


def kind_of(plain: str) -> Kind:
    """What a plain scalar is."""
    if plain and plain[0] not in _FIRST:
        return "text"
    match = _NO_TEXT.fullmatch(plain)
    return match.lastgroup if match else "text"  # pyright: ignore[reportReturnType] - the groups are named so


def integer(value: str) -> int:
    """The value of a scalar of kind integer. Raises ValueError for one with thousands of digits."""
    return int(value, 8 if value.startswith("0o") else 16 if value.startswith("0x") else 10)

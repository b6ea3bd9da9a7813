"""Frontend messages of the PostgreSQL protocol (version 3.0), as bytes.

Several statements travel in one round trip when their messages go out before one Sync (PostgreSQL documentation,
"Pipelining"). If one of them fails, the server skips all that follow, up to that Sync: a statement never runs after
the statement that should have prepared its session has failed. Values are bind parameters in text format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

_INT32 = struct.Struct("!i")
_INT16 = struct.Struct("!h")

EXECUTE = b"E" + _INT32.pack(9) + b"\0" + _INT32.pack(0)
"""Run the unnamed portal to its end."""


def parse(name: str, sql: str) -> bytes:
    """Prepare `sql` under `name` ("" is the unnamed statement); the server infers the parameter types."""
    return _message(b"P", name.encode() + b"\0" + sql.encode() + b"\0" + _INT16.pack(0))


def close(name: str) -> bytes:
    """Forget the statement `name`; not an error if there is none."""
    return _message(b"C", b"S" + name.encode() + b"\0")


def bind(name: str, values: Sequence[str]) -> bytes:
    """Bind `values` to the statement `name`, making the unnamed portal. Results come as text."""
    parts = [b"\0", name.encode(), b"\0\0\0", _INT16.pack(len(values))]
    for value in values:
        encoded = value.encode()
        parts.append(_INT32.pack(len(encoded)))
        parts.append(encoded)
    parts.append(b"\0\0")
    return _message(b"B", b"".join(parts))


def script(statements: Iterable[str]) -> bytes:
    """Run statements without parameters one after the other. They must not return rows."""
    return b"".join(parse("", sql) + bind("", ()) + EXECUTE for sql in statements)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _INT32.pack(len(body) + 4) + body

"""The one place where a name becomes SQL text. Values never do: they are bind parameters."""

from __future__ import annotations

from gateway.database.errors import DatabaseError


def quote_identifier(name: str) -> str:
    """`name` as a quoted SQL identifier.

    Raises DatabaseError (400, 22021) for what PostgreSQL cannot take in a name: NUL, or text that is not UTF-8.
    """
    if "\0" in name:
        raise _unencodable("0x00")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise _unencodable(f"0x{ord(name[error.start]) & 0xFF:02x}") from None
    return '"' + name.replace('"', '""') + '"'


def _unencodable(byte: str) -> DatabaseError:
    return DatabaseError(400, "22021", f'invalid byte sequence for encoding "UTF8": {byte}')

"""What a room says to the database, and what comes back. Values only; sockets are in the files beside this one."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.identity import Identity


class Access(enum.Enum):
    """How a statement may run.

    VOUCHED: a read that reaches only built-in or analysed code; one autocommitted prepared statement on a
    connection that already carries the identity. TRANSACTION: everything else; its own transaction, settings LOCAL,
    and the connection is scrubbed before it serves another request.
    """

    VOUCHED = "vouched"
    TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity a statement runs as, with what else the session must carry for it.

    `search_path` is the SQL text of the setting (quoted identifiers, comma separated). `role_settings` are the
    role's own `ALTER ROLE … SET` values, applied before the role switch. `settings` are further settings, applied
    after it (`app.settings.*`, `timezone`). Equal callers may share a connection without anything being re-sent.
    """

    identity: Identity
    search_path: str
    role_settings: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SQL may ask about the HTTP request (`request.method`, `request.path`, `request.headers`,
    `request.cookies`). `headers` and `cookies` are JSON texts; names are lower case and `headers` has no cookie."""

    method: str
    path: str
    headers: str
    cookies: str


@dataclass(frozen=True, slots=True)
class TransactionMode:
    """How a transaction is opened. `hoisted` are function settings that must hold from the outside (PostgREST
    `db-hoisted-tx-settings`); `pre_request` is the quoted name of a function to call first, or None."""

    read_only: bool
    isolation: str | None = None
    hoisted: tuple[tuple[str, str], ...] = ()
    pre_request: str | None = None

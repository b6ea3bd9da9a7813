"""What a session must be told before a caller's statement: settings, in PostgREST's order. Pure.

Role settings come before the role switch, because a role's privileged settings are granted to the login role and
not to the role itself; everything else comes after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.database.errors import DatabaseError
from gateway.database.model import Caller, Envelope, TransactionMode
from gateway.database.quoting import quote_identifier
from gateway.identity import Identity

Pair = tuple[str, str]

CLAIMS = "request.jwt.claims"
# Settings that a role's ALTER ROLE … SET must not change here: the first two carry the identity, the next would
# make the two sides misread each other, the others belong to the gateway's own transactions and idle sessions.
_GOVERNED = frozenset(
    {
        "role",
        "session_authorization",
        "client_encoding",
        "default_transaction_deferrable",
        "default_transaction_isolation",
        "default_transaction_read_only",
        "idle_session_timeout",
        "transaction_deferrable",
        "transaction_isolation",
        "transaction_read_only",
    }
)
_ISOLATION = {
    "read uncommitted": "READ UNCOMMITTED",
    "read committed": "READ COMMITTED",
    "repeatable read": "REPEATABLE READ",
    "serializable": "SERIALIZABLE",
}
# PostgreSQL functions take at most 100 arguments.
_MOST_PER_STATEMENT = 90


def caller_settings(caller: Caller) -> list[Pair]:
    """Everything a session carries for `caller`."""
    identity = caller.identity
    return [
        ("search_path", caller.search_path),
        *_allowed(caller.role_settings),
        ("role", _role(identity)),
        (CLAIMS, identity.claims),
        *_allowed(caller.settings),
    ]


def changed_settings(before: Caller, after: Caller) -> list[Pair] | None:
    """What turns a session of `before` into one of `after`; None if settings must be taken away first."""
    if before.settings != after.settings:
        return None
    identity = after.identity
    claims = (CLAIMS, identity.claims)
    if before.identity.role == identity.role:
        if before.role_settings != after.role_settings:
            return None
        if before.search_path == after.search_path:
            return [claims]
    if before.role_settings or after.role_settings:
        return None
    return [("search_path", after.search_path), ("role", _role(identity)), claims]


def transaction_settings(caller: Caller, envelope: Envelope, mode: TransactionMode) -> list[Pair]:
    """Everything that holds for one transaction of `caller` (PostgREST, "Transactions")."""
    identity = caller.identity
    return [
        ("search_path", caller.search_path),
        *_allowed(caller.role_settings),
        ("role", _role(identity)),
        (CLAIMS, identity.claims),
        ("request.method", envelope.method),
        ("request.path", envelope.path),
        ("request.headers", envelope.headers),
        ("request.cookies", envelope.cookies),
        *_allowed(caller.settings),
        *_allowed(mode.hoisted),
    ]


@dataclass(frozen=True, slots=True)
class Turn:
    """One of several requests that share a transaction: what holds while its statements run."""

    caller: Caller
    envelope: Envelope
    read_only: bool


def turn_settings(turn: Turn, mode: TransactionMode, adopted: Mapping[str, str]) -> list[Pair]:
    """Everything that holds for the turn, set anew: earlier statements may have changed any of it. Values in `adopted`
    take the place of the caller's.

    The login role comes first, because the role's own settings may be privileged ones. What earlier statements said
    about their answer is taken back.
    """
    pairs = transaction_settings(turn.caller, turn.envelope, mode)
    return [
        ("role", "none"),
        *((name, adopted.get(name, value)) for name, value in pairs),
        ("response.headers", ""),
        ("response.status", ""),
    ]


def turn_commands(before: Turn | None, turn: Turn, mode: TransactionMode) -> list[str]:
    """What must run before the settings of `turn`, when the last turn was `before`.

    Within a transaction that writes, turns that only read get a read-only subtransaction: PostgreSQL lets nobody
    leave that mode from inside, and ends it with the subtransaction.
    """
    commands: list[str] = []
    was_reading = before is not None and before.read_only
    if was_reading and not turn.read_only and not mode.read_only:
        commands.append("RELEASE SAVEPOINT passerelle_reading")
    if before is not None:
        kept = {name for name, _ in turn.caller.settings}
        gone = [name for name, _ in before.caller.settings if name not in kept]
        commands += [f"RESET {quote_identifier(name)}" for name in gone if name.isalpha()]
    if turn.read_only and not was_reading and not mode.read_only:
        commands += ["SAVEPOINT passerelle_reading", "SET TRANSACTION READ ONLY"]
    return commands


def begin(mode: TransactionMode) -> str:
    """The statement that opens a transaction of this mode. Raises ValueError for an unknown isolation level."""
    access = "READ ONLY" if mode.read_only else "READ WRITE"
    if mode.isolation is None:
        return f"BEGIN ISOLATION LEVEL READ COMMITTED {access}"
    level = _ISOLATION.get(mode.isolation.lower())
    if level is None:
        raise ValueError(f"unknown isolation level: {mode.isolation!r}")
    return f"BEGIN ISOLATION LEVEL {level} {access}"


@lru_cache(maxsize=256)
def set_config_statement(count: int, *, local: bool) -> str:
    """A statement that applies `count` settings in order ($1 = $2, $3 = $4, …) and returns no row.

    All are arguments of one function call, because the terms of an AND need not all be evaluated.
    """
    scope = "true" if local else "false"
    calls = ", ".join(f"pg_catalog.set_config(${2 * i + 1}, ${2 * i + 2}, {scope})" for i in range(count))
    return f"SELECT 1 WHERE pg_catalog.num_nulls({calls}) < 0"


def in_statements(pairs: Sequence[Pair]) -> Iterable[Sequence[Pair]]:
    """`pairs` in portions that fit into one statement."""
    for start in range(0, len(pairs), _MOST_PER_STATEMENT):
        yield pairs[start : start + _MOST_PER_STATEMENT]


def _role(identity: Identity) -> str:
    if identity.role == "none":
        # No role can have this name: SET ROLE NONE means the login role, with all that it may do.
        raise DatabaseError(401, "22023", 'role "none" does not exist', headers={"WWW-Authenticate": "Bearer"})
    return identity.role


def _allowed(pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair[0].lower() not in _GOVERNED]

"""One connection and what is known about it: whose identity it carries, and which statements are prepared on it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

import asyncpg

from gateway.database import wire
from gateway.database.connection import Arguments, State, TextConnection
from gateway.database.model import Caller, Envelope, TransactionMode
from gateway.database.settings import (
    Pair,
    Turn,
    begin,
    caller_settings,
    changed_settings,
    in_statements,
    set_config_statement,
    transaction_settings,
    turn_commands,
    turn_settings,
)

SPOILED = "passerelle: this session has"
"""Begins the server's message when a scrub finds a session beyond repair (`scrub_rest.sql`)."""


_SET_ONE = "passerelle_set_1_session"

_LONGEST_REMEMBERED = 4096
"""Characters of a setting whose message may be kept for the next time."""

_LONGEST_KEPT = 16 * 1024
"""Characters of a statement that may stay prepared. Longer ones take PostgreSQL megabytes each, on every connection."""


class Session:
    """A connection in the pool.

    `carried` is the caller whose settings hold at session level, None if there are none. `dirty` says that the
    session's state is not known, because code ran that we cannot vouch for or because a change of identity failed:
    nothing may run on it before a scrub, which travels with the next statement. A scrub is a transaction of its own,
    so what it does stays done if that statement fails.

    Without `keeps_plans` nothing that PostgreSQL planned for one statement serves another: in this database plans may
    hold what one caller saw.

    `shared` sessions have a transaction pooler behind them: each transaction may meet another backend, which others
    have used. So each transaction scrubs the backend it got, and nothing is prepared by name.
    """

    __slots__ = (
        "_named",
        "_numbers",
        "_obsolete",
        "_shared",
        "_statements",
        "_statements_limit",
        "carried",
        "connection",
        "created",
        "dirty",
        "fresh",
        "generation",
        "idle_since",
        "keeps_plans",
        "scrubs",
        "switches",
        "unusable",
    )

    def __init__(
        self,
        connection: TextConnection,
        *,
        created: float,
        generation: int,
        named: bool,
        shared: bool,
        keeps_plans: bool = True,
        statements_limit: int = 128,
    ) -> None:
        self.connection = connection
        self.created = created
        self.generation = generation
        self.idle_since = created
        self.carried: Caller | None = None
        self.dirty = False
        self.fresh = True
        self.unusable = False
        self.keeps_plans = keeps_plans
        self.scrubs = 0
        self.switches = 0
        self._named = named
        self._shared = shared
        self._numbers = 0
        self._obsolete = b""
        self._statements: OrderedDict[str, State] = OrderedDict()
        self._statements_limit = statements_limit

    async def read(self, caller: Caller, sql: str, arguments: Arguments) -> list[asyncpg.Record]:
        """Run one statement outside of a transaction block, as `caller`. Its identity is sent along if needed."""
        before = b"" if caller is self.carried and not self.dirty else self.messages_to_carry(caller)
        if not self.keeps_plans:
            before = _FORGET_PLANS + before
        state = self._statements.get(sql)
        if not before:
            if state is None:
                return await self.execute(sql, arguments)
            self._statements.move_to_end(sql)
            return await self.connection.bind_execute(state, arguments, "", 0, False, None)
        _check_encodable(arguments)
        # Until the server says otherwise, nobody knows how far it came.
        self.carried, self.dirty = None, True
        if state is None:
            await self.connection.synchronize(before)
            self.carried, self.dirty, before = caller, False, b""
        rows = await self.execute(sql, arguments, before)
        self.carried, self.dirty = caller, False
        return rows

    async def execute(self, sql: str, arguments: Arguments, before: bytes = b"") -> list[asyncpg.Record]:
        """Run `sql` after the messages `before`; a statement not yet prepared takes further round trips."""
        _check_encodable(arguments)
        state = self._statements.get(sql)
        if state is None:
            if before:
                await self.connection.synchronize(before)
                before = b""
            state = await self._prepare(sql)
        else:
            self._statements.move_to_end(sql)
        if self._obsolete:
            before, self._obsolete = self._obsolete + before, b""
        return await self.connection.execute_state(state, arguments, before)

    async def prepare(self, sql: str) -> None:
        """Spend the round trips that the first `execute` of a statement takes now."""
        if sql not in self._statements:
            await self._prepare(sql)

    def messages_to_carry(self, caller: Caller) -> bytes:
        """What makes the session carry `caller` from wherever it is, empty if it does already."""
        carried = self.carried
        if self.dirty:
            return self._scrub() + self._set(caller_settings(caller), local=False)
        if carried == caller:
            self.carried = caller
            return b""
        self.switches += 1
        if carried is None:
            return self._set(caller_settings(caller), local=False)
        pairs = changed_settings(carried, caller)
        if pairs is not None and len(pairs) == 1 and self._named:
            return self._set_one(pairs[0])
        if pairs is None:
            return _VACATE + self._set(caller_settings(caller), local=False)
        return self._set(pairs, local=False)

    def messages_to_open(self, caller: Caller, envelope: Envelope | None, mode: TransactionMode) -> bytes:
        """What opens a transaction for `caller` on a session that carries nobody; `envelope` None: no request.*."""
        opening = wire.script([begin(mode)])
        if not self.keeps_plans:
            opening += _FORGET_PLANS
        pairs = caller_settings(caller) if envelope is None else transaction_settings(caller, envelope, mode)
        if self._shared:
            return opening + self._clean() + self._set(pairs, local=True)
        if self.dirty:
            blank = self._scrub()
        elif self.carried is not None:
            blank = _VACATE
        else:
            blank = b""
        return blank + opening + self._set(pairs, local=True)

    def messages_to_turn(
        self, before: Turn | None, turn: Turn, mode: TransactionMode, adopted: Mapping[str, str]
    ) -> bytes:
        """What makes an open transaction go on with another request of the same caller."""
        commands = wire.script(turn_commands(before, turn, mode))
        if not self.keeps_plans:
            commands += _FORGET_PLANS
        return commands + self._set(turn_settings(turn, mode, adopted), local=True)

    def forget(self, sql: str) -> None:
        """Prepare `sql` anew when it is needed next: its tables have changed."""
        state = self._statements.pop(sql, None)
        if state is not None and state.name:
            self._obsolete += wire.close(state.name)

    async def _prepare(self, sql: str) -> State:
        if len(sql) > _LONGEST_KEPT:
            return await self.connection.describe("", sql)
        if len(self._statements) >= self._statements_limit:
            self.forget(next(iter(self._statements)))
        self._numbers += 1
        state = await self.connection.describe(f"passerelle_{self._numbers}" if self._named else "", sql)
        self._statements[sql] = state
        return state

    def _set_one(self, pair: Pair) -> bytes:
        """The same as `_set` of one setting of the session, which is what most changes of identity are."""
        if len(pair[1]) > _LONGEST_REMEMBERED:
            return self._set([pair], local=False)
        bound = _bound(pair)
        return self.connection.parsed(_SET_ONE, set_config_statement(1, local=False)) + bound

    def _set(self, pairs: Sequence[Pair], *, local: bool) -> bytes:
        messages: list[bytes] = []
        for portion in in_statements(pairs):
            sql = set_config_statement(len(portion), local=local)
            name = f"passerelle_set_{len(portion)}_{'local' if local else 'session'}" if self._named else ""
            bound = wire.bind(name, [text for pair in portion for text in pair])
            messages.append(self.connection.parsed(name, sql) if name else wire.parse("", sql))
            messages.append(bound)
            messages.append(wire.EXECUTE)
        return b"".join(messages)

    def _scrub(self) -> bytes:
        return _BEGIN + self._clean() + _COMMIT

    def _clean(self) -> bytes:
        self.scrubs += 1
        seed = secrets.randbits(52) / 2**52
        return _SCRUB + wire.bind("", [repr(seed), "true" if self._named else "false"]) + wire.EXECUTE


@lru_cache(maxsize=2048)
def _bound(pair: Pair) -> bytes:
    return wire.bind(_SET_ONE, pair) + wire.EXECUTE


def _check_encodable(arguments: Arguments) -> None:
    # The driver would only find out after other messages have gone out, and the connection would be lost.
    for argument in arguments:
        if argument is not None and not argument.isascii():
            argument.encode()


def _sql(file: str) -> str:
    return resources.files(__package__ or "gateway.database").joinpath(file).read_text(encoding="utf-8")


def _lines(file: str) -> list[str]:
    return [line for line in _sql(file).splitlines() if line and not line.startswith("--")]


_BEGIN = wire.script(["BEGIN"])
_FORGET_PLANS = wire.script(["DISCARD PLANS"])
_COMMIT = wire.script(["COMMIT"])
_SCRUB = wire.script(_lines("scrub.sql")) + wire.parse("", _sql("scrub_rest.sql"))
_VACATE = wire.script(_lines("vacate.sql"))

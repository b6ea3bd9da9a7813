"""One batch at work: its transaction, its attempts, and where it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.catalog import Catalog
from gateway.database import Caller, ConnectionLost, Database, Envelope, Transaction, TransactionMode
from gateway.errors import GatewayError
from gateway.identity import Identity
from gateway.rest.batch.answer import StepAnswer, answer_step, render
from gateway.rest.batch.errors import (
    BatchFailed,
    Position,
    contended,
    late_isolation,
    timed_out,
    too_large_answer,
    unresolved,
    unsure,
)
from gateway.rest.batch.idempotency import Kept, Key, claim, keep
from gateway.rest.batch.references import Reference, follow
from gateway.rest.batch.request import REST
from gateway.rest.batch.steps import Planner, Prepared, Runnable
from gateway.rest.callers import Callers
from gateway.rest.conflicts import ATTEMPTS, is_conflict, pause
from gateway.rest.exact_json import Json, parse, text_of
from gateway.rest.limits import Spent
from gateway.rest.rules import RestRules
from gateway.rest.run import cost_of, run

_LEVELS = ("read uncommitted", "read committed", "repeatable read", "serializable")
_DEFAULT_LEVEL = "read committed"
_TERMINATED = "57P01"


@dataclass(frozen=True, slots=True)
class BatchRules:
    """`timeout`: seconds for all steps together. `answer_bytes`: the most that their bodies, and what
    references bring in, may have together."""

    rest: RestRules
    most_steps: int = 1000
    timeout: float = 30.0
    answer_bytes: int = 64 << 20


@dataclass(slots=True)
class _Progress:
    """Where an attempt is. `committing`: all steps are done. `position` None: none has begun."""

    position: Position | None = None
    committing: bool = False
    answers: list[tuple[Position, StepAnswer]] = field(default_factory=list[tuple[Position, StepAnswer]])
    bodies: dict[str, Json] = field(default_factory=dict[str, Json])
    reads: list[Spent] = field(default_factory=list[Spent])
    size: int = 0

    def grow(self, by: int, most: int) -> None:
        self.size += by
        if self.size > most:
            raise too_large_answer(most)


@dataclass(slots=True)
class Job:
    """A batch with all that it needs. `undo`: everything runs and is rolled back. After `run`, `replayed` says that
    the answer is that of an earlier request with the same key."""

    rules: BatchRules
    database: Database
    callers: Callers
    catalog: Catalog
    identity: Identity
    envelope: Envelope
    planner: Planner
    steps: Sequence[Prepared]
    undo: bool
    key: Key | None
    replayed: bool = False
    round_trips: int = 0
    _unsure: bool = False
    _progress: _Progress = field(default_factory=_Progress)

    @property
    def reads(self) -> Sequence[Spent]:
        """What the reads of the last attempt came to."""
        return self._progress.reads

    async def run(self) -> Kept:
        """The answer. Runs again where that is safe: after a conflict, which undid everything, and with a key also
        after the connection was lost, because the key tells whether the batch was committed.

        Raises BatchFailed for a step or for COMMIT, other errors for what happened before the first step.
        """
        deadline = asyncio.get_running_loop().time() + self.rules.timeout
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._attempt(deadline)
            except GatewayError as error:
                if not is_conflict(error) and (self.key is None or not _lost(error)):
                    raise self._failure(error) from error
                self._unsure = self._unsure or (self._progress.committing and _lost(error))
                await pause(attempt)
        try:
            return await self._attempt(deadline)
        except GatewayError as error:
            raise self._failure(error) from error

    async def _attempt(self, deadline: float) -> Kept:
        schema = self.planner.request.schemas[0]
        caller = self.callers.get(self.identity, schema, None, self.catalog)
        self._progress = _Progress()

        async def work(transaction: Transaction) -> Kept:
            self._progress = _Progress()  # the room `database` may begin the work again
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._in_transaction(transaction, caller)
            except TimeoutError:
                raise timed_out(self.rules.timeout) from None

        return await self.database.run_transaction(caller, self.envelope, self._mode(), work)

    async def _in_transaction(self, transaction: Transaction, caller: Caller) -> Kept:
        progress = self._progress
        if self.rules.rest.pre_request is not None:
            await transaction.adopt()
        if self.key is not None:
            kept = await claim(transaction, self.key)
            self.round_trips += 1
            if kept is not None:
                self.replayed = True
                return kept
        self.replayed = False
        for prepared in self.steps:
            await self._step(transaction, prepared)
        progress.position, progress.committing = None, True
        answer = Kept(200, render(progress.answers, committed=not self.undo))
        if self.undo:
            await transaction.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await transaction.rollback()
        elif self.key is not None:
            transaction.turn_to(caller, self.envelope, read_only=False)
            await keep(transaction, self.key, answer)
        self.round_trips += 2
        return answer

    async def _step(self, transaction: Transaction, prepared: Prepared) -> None:
        progress, step = self._progress, prepared.step
        progress.position = step.position
        runnable = self.planner.complete(prepared, self._look_up)
        if prepared.runnable is None:
            self._check_isolation(runnable)
        asked = runnable.asked
        caller = self.callers.get(self.identity, asked.schema, asked.preferences.timezone, self.catalog)
        envelope = Envelope(step.method, REST + step.path, self.envelope.headers, self.envelope.cookies)
        transaction.turn_to(caller, envelope, read_only=runnable.compiled.read_only)
        result = await run(transaction, asked, runnable.compiled, runnable.arguments, self.planner.rules)
        self.round_trips += 1
        if runnable.compiled.write is None:
            cost = cost_of(caller, asked, runnable.compiled, self.planner.rules)
            progress.reads.append(Spent(result.page, cost))
        answer = answer_step(runnable, result, self.rules.rest.respond)
        progress.grow(answer.size, self.rules.answer_bytes)
        progress.answers.append((step.position, answer))

    def _look_up(self, reference: Reference) -> Json:
        """Bodies are read when something first refers to them. What references bring in is bounded in all, because a
        short batch could repeat a long value many times."""
        bodies = self._progress.bodies
        if reference.step not in bodies:
            answer = next(answer for position, answer in self._progress.answers if position.id == reference.step)
            if answer.json is None:
                raise unresolved(reference, "the step answered no JSON")
            bodies[reference.step] = parse(answer.json)
        value = follow(bodies[reference.step], reference)
        self._progress.grow(len(text_of(value)), self.rules.answer_bytes)
        return value

    def _mode(self) -> TransactionMode:
        """The strictest isolation that the role or any step asks for; read-only if nothing can write."""
        known = [step.runnable.compiled for step in self.steps if step.runnable is not None]
        settings = self.catalog.role_settings.get(self.identity.role)
        asked = [settings.isolation if settings else None, *(each.isolation for each in known)]
        reads = len(known) == len(self.steps) and all(each.read_only for each in known)
        isolation = _LEVELS[max(map(_level, asked))]
        return TransactionMode(reads and self.key is None, isolation, pre_request=self.rules.rest.pre_request)

    def _check_isolation(self, runnable: Runnable) -> None:
        wanted = runnable.compiled.isolation
        if _level(wanted) > _level(self._mode().isolation):
            raise late_isolation(wanted or "")

    def _failure(self, error: GatewayError) -> GatewayError:
        """`error` with the place where it happened."""
        progress = self._progress
        if self._unsure or (progress.committing and _lost(error)):
            return BatchFailed(unsure(error), None)
        if is_conflict(error):
            error = contended(error)
        if progress.position is None and not progress.committing:
            return error
        return BatchFailed(error, progress.position)


def _lost(error: GatewayError) -> bool:
    """Whether the session is gone, so that nobody said how the transaction ended."""
    return isinstance(error, ConnectionLost) or error.code == _TERMINATED


def _level(isolation: str | None) -> int:
    return _LEVELS.index((isolation or _DEFAULT_LEVEL).lower())

"""The surface `/batch/v1`: from an HTTP request to a job, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from aiohttp import web

from gateway.catalog import Catalog
from gateway.database import Database
from gateway.errors import GatewayError
from gateway.identity import Authenticator
from gateway.rest.batch.errors import BatchFailed, invalid, wrong_content_type
from gateway.rest.batch.idempotency import read_key
from gateway.rest.batch.job import BatchRules, Job
from gateway.rest.batch.request import Batch, read_batch
from gateway.rest.batch.steps import Planner, Prepared
from gateway.rest.callers import Callers
from gateway.rest.incoming import envelope_of, identify
from gateway.rest.limits import RequestLimits
from gateway.rest.payload import media_type
from gateway.rest.plancache import PlanCache
from gateway.rest.request import Request as RestRequest
from gateway.revocations import EndedSessions
from gateway.web import BytesResponse, ErrorRenderer, Request, raw_path_and_query
from gateway.web.errors import JSON, MethodNotAllowed, RouteUnknown

_ALLOWED = "OPTIONS,POST"
_LARGE = 256 * 1024
"""Bytes of a body that is read beside the event loop, so that others need not wait."""


class BatchSurface:
    """`POST {prefix}`: a list of requests to `/rest/v1` as one caller in one transaction (docs/batch.md)."""

    def __init__(
        self,
        prefix: str,
        rules: BatchRules,
        *,
        authenticator: Authenticator,
        catalog: Callable[[], Catalog],
        database: Database,
        render_error: ErrorRenderer,
        limits: RequestLimits | None = None,
        sessions: EndedSessions | None = None,
    ) -> None:
        self.prefix = prefix
        self.render_error = render_error
        # A step's answer is part of another: it has no tag and is not cached.
        self._rules = rules = replace(rules, rest=replace(rules.rest, respond=replace(rules.rest.respond, etags=False)))
        self._authenticator = authenticator
        self._catalog = catalog
        self._database = database
        self._limits = limits
        self._sessions = sessions
        self._callers = Callers(rules.rest.extra_search_path, rules.rest.app_settings)
        self._requests = replace(rules.rest.request, root_spec=None, api_keys=False)
        self._compile = replace(rules.rest.compile, fast_path=False)
        self._plans = PlanCache()

    async def handle(self, request: Request) -> web.StreamResponse:
        path, query = raw_path_and_query(request)
        if path != self.prefix:
            raise RouteUnknown
        request.route = self.prefix
        if request.method == "OPTIONS":
            return BytesResponse(200, {"Allow": _ALLOWED})
        if request.method != "POST":
            raise MethodNotAllowed(request.method, _ALLOWED)
        if query and not query.startswith("apikey="):
            raise invalid("it takes no query parameters", hint="`dry_run` is part of the body.")
        identity = identify(request, self._authenticator)
        request.role = identity.role
        if identity.session is not None and self._sessions is not None and not self._sessions.vouches(identity.session):
            await self._sessions.demand(identity.session)
        # Web pages of other origins can send other types without asking first.
        if media_type(request.headers.get("Content-Type") or "none") != "application/json":
            raise wrong_content_type()
        body = await request.read()
        key = read_key(request.headers.get("Idempotency-Key"), body)
        most = self._rules.most_steps
        batch = await asyncio.to_thread(read_batch, body, most) if len(body) > _LARGE else read_batch(body, most)
        catalog = self._catalog()
        planner = Planner(catalog, self._requests, self._compile, self._plans)
        asked = await _read(planner, batch)
        if self._limits is not None:
            await self._limits.admit_all(request, identity, asked, catalog)
        undo = batch.dry_run or self._rules.rest.rollback
        job = Job(
            self._rules,
            self._database,
            self._callers,
            catalog,
            identity,
            envelope_of(request),
            planner,
            await _prepare(planner, batch, asked),
            undo,
            None if undo else key,
        )
        try:
            answer = await job.run()
        finally:
            request.round_trips += job.round_trips
            if self._limits is not None and self._limits.weighs:
                self._limits.charge(request, identity, job.reads)
        headers = {"Content-Type": JSON}
        if job.replayed:
            headers["Idempotency-Replayed"] = "true"
        return BytesResponse(answer.status, headers, answer.body)


async def _read(planner: Planner, batch: Batch) -> list[RestRequest]:
    """What each step asks for, leaving others their turn in between."""
    read: list[RestRequest] = []
    for step in batch.steps:
        try:
            read.append(planner.read(step))
        except GatewayError as error:
            raise BatchFailed(error, step.position) from error
        await asyncio.sleep(0)
    return read


async def _prepare(planner: Planner, batch: Batch, asked: Sequence[RestRequest]) -> list[Prepared]:
    """All steps, compiled, in the same way."""
    prepared: list[Prepared] = []
    for step, each in zip(batch.steps, asked, strict=True):
        try:
            prepared.append(planner.prepare(step, each))
        except GatewayError as error:
            raise BatchFailed(error, step.position) from error
        await asyncio.sleep(0)
    return prepared

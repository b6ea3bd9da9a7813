"""The surface `/rest/v1`: requests in, answers out. It and `run.py` are the files of the room that await anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from aiohttp import web

from gateway.cache import Cache, Served, Source, header
from gateway.catalog import Catalog, Name, Relation
from gateway.database import Access, Caller, Database, DatabaseError, Transaction, TransactionMode
from gateway.identity import Authenticator, Identity
from gateway.rest.caching import Asked, Kept, Questions, Recipe, Recipes, Refusal, question
from gateway.rest.callers import Callers
from gateway.rest.compile import Compiled, allowed_methods, find_for_options, unknown_table, values
from gateway.rest.compile_nested import RowsRefused, one_by_one
from gateway.rest.compile_write import write_values
from gateway.rest.conflicts import ATTEMPTS, is_conflict, pause
from gateway.rest.errors import root_disabled
from gateway.rest.incoming import envelope_of, identify
from gateway.rest.limits import RequestLimits, Spent
from gateway.rest.openapi import OpenApi
from gateway.rest.payload import Payload
from gateway.rest.plancache import PlanCache
from gateway.rest.query_body import QUERY, is_query, joined_query
from gateway.rest.request import Request as RestRequest
from gateway.rest.request import Target, read_request
from gateway.rest.respond import Answer, Result, check_affected, check_single, respond, respond_to_write, unless_known
from gateway.rest.rules import RestRules
from gateway.rest.run import cost_of, is_cheap, payload_of, read_plan, result_of, run, write_plan
from gateway.rest.timing import UNTIMED, Stages
from gateway.rest.wishes import Wish, wish_of
from gateway.revocations import EndedSessions
from gateway.web import BytesResponse, ErrorRenderer, Request, raw_path_and_query

_READS = frozenset({"GET", "HEAD"})
_KEPT = frozenset({Source.MEMORY, Source.REDIS, Source.STALE})
_LARGE_BODY = 128 * 1024
_WITH_BODY = frozenset({QUERY, "POST", "PATCH", "PUT", "DELETE"})


class RestSurface:
    """PostgREST's HTTP API under `prefix`, for callers that `authenticator` knows, on `database`.

    `catalog` answers the current snapshot, or raises 503 while there is none.
    """

    def __init__(
        self,
        prefix: str,
        rules: RestRules,
        *,
        authenticator: Authenticator,
        catalog: Callable[[], Catalog],
        database: Database,
        render_error: ErrorRenderer,
        openapi: OpenApi | None,
        plans: PlanCache | None = None,
        limits: RequestLimits | None = None,
        cache: Cache[Kept] | None = None,
        sessions: EndedSessions | None = None,
    ) -> None:
        self.prefix = prefix
        self.render_error = render_error
        self._rules = rules
        self._authenticator = authenticator
        self._catalog = catalog
        self._database = database
        self._openapi = openapi
        self._limits = limits
        self._sessions = sessions
        # beside the event loop, which must go on, and few at once, for they need much memory
        self._large_bodies = ThreadPoolExecutor(2, thread_name_prefix="large-body")
        self._callers = Callers(rules.extra_search_path, rules.app_settings)
        self.plans = plans if plans is not None else PlanCache()  # an empty one is false
        # a function before each request wants to see each of them
        self._cache = cache if rules.pre_request is None else None
        self._recipes = Recipes()
        self._questions = Questions()

    async def handle(self, request: Request) -> web.StreamResponse:
        stages = Stages(enabled=True) if self._rules.server_timing else UNTIMED
        headers = request.headers
        identity = identify(request, self._authenticator)
        request.role = identity.role
        if identity.session is not None and self._sessions is not None and not self._sessions.vouches(identity.session):
            await self._sessions.demand(identity.session)
        stages.mark("jwt")
        catalog = self._catalog()
        path, raw_query = raw_path_and_query(request)
        method = request.method
        if method in _WITH_BODY and is_query(method, headers.get("Content-Type")):
            method = "GET"
            raw_query = joined_query(raw_query, await request.read(), headers.get("Content-Type"))
        asked = read_request(
            method,
            path[len(self.prefix) :] or "/",
            raw_query,
            headers=headers,
            prefer=headers.getall("Prefer", ()),
            rules=self._rules.request,
        )
        request.route = self.prefix + _ROUTES[asked.target]
        if self._limits is not None:
            await self._limits.admit(request, identity, asked, catalog)
        stages.mark("parse")
        if asked.method == "OPTIONS":
            response = self._options(asked, catalog)
        elif asked.target is Target.ROOT:
            response = await self._root(_Exchange(request, asked, catalog, identity, stages))
        else:
            exchange = _Exchange(request, asked, catalog, identity, stages)
            answer = await (self._read(exchange) if asked.method in _READS else self._write(exchange))
            response = BytesResponse(answer.status, answer.headers, answer.body)
        if stages.enabled:
            response.headers["Server-Timing"] = stages.header("response")
        return response

    # -- statements -------------------------------------------------------------------------------------------------

    async def _read(self, exchange: _Exchange) -> Answer:
        repeated = self._repeated(exchange)
        if repeated is not None:
            return repeated
        asked, catalog, stages = exchange.asked, exchange.catalog, exchange.stages
        known = self._known(exchange.request)
        if known is not None and asked.method == "HEAD":
            asked = replace(asked, method="GET")  # the tag is that of the body, which is not sent
        compiled = read_plan(asked, catalog, self._rules.compile, self.plans)
        stages.mark("plan")
        answer = await self._answer(exchange, asked, compiled, compiled.statement.bind(values(asked)))
        return answer if known is None else unless_known(answer, known)

    def _repeated(self, exchange: _Exchange) -> Answer | None:
        """The answer to a request like one before, if it is in memory and still holds."""
        asked, cache = exchange.asked, self._cache
        known = self._questions.get(asked, exchange.identity, exchange.catalog)
        if known is None or cache is None or "Cache-Control" in exchange.request.headers:
            return None
        tags = self._known(exchange.request)
        if tags is not None and asked.method == "HEAD":
            return None
        exchange.stages.mark("plan")
        found = cache.look(known.question)
        if found is None:
            return None
        exchange.stages.mark("transaction")
        answer = self._respond(exchange, asked, known.compiled, *found)
        return answer if tags is None else unless_known(answer, tags)

    async def _answer(
        self, exchange: _Exchange, asked: RestRequest, compiled: Compiled, arguments: Sequence[str]
    ) -> Answer:
        """Of a statement that reads: from the cache if it may be. `asked` may be another form of what was asked."""
        cache = self._cache
        if cache is None or exchange.catalog.caching is None:
            result = await self._result(exchange, compiled, arguments)
            self._charge(exchange, compiled, result, None)
            exchange.stages.mark("transaction")
            return respond(asked, compiled, result, self._rules.respond)
        kept, served = await self._kept_or_read(exchange, asked, compiled, arguments, cache)
        exchange.stages.mark("transaction")
        return self._respond(exchange, asked, compiled, kept, served)

    def _respond(
        self, exchange: _Exchange, asked: RestRequest, compiled: Compiled, kept: Kept, served: Served
    ) -> Answer:
        answer = kept.answer(asked, compiled, self._rules.respond)
        self._charge(exchange, compiled, kept.result, served)
        return Answer(answer.status, [*answer.headers, header(served)], answer.body)

    async def _kept_or_read(
        self,
        exchange: _Exchange,
        asked: RestRequest,
        compiled: Compiled,
        arguments: Sequence[str],
        cache: Cache[Kept],
    ) -> tuple[Kept, Served]:
        async def read() -> Kept:
            return Kept(await self._result(exchange, compiled, arguments))

        caller, catalog = self._caller(exchange), exchange.catalog
        recipe = self._recipes.get(compiled, caller.identity.role, catalog)
        wanted = question(recipe, caller, arguments) if isinstance(recipe, Recipe) else recipe
        if isinstance(wanted, Refusal):
            return await read(), cache.refuse(wanted.shape, wanted.word)
        if asked is exchange.asked and asked.method in _READS:
            self._questions.keep(asked, caller.identity, catalog, Asked(compiled, wanted))
        control = exchange.request.headers.get("Cache-Control")
        wish = wish_of(control) if control is not None else Wish.ANY
        if wish is Wish.NEITHER:
            return await read(), Served(Source.REQUEST)
        found = cache.look(wanted) if wish is Wish.ANY else None
        return found if found is not None else await cache.answer(wanted, read, fresh=wish is Wish.FRESH)

    async def _result(self, exchange: _Exchange, compiled: Compiled, arguments: Sequence[str]) -> Result:
        """Of a statement that reads: on the fast path if it may take it."""
        if compiled.access is Access.TRANSACTION or not (
            compiled.costing is None or self._is_cheap(exchange, compiled)
        ):
            return await self._transact(exchange, compiled, arguments)
        row = await self._database.read(self._caller(exchange), compiled.statement.text, arguments)
        result = result_of(compiled, row)
        check_single(compiled, result.page)
        check_affected(exchange.asked, compiled, result.page)
        exchange.request.round_trips += 1
        return result

    def _charge(self, exchange: _Exchange, compiled: Compiled, result: Result, served: Served | None) -> None:
        if self._limits is None or not self._limits.weighs:
            return
        cost = None
        if served is None or served.source not in _KEPT:
            cost = cost_of(self._caller(exchange), exchange.asked, compiled, self._rules.compile)
        self._limits.charge(exchange.request, exchange.identity, [Spent(result.page, cost)])

    def _is_cheap(self, exchange: _Exchange, compiled: Compiled) -> bool:
        return is_cheap(self._caller(exchange), exchange.asked, compiled, self._rules.compile)

    def _known(self, request: Request) -> str | None:
        """The tags of answers that the client has, if it may be told that they still hold."""
        if not self._rules.respond.etags or request.method == "POST":
            return None
        tags = request.headers.getall("If-None-Match", ())
        return ", ".join(tags) if tags else None

    async def _write(self, exchange: _Exchange) -> Answer:
        """A write, or a function called by POST."""
        asked, catalog, stages = exchange.asked, exchange.catalog, exchange.stages
        payload = await self._payload(exchange.request, asked)
        stages.mark("parse")
        compiled = write_plan(asked, payload, catalog, self._rules.compile, self.plans)
        stages.mark("plan")
        arguments = compiled.statement.bind(write_values(asked, payload))
        if compiled.write is None:
            return await self._answer(exchange, asked, compiled, arguments)
        try:
            result = await self._result(exchange, compiled, arguments)
        except RowsRefused:  # nothing was written: once more, to learn which row it is
            result = await self._transact(exchange, one_by_one(compiled), arguments)
        stages.mark("transaction")
        return respond_to_write(asked, compiled, compiled.write, result, self._rules.respond)

    async def _payload(self, request: Request, asked: RestRequest) -> Payload | None:
        if asked.method == "DELETE":
            return None
        body = await request.read()
        kind = request.headers.get("Content-Type")
        if len(body) <= _LARGE_BODY:
            return payload_of(asked, body, kind)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._large_bodies, payload_of, asked, body, kind)

    def _caller(self, exchange: _Exchange) -> Caller:
        asked = exchange.asked
        return self._callers.get(exchange.identity, asked.schema, asked.preferences.timezone, exchange.catalog)

    def _mode(self, exchange: _Exchange, compiled: Compiled | None = None) -> TransactionMode:
        settings = exchange.catalog.role_settings.get(exchange.identity.role)
        own = settings.isolation if settings else None
        if compiled is None:
            return TransactionMode(True, own, (), self._rules.pre_request)
        isolation = compiled.isolation or own
        return TransactionMode(compiled.read_only, isolation, compiled.hoisted, self._rules.pre_request)

    async def _transact(self, exchange: _Exchange, compiled: Compiled, arguments: Sequence[str]) -> Result:
        if exchange.asked.is_call:  # who knows what a function would do twice
            return await self._attempt(exchange, compiled, arguments)
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._attempt(exchange, compiled, arguments)
            except DatabaseError as error:
                if not is_conflict(error):
                    raise
            await pause(attempt)
        return await self._attempt(exchange, compiled, arguments)

    async def _attempt(self, exchange: _Exchange, compiled: Compiled, arguments: Sequence[str]) -> Result:
        asked = exchange.asked

        async def work(transaction: Transaction) -> Result:
            result = await run(transaction, asked, compiled, arguments, self._rules.compile)
            if self._rolls_back(asked):
                await transaction.execute("SET CONSTRAINTS ALL IMMEDIATE")
                await transaction.rollback()
            return result

        exchange.request.round_trips += 2
        envelope = envelope_of(exchange.request, exchange.asked.method)
        return await self._database.run_transaction(
            self._caller(exchange),
            envelope,
            self._mode(exchange, compiled),
            work,
            opaque=compiled.access is Access.TRANSACTION,
        )

    def _rolls_back(self, asked: RestRequest) -> bool:
        if self._rules.tx_override and asked.preferences.tx is not None:
            return asked.preferences.tx == "rollback"
        return self._rules.rollback

    # -- descriptions -----------------------------------------------------------------------------------------------

    def _options(self, asked: RestRequest, catalog: Catalog) -> BytesResponse:
        if asked.target is Target.ROOT:
            allowed = "OPTIONS,GET,HEAD"
        elif asked.target is Target.FUNCTION:
            allowed = allowed_methods(find_for_options(asked, catalog))
        else:
            name = Name(asked.schema, asked.name)
            relation = catalog.relations.get(name)
            if relation is None:
                raise unknown_table(name, catalog)
            allowed = _relation_methods(relation)
        return BytesResponse(200, {"Allow": allowed})

    async def _root(self, exchange: _Exchange) -> BytesResponse:
        openapi, asked = self._openapi, exchange.asked
        if openapi is None:
            raise root_disabled()
        exchange.stages.mark("plan")

        async def work(transaction: Transaction) -> tuple[bytes, str]:
            return await openapi.document(transaction, asked, exchange.catalog)

        body, kind = await self._database.run_transaction(
            self._caller(exchange), envelope_of(exchange.request), self._mode(exchange), work
        )
        exchange.stages.mark("transaction")
        headers = {"Content-Type": kind}
        if asked.profile_sent or self._rules.respond.many_schemas:
            headers["Content-Profile"] = asked.schema
        return BytesResponse(200, headers, body)


class _Exchange(NamedTuple):
    """One request on its way through the room."""

    request: Request
    asked: RestRequest
    catalog: Catalog
    identity: Identity
    stages: Stages


_ROUTES = {Target.ROOT: "/", Target.RELATION: "/{relation}", Target.FUNCTION: "/rpc/{function}"}


def _relation_methods(relation: Relation) -> str:
    methods = ["OPTIONS,GET,HEAD"]
    if relation.insertable:
        methods.append("POST")
    if relation.insertable and relation.updatable and relation.primary_key:
        methods.append("PUT")
    if relation.updatable:
        methods.append("PATCH")
    if relation.deletable:
        methods.append("DELETE")
    return ",".join(methods)

"""The composition root: the only place that makes the rooms and connects them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import structlog
from aiohttp import web

from gateway.auth import AuthRoom
from gateway.auth.mail import SenderUnfit, TemplateError
from gateway.auth.redirects import PatternRefused
from gateway.bus import Bus, BusHealth
from gateway.cache import CacheReport, Off, Reason, document
from gateway.cache.admin import CacheAdmin
from gateway.catalog import Catalog, CatalogKeeper, dump, read_database_config
from gateway.database import Database, refuse_server_version
from gateway.errors import Unavailable
from gateway.identity import KeyFormatError, TokenCacheCounts
from gateway.limits import Limiter
from gateway.rest.plancache import PlanCache
from gateway.rules import auth_room, bus, ended_sessions, function_name, read_cache
from gateway.settings import Settings, SettingsError
from gateway.smtpurl import SmtpUrlError
from gateway.surfaces import Parts, dispatch
from gateway.telemetry import (
    METRICS,
    DatabaseWatch,
    Instruments,
    LimitReadings,
    LoopDelay,
    Place,
    PlanCacheCounts,
    Worker,
    Workers,
    cache_condition,
    redis_condition,
    render,
)
from gateway.web import (
    AccessLog,
    AdminApplication,
    AdminRoute,
    AdminSources,
    Condition,
    Dispatcher,
    FailureLog,
    HttpLimits,
    HttpServer,
    JsonAccessLog,
    LineWriter,
    Readiness,
    Request,
    RequestMeter,
    level_name,
)

if TYPE_CHECKING:
    from gateway.policies.watching import PolicyWatch
    from gateway.telemetry.tracing import Tracing

_DRAIN = 10.0
"""Seconds that running requests get when the server stops."""
_OWNER_TIMEOUT = 10.0
"""Seconds to connect as the owner."""


class ServerRefused(Exception):
    """The database server must not be used; the message says why and what to do."""


class Gateway:
    """One process of the gateway, made from settings. `start` serves, `stop` drains.

    With `config_from_database` the settings are overlaid with those of the login role, at start and at each
    `reload config`; whatever depends on them is made anew then, while running requests end with the old. Raises
    SettingsError for settings that cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        lines: LineWriter | None = None,
        place: Place | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """`lines` takes the access log as JSON; without it structlog does. `place` is for one of several workers."""
        self._given = settings
        self.settings: Settings = settings
        logger = structlog.get_logger("gateway")
        self._log = logger
        self._failures = FailureLog(logger)
        self._lines = lines
        level = level_name(settings.log_level)
        self._access_log = JsonAccessLog(lines.write, level) if lines is not None else AccessLog(logger, level)
        self._tracing = tracing
        self.database = (tracing.database() if tracing is not None else Database)(
            settings.database_url.get_secret_value(),
            size=settings.pool_size,
            acquisition_timeout=settings.pool_acquisition_timeout,
            max_lifetime=settings.pool_max_lifetime,
            max_idle=settings.pool_max_idletime,
            mode=settings.pool_mode,
            prepared_statements=settings.prepared_statements,
        )
        self.bus: Bus | None = bus(settings)
        """None without Redis. While Redis is away, calls fail and everything else goes on."""
        self.limiter = Limiter(self.bus)
        self.plans = PlanCache()
        self.catalog = self._catalog(settings)
        self.cache = read_cache(settings, self.bus, self.catalog.look_soon)
        """None without Redis."""
        self.sessions = ended_sessions(settings, self.bus)
        self.auth = self._accounts(settings)
        """None where the gateway keeps no accounts."""
        self._meter = RequestMeter()
        self._loop_delay = LoopDelay()
        self._watch = DatabaseWatch(self.database.ping)
        self._workers = Workers(
            Worker(self._instruments().read, self._condition, self.reload, self._cache_document), place
        )
        self._shared = place is not None
        # One worker of several is enough to apply the files.
        self._policy_watch = self._policy_files(settings) if place is None or place.number == 0 else None
        self._application = self._dispatcher(settings)
        limits = HttpLimits(
            request_line=settings.max_request_line,
            body=settings.max_body_bytes,
            bodies=settings.max_bodies_bytes,
            body_timeout=settings.body_timeout,
        )
        current = _Current(self)
        self._server = HttpServer(tracing.application(current) if tracing is not None else current, limits)
        self._admin = HttpServer(self._admin_application())
        self._listening = False
        self._configuring: asyncio.Task[None] | None = None
        self.url = ""
        self.admin_url = ""

    @property
    def application(self) -> Dispatcher:
        """What answers requests under the settings in force."""
        return self._application

    async def start(self) -> None:
        """Listen on the API's and the admin's sockets. Requests that come before the catalog is there get 503.

        Raises OSError if a port is taken.
        """
        settings = self._given
        if self.bus is not None:
            await self.bus.start()  # it connects while the catalog loads; nobody waits for it
        await self.limiter.start()
        if self.cache is not None:
            await self.cache.start()
        if self.sessions is not None:
            await self.sessions.start()
        if self.auth is not None:
            await self.auth.start()
        await self.database.start()
        await self._read_config()
        if self._policy_watch is not None:
            await self._policy_watch.start()  # before the catalog, which knows their limits then
        await self.catalog.start()
        self._check_server()
        if settings.unix_socket is not None:
            await self._server.listen_unix(settings.unix_socket)
            self.url = f"unix:{settings.unix_socket}"
        else:
            port = await self._server.listen_tcp(settings.host, settings.port, reuse_port=self._shared)
            self.url = f"http://{settings.host}:{port}"
        self._listening = True
        self._loop_delay.start()
        if settings.admin_port is not None:
            await self._workers.start()
            port = await self._admin.listen_tcp(settings.admin_host, settings.admin_port, reuse_port=self._shared)
            self.admin_url = f"http://{settings.admin_host}:{port}"

    def _check_server(self) -> None:
        """Raises ServerRefused for a PostgreSQL that mixes up row security; PostgREST mode only warns, as PostgREST
        runs on it too."""
        reason = refuse_server_version(self.catalog.current().server_version) if self.catalog.loaded else None
        if reason is not None and not self.settings.postgrest_mode:
            raise ServerRefused(reason)
        if reason is not None:
            self._log.warning("this PostgreSQL should be updated", reason=reason)

    async def stop(self) -> None:
        """Stop listening, let running requests end, close what was opened."""
        self._listening = False
        if self._configuring is not None:
            self._configuring.cancel()
        if self._policy_watch is not None:
            await self._policy_watch.stop()
        await self._server.stop(drain=_DRAIN)
        await self._admin.stop(drain=1.0)
        await self._workers.stop()
        await self.limiter.stop()
        if self.auth is not None:
            await self.auth.stop()
        if self.sessions is not None:
            await self.sessions.stop()
        if self.cache is not None:
            await self.cache.stop()  # what was committed is told to the end
        if self.bus is not None:
            await self.bus.stop()  # after the requests, which may need it, and so that nobody waits for its lease
        self._loop_delay.stop()
        await self.catalog.close()
        await self.database.close()
        if self._tracing is not None:
            await self._tracing.close()
        if self._lines is not None:
            self._lines.close()

    async def reload(self) -> None:
        """Read the configuration in the database and the catalog again. Raises Unavailable if that failed."""
        await self._read_config()
        await self.catalog.reload()
        if self.catalog.status.error is not None:
            raise Unavailable("PGRST002", "The schema cache was not reloaded", details=self.catalog.status.error)

    def request_reload(self) -> None:
        """The same, soon (SIGUSR1)."""
        self._config_changed()
        self.catalog.request_reload()

    # -- parts ------------------------------------------------------------------------------------------------------

    def _catalog(self, settings: Settings) -> CatalogKeeper:
        keeper = CatalogKeeper(
            settings.direct_url.get_secret_value(),
            schemas=settings.schemas,
            extra_search_path=settings.extra_search_path,
            hoisted=settings.hoisted_tx_settings,
            channel=settings.channel if settings.channel_enabled else None,
            on_config=self._config_changed,
            poll_interval=settings.catalog_poll_interval,
            caching=self.bus is not None,
        )
        keeper.subscribe(self._loaded)
        return keeper

    def _loaded(self, catalog: Catalog) -> None:
        """A new catalog: statements prepared before it may be out of date."""
        self.database.flush(keeps_plans=not catalog.lying_functions)
        if self.cache is not None:
            self.database.watch = self.cache.coherence if catalog.records_changes else None
        for name, reason in catalog.lying_functions.items():
            self._log.warning(
                "a function is declared IMMUTABLE and is not: plans are not kept", function=name, reason=reason
            )
        # A catalog lives long and has many objects; without this, collections would walk through all of them.
        gc.freeze()

    def _dispatcher(self, settings: Settings) -> Dispatcher:
        """What answers requests under `settings`. Raises SettingsError for keys, paths and URIs that are none."""
        parts = Parts(
            catalog=self.catalog.current,
            database=self.database,
            plans=self.plans,
            limiter=self.limiter,
            cache=self.cache,
            sessions=self.sessions,
            auth=self.auth,
            access_log=self._access_log,
            failures=self._failures,
            meter=self._meter,
        )
        dispatcher, self._authenticator = dispatch(settings, parts)
        return dispatcher

    def _accounts(self, settings: Settings) -> AuthRoom | None:
        """Raises SettingsError for settings that cannot be used."""
        try:
            return auth_room(settings, self.sessions)
        except (KeyFormatError, PatternRefused, SmtpUrlError, SenderUnfit, TemplateError) as error:
            raise SettingsError([f"PASSERELLE_AUTH_URL: {error}"]) from error

    def _config_changed(self) -> None:
        if self._configuring is None or self._configuring.done():
            self._configuring = asyncio.create_task(self._read_config(), name="configuration")

    async def _read_config(self) -> None:
        """Overlay the settings with what the database says. A fault leaves the settings in force as they are."""
        given = self._given
        if not given.config_from_database:
            return
        try:
            found = await read_database_config(given.direct_url.get_secret_value(), function_name(given.pre_config))
            settings: Settings = given.with_database_config(found)
            application = self._dispatcher(settings) if settings != self.settings else None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, SettingsError) as error:
            self._log.error("the configuration in the database was not read", reason=str(error))
            return
        if application is not None:
            self.settings = settings
            self.catalog.reconfigure(
                schemas=settings.schemas,
                extra_search_path=settings.extra_search_path,
                hoisted=settings.hoisted_tx_settings,
            )
            self.plans.clear()
            self._application = application

    def _admin_application(self) -> AdminApplication:
        token = self._given.admin_token
        sources = AdminSources(
            live=lambda: self._listening,
            condition=self._workers.condition,
            metrics=self._metrics,
            schema_cache=self._schema_cache,
            config=self._public_config,
            reload=self._workers.reload,
        )
        return AdminApplication(sources, self._failures, token.get_secret_value() if token else None, self._routes())

    def _routes(self) -> Mapping[str, Mapping[str, AdminRoute]]:
        """What the admin port offers beyond its own."""
        coherence = self.cache.coherence if self.cache is not None else None
        cache = CacheAdmin(self._workers.caches, self.bus, coherence, self.catalog.current).routes()
        folder = self._given.policies_dir
        if folder is None or self._given.owner_url is None or self._given.admin_token is None:
            return cache
        from gateway.policies.admin import PolicyAdmin  # noqa: PLC0415 - many instances do without policy files

        return {**cache, **PolicyAdmin(folder, self._owner).routes()}

    def _policy_files(self, settings: Settings) -> PolicyWatch | None:
        """What applies saved policy files, if it is wanted. Raises SettingsError if it lacks what it needs."""
        if not settings.watch_policies:
            return None
        if settings.policies_dir is None or settings.owner_url is None:
            raise SettingsError(["PASSERELLE_WATCH_POLICIES needs PASSERELLE_POLICIES_DIR and PASSERELLE_OWNER_URL"])
        from gateway.policies.watching import PolicyWatch  # noqa: PLC0415 - as above

        return PolicyWatch(settings.policies_dir, self._owner)

    async def _owner(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection as the database's owner, for the time of one operation."""
        assert self._given.owner_url is not None
        owner = self._given.owner_url.get_secret_value()
        return await asyncpg.connect(owner, statement_cache_size=0, timeout=_OWNER_TIMEOUT)

    async def _metrics(self) -> bytes:
        return render(METRICS, await self._workers.readings())

    def _instruments(self) -> Instruments:
        plans = self.plans
        return Instruments(
            meter=self._meter,
            loop_delay=self._loop_delay.histogram,
            pool=self.database.stats,
            catalog=lambda: self.catalog.status,
            tokens=self._token_counts,
            plans=lambda: PlanCacheCounts(plans.counts.hits, plans.counts.misses, len(plans)),
            redis=self._redis,
            cache=self._cache,
            limits=self._limit_readings,
            dropped_lines=lambda: self._lines.dropped if self._lines is not None else 0,
        )

    def _token_counts(self) -> TokenCacheCounts:
        return self._authenticator.counts()  # a new one after each change of settings

    def _limit_readings(self) -> LimitReadings:
        return LimitReadings(self.limiter.counts, self.limiter.local_keys)

    def _redis(self) -> BusHealth | None:
        return self.bus.health if self.bus is not None else None

    def _cache(self) -> CacheReport | None:
        """None without Redis, like `cache`."""
        report = self.cache.report() if self.cache is not None else None
        if report is None or not self.catalog.loaded:
            return report
        if not self.settings.cache_enabled or self.settings.pre_request is not None:
            return replace(report, off=Off(Reason.DISABLED, "the settings do not want it"))
        catalog = self.catalog.current()
        if catalog.caching is not None:
            return report
        missing = (
            "no policy file in force has a `cache:` rule" if catalog.records_changes else "changes are not recorded"
        )
        return replace(report, off=Off(Reason.NO_RULES, missing))

    def _cache_document(self) -> dict[str, Any]:
        report = self._cache()
        return document(
            report if report is not None else CacheReport(Off(Reason.NO_REDIS, "there is no Redis"), 0, 0, 0)
        )

    async def _condition(self) -> Condition:
        """Ready with a catalog and a database that was reached within the last second, with or without Redis."""
        ready = self.catalog.loaded and await self._watch.reachable()
        redis, cache = self._redis(), self._cache()
        return Condition(
            Readiness.READY if ready else Readiness.PENDING,
            redis_condition(redis) if redis is not None else None,
            cache_condition(cache) if cache is not None else None,
        )

    def _public_config(self) -> dict[str, Any]:
        return self.settings.public_dump()

    def _schema_cache(self) -> bytes | None:
        return orjson.dumps(dump(self.catalog.current()), default=str) if self.catalog.loaded else None


class _Current:
    """Passes requests to the gateway's application of the moment."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, request: web.BaseRequest) -> Coroutine[Any, Any, web.StreamResponse]:
        return self._gateway.application(request)  # not awaited here: that would cost a frame per request

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse:
        return self._gateway.application.refuse(failure, request)

"""The composition root: the only place that makes the rooms and connects them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import structlog

from gateway.catalog.reload import CatalogKeeper
from gateway.database import Database, quote_identifier
from gateway.identity import Authenticator, IdentitySettings
from gateway.rest import OpenApi, OpenApiRules, RestRules, RestSurface
from gateway.rest.compile import CompileRules
from gateway.rest.plan.tree import ReadRules
from gateway.rest.plancache import PlanCache
from gateway.rest.request import Rules
from gateway.rest.respond import RespondRules
from gateway.settings import Settings
from gateway.web import (
    AccessLog,
    CorsPolicy,
    Dispatcher,
    FailureLog,
    Health,
    HttpLimits,
    HttpServer,
    Mounts,
    PostgrestErrors,
    Surface,
    configure_logging,
    level_name,
)

_DRAIN = 10.0
"""Seconds that running requests get when the server stops."""


class Gateway:
    """One process of the gateway, made from settings. `start` serves, `stop` drains."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        logger = structlog.get_logger("gateway")
        self._failures = FailureLog(logger)
        self._access_log = AccessLog(logger, level_name(settings.log_level))
        self._render = PostgrestErrors(verbose=settings.client_error_verbosity == "verbose")
        self.database = Database(
            settings.database_url.get_secret_value(),
            size=settings.pool_size,
            acquisition_timeout=settings.pool_acquisition_timeout,
            max_lifetime=settings.pool_max_lifetime,
            max_idle=settings.pool_max_idletime,
            mode=settings.pool_mode,
            prepared_statements=settings.prepared_statements,
        )
        self.catalog = CatalogKeeper(
            settings.direct_url.get_secret_value(),
            schemas=settings.schemas,
            extra_search_path=settings.extra_search_path,
            hoisted=settings.hoisted_tx_settings,
            channel=settings.channel if settings.channel_enabled else None,
        )
        self.catalog.subscribe(lambda _: self.database.flush())
        self.authenticator = Authenticator(_identity_settings(settings))
        self.plans = PlanCache()
        limits = HttpLimits(request_line=settings.max_request_line, body=settings.max_body_bytes)
        self._server = HttpServer(self._dispatcher(), limits)

    async def start(self, *, reuse_port: bool = False) -> None:
        """Listen. Requests that come before the catalog is there get 503. Raises OSError if the port is taken."""
        settings = self.settings
        await self.database.start()
        await self.catalog.start()
        if settings.unix_socket is not None:
            await self._server.listen_unix(settings.unix_socket)
        else:
            await self._server.listen_tcp(settings.host, settings.port, reuse_port=reuse_port)

    async def stop(self) -> None:
        """Stop listening, let running requests end, close what was opened."""
        await self._server.stop(drain=_DRAIN)
        await self.catalog.close()
        await self.database.close()

    def _dispatcher(self) -> Dispatcher:
        settings = self.settings
        origins = frozenset(settings.cors_allowed_origins) if settings.cors_allowed_origins else None
        surfaces: list[Surface] = [Health(self._render), self._rest("/rest/v1")]
        if settings.postgrest_mode:
            surfaces.append(self._rest(""))
        return Dispatcher(
            Mounts(surfaces),
            CorsPolicy.postgrest(origins) if settings.postgrest_mode else CorsPolicy(origins),
            self._render,
            self._access_log,
            self._failures,
            settings.trace_header,
        )

    def _rest(self, prefix: str) -> RestSurface:
        return RestSurface(
            prefix,
            _rest_rules(self.settings),
            authenticator=self.authenticator,
            catalog=self.catalog.current,
            database=self.database,
            render_error=self._render,
            openapi=_openapi(self.settings, prefix),
            plans=self.plans,
        )


def _identity_settings(settings: Settings) -> IdentitySettings:
    def secret(name: str) -> str | None:
        value = getattr(settings, name)
        return value.get_secret_value() if value is not None else None

    return IdentitySettings(
        jwt_secret=secret("jwt_secret"),
        jwt_secret_is_base64=settings.jwt_secret_is_base64,
        jwks=secret("jwks"),
        jwt_aud=settings.jwt_aud,
        jwt_role_claim_key=settings.jwt_role_claim_key,
        jwt_cache_max_entries=settings.jwt_cache_max_entries,
        anon_role=settings.anon_role,
        service_role=settings.service_role,
        anon_key=secret("anon_key"),
        service_key=secret("service_key"),
        publishable_keys=tuple(key.get_secret_value() for key in settings.publishable_keys),
        secret_keys=tuple(key.get_secret_value() for key in settings.secret_keys),
        require_api_key=settings.require_api_key,
        postgrest_mode=settings.postgrest_mode,
    )


def _rest_rules(settings: Settings) -> RestRules:
    override = settings.tx_end.endswith("-allow-override")
    return RestRules(
        Rules(settings.schemas, settings.root_spec),
        CompileRules(
            ReadRules(settings.aggregates_enabled, settings.url_use_legacy_target_names, settings.max_rows),
            plans=settings.plan_enabled,
            # a function before each request may do anything, so each request needs its transaction
            fast_path=settings.pre_request is None,
        ),
        RespondRules(many_schemas=len(settings.schemas) > 1, tx_override=override),
        extra_search_path=settings.extra_search_path,
        app_settings=tuple(settings.app_settings.items()),
        pre_request=_function_name(settings.pre_request),
        rollback=settings.tx_end.startswith("rollback"),
        tx_override=override,
        server_timing=settings.server_timing_enabled,
    )


def _function_name(name: str | None) -> str | None:
    """`schema.function` as SQL; without a schema the search path decides."""
    return ".".join(map(quote_identifier, name.split(".", 1))) if name else None


def _openapi(settings: Settings, prefix: str) -> OpenApi | None:
    if settings.openapi_mode == "disabled":
        return None
    return OpenApi(
        OpenApiRules(
            mode=settings.openapi_mode,
            security_active=settings.openapi_security_active,
            proxy_uri=settings.openapi_server_proxy_uri,
            host=settings.host,
            port=settings.port,
            prefix=prefix,
        )
    )


def run(settings: Settings, *, reuse_port: bool = False, ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once requests are answered. Blocks."""
    configure_logging(settings.log_level, settings.log_format)
    try:
        from uvloop import run as run_loop  # noqa: PLC0415 - the extra `fast` may not be installed
    except ModuleNotFoundError:
        from asyncio import run as run_loop  # noqa: PLC0415
    run_loop(_serve(settings, reuse_port, ready))


async def _serve(settings: Settings, reuse_port: bool, ready: Callable[[], None] | None) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    gateway = Gateway(settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGUSR1, gateway.catalog.request_reload)
    try:
        await gateway.start(reuse_port=reuse_port)
        if ready is not None:
            ready()
        await stopping.wait()
    finally:
        await gateway.stop()

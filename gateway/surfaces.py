"""What answers requests under one set of settings: made anew whenever these change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.auth import AuthErrors, AuthRoom, AuthSurface
from gateway.cache import Cache
from gateway.catalog import Catalog
from gateway.database import Database
from gateway.identity import Authenticator, KeyFormatError, RolePathError
from gateway.limits import Limiter
from gateway.rest import ProxyUriError, RestSurface
from gateway.rest.batch import BatchErrors, BatchRules, BatchSurface
from gateway.rest.caching import Kept
from gateway.rest.limits import RequestLimits
from gateway.rest.plancache import PlanCache
from gateway.revocations import EndedSessions
from gateway.rules import cors_policy, identity_settings, limit_rules, openapi, rest_rules
from gateway.settings import Settings, SettingsError
from gateway.web import (
    AccessLog,
    Dispatcher,
    FailureLog,
    Health,
    JsonAccessLog,
    Mounts,
    PostgrestErrors,
    RequestMeter,
    Surface,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What outlives a change of settings. `catalog` answers the current snapshot."""

    catalog: Callable[[], Catalog]
    database: Database
    plans: PlanCache
    limiter: Limiter
    cache: Cache[Kept] | None
    sessions: EndedSessions | None
    auth: AuthRoom | None
    access_log: AccessLog | JsonAccessLog
    failures: FailureLog
    meter: RequestMeter


def dispatch(settings: Settings, parts: Parts) -> tuple[Dispatcher, Authenticator]:
    """All surfaces, and who tells callers apart. Raises SettingsError for keys, paths and URIs that are none."""
    render = PostgrestErrors(verbose=settings.client_error_verbosity == "verbose")
    prefixes = ["/rest/v1", ""] if settings.postgrest_mode else ["/rest/v1"]
    try:
        authenticator = Authenticator(identity_settings(settings))
        surfaces: list[Surface] = [_rest(settings, parts, prefix, authenticator, render) for prefix in prefixes]
    except KeyFormatError as error:
        raise SettingsError([f"PASSERELLE_JWKS or PASSERELLE_JWT_SECRET: {error}"]) from error
    except RolePathError as error:
        raise SettingsError([f"PASSERELLE_JWT_ROLE_CLAIM_KEY: {error}"]) from error
    except ProxyUriError as error:
        raise SettingsError([f"PASSERELLE_OPENAPI_SERVER_PROXY_URI: {error}"]) from error
    if parts.auth is not None:
        surfaces.append(_auth(settings, parts, parts.auth, authenticator))
    if settings.batch_enabled:
        surfaces.append(_batch(settings, parts, authenticator))
    dispatcher = Dispatcher(
        Mounts([Health(render), *surfaces]),
        cors_policy(settings),
        render,
        parts.access_log,
        parts.failures,
        settings.trace_header,
        parts.meter,
    )
    return dispatcher, authenticator


def _rest(
    settings: Settings, parts: Parts, prefix: str, authenticator: Authenticator, render: PostgrestErrors
) -> RestSurface:
    return RestSurface(
        prefix,
        rest_rules(settings),
        authenticator=authenticator,
        catalog=parts.catalog,
        database=parts.database,
        render_error=render,
        openapi=openapi(settings, prefix),
        plans=parts.plans,
        limits=_limits(settings, parts),
        cache=parts.cache if settings.cache_enabled else None,
        sessions=parts.sessions,
    )


def _batch(settings: Settings, parts: Parts, authenticator: Authenticator) -> BatchSurface:
    return BatchSurface(
        "/batch/v1",
        BatchRules(rest_rules(settings), most_steps=settings.batch_max_steps, timeout=settings.batch_timeout),
        authenticator=authenticator,
        catalog=parts.catalog,
        database=parts.database,
        render_error=BatchErrors(verbose=settings.client_error_verbosity == "verbose"),
        limits=_limits(settings, parts),
        sessions=parts.sessions,
    )


def _auth(settings: Settings, parts: Parts, room: AuthRoom, authenticator: Authenticator) -> AuthSurface:
    return AuthSurface(
        "/auth/v1",
        lambda: room.context,
        authenticator,
        parts.limiter if settings.rate_limiting_enabled else None,
        limit_rules(settings).proxies,
        AuthErrors(parts.failures.record),
    )


def _limits(settings: Settings, parts: Parts) -> RequestLimits | None:
    return RequestLimits(parts.limiter, limit_rules(settings)) if settings.rate_limiting_enabled else None

"""What the settings mean to each room, in the room's own terms: rooms do not know of settings."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from gateway.auth import AuthRoom, AuthRules, AuthSettings, server_key
from gateway.auth.mail import Outbox, Sender
from gateway.auth.passwords import PasswordRules, parse_classes
from gateway.auth.redirects import Redirects
from gateway.auth.tokens.signing import SigningKeys, signing_keys
from gateway.bus import Bus, open_bus, steady
from gateway.cache import Cache, Coherence, Definitions
from gateway.catalog import read_definitions
from gateway.database import quote_identifier
from gateway.identity import IdentitySettings
from gateway.rest import OpenApi, OpenApiRules, RestRules
from gateway.rest.caching import RESULTS, Kept
from gateway.rest.compile import CompileRules
from gateway.rest.costs import CostGuard
from gateway.rest.guards import Guards
from gateway.rest.limits import LimitRules
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Rules
from gateway.rest.respond import RespondRules
from gateway.revocations import EndedSessions
from gateway.settings import Settings
from gateway.smtpurl import parse_smtp_url
from gateway.web import RATE_LIMIT_EXPOSED, CorsPolicy, Proxies

_CONNECT_TIMEOUT = 5.0
_LEEWAY = 60.0
"""Seconds that a token may be accepted past its end."""


def bus(settings: Settings) -> Bus | None:
    """Redis, if there is one."""
    url = settings.redis_url
    return open_bus(url.get_secret_value(), prefix=settings.redis_prefix) if url is not None else None


def read_cache(settings: Settings, bus: Bus | None, changed: Callable[[], None]) -> Cache[Kept] | None:
    """What keeps answers, if there is a Redis. Also where none are kept: writes must be told to those who do. `changed`
    is called when the database's definitions are not those of the catalog."""
    if bus is None:
        return None

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            settings.direct_url.get_secret_value(),
            timeout=_CONNECT_TIMEOUT,
            statement_cache_size=0,
            server_settings={"application_name": "passerelle cache"},
        )

    coherence = Coherence(bus, connect, steady)
    definitions = Definitions(connect, read_definitions, changed)
    memory, largest = settings.cache_memory_bytes, settings.cache_max_answer_bytes
    return Cache(bus, coherence, definitions, RESULTS, memory=memory, largest=largest)


def ended_sessions(settings: Settings, bus: Bus | None) -> EndedSessions | None:
    """Which sessions have ended, where the gateway itself opens them."""
    if settings.auth_url is None:
        return None

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            settings.direct_url.get_secret_value(),
            timeout=_CONNECT_TIMEOUT,
            statement_cache_size=0,
            server_settings={"application_name": "passerelle sessions"},
        )

    return EndedSessions(bus, connect, keep=settings.auth_token_lifetime + _LEEWAY)


def auth_room(settings: Settings, sessions: EndedSessions | None) -> AuthRoom | None:
    """Accounts, if the gateway is to keep them. Raises KeyFormatError, PatternRefused, SmtpUrlError, SenderUnfit,
    TemplateError."""
    if settings.auth_url is None or sessions is None:
        return None
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret is not None else None
    public = settings.public_url or f"http://{settings.host}:{settings.port}"
    keys = _signing_keys(settings)
    own = settings.auth_server_key
    rules = AuthRules(
        public_url=f"{public.rstrip('/')}/auth/v1",
        redirects=Redirects(settings.site_url, settings.auth_redirect_urls),
        sign_up=settings.auth_sign_up,
        anonymous=settings.auth_anonymous,
        confirms=settings.auth_confirm_email,
        token_lifetime=settings.auth_token_lifetime,
        reuse_interval=settings.auth_reuse_interval,
        passwords=PasswordRules(settings.auth_password_length, parse_classes(settings.auth_password_classes or "")),
        language=settings.mail_language,
    )
    smtp = settings.smtp_url
    mailer = Sender(parse_smtp_url(smtp.get_secret_value()), settings.mail_from) if smtp is not None else Outbox()
    given = AuthSettings(
        dsn=settings.auth_url.get_secret_value(),
        rules=rules,
        keys=keys,
        server_key=(own.get_secret_value().encode() if own is not None else server_key(secret or keys.verification)),
        templates=settings.mail_templates,
    )
    return AuthRoom(given, mailer, sessions.tell)


def _signing_keys(settings: Settings) -> SigningKeys:
    """Raises KeyFormatError."""
    return signing_keys(
        secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret is not None else None,
        secret_is_base64=settings.jwt_secret_is_base64,
        jwks=settings.jwks.get_secret_value() if settings.jwks is not None else None,
    )


def identity_settings(settings: Settings) -> IdentitySettings:
    """What identities depend on. Raises KeyFormatError where the gateway signs tokens itself and cannot."""

    def secret(name: str) -> str | None:
        value = getattr(settings, name)
        return value.get_secret_value() if value is not None else None

    return IdentitySettings(
        jwt_secret=secret("jwt_secret"),
        jwt_secret_is_base64=settings.jwt_secret_is_base64,
        # Keys by the names that the gateway's own tokens give them.
        jwks=secret("jwks") if settings.auth_url is None else _signing_keys(settings).verification,
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


def rest_rules(settings: Settings) -> RestRules:
    """How the surfaces of `rest/` behave."""
    override = settings.tx_end.endswith("-allow-override")
    return RestRules(
        Rules(settings.schemas, settings.root_spec, api_keys=not settings.postgrest_mode),
        CompileRules(
            ReadRules(settings.aggregates_enabled, settings.url_use_legacy_target_names, settings.max_rows),
            plans=settings.plan_enabled,
            # a function before each request may do anything, so each request needs its transaction
            fast_path=settings.pre_request is None,
            guards=Guards(frozenset(settings.require_filter), settings.max_affected),
            max_nested_rows=settings.max_nested_rows,
            costs=CostGuard(settings.max_cost) if settings.max_cost else None,
        ),
        RespondRules(many_schemas=len(settings.schemas) > 1, etags=settings.etags, tx_override=override),
        extra_search_path=settings.extra_search_path,
        app_settings=tuple(settings.app_settings.items()),
        pre_request=function_name(settings.pre_request),
        rollback=settings.tx_end.startswith("rollback"),
        tx_override=override,
        server_timing=settings.server_timing_enabled,
    )


def limit_rules(settings: Settings) -> LimitRules:
    """Who may ask how much."""
    rates = {limit.name: limit.rate for limit in settings.rate_limits}
    trusted = settings.trusted_proxies
    return LimitRules(
        reads=rates.get("reads"),
        writes=rates.get("writes"),
        anonymous=rates.get("anonymous"),
        rows=rates.get("rows"),
        cost=rates.get("cost"),
        exempt=frozenset(settings.rate_limit_exempt),
        proxies=Proxies(trusted.networks, trusted.unix, settings.forwarded_header),
    )


def cors_policy(settings: Settings) -> CorsPolicy:
    """What pages of which origins may see: in PostgREST mode what PostgREST shows, and the limits if there are any."""
    origins = frozenset(settings.cors_allowed_origins) if settings.cors_allowed_origins else None
    if settings.postgrest_mode:
        return CorsPolicy.postgrest(origins, also=RATE_LIMIT_EXPOSED if settings.rate_limits else "")
    return CorsPolicy(origins)


def function_name(name: str | None) -> str | None:
    """`schema.function` as SQL; without a schema the search path decides."""
    return ".".join(map(quote_identifier, name.split(".", 1))) if name else None


def openapi(settings: Settings, prefix: str) -> OpenApi | None:
    """The description at the root of `prefix`, unless it is disabled. Raises ProxyUriError."""
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

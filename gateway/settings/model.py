"""The one model of every setting: its type, its default and a line about it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from gateway.settings.forms import (
    AppSettings,
    Boolean,
    Count,
    CountOrZero,
    DatabaseUrl,
    File,
    FileMode,
    Host,
    Identifier,
    LogLevel,
    Names,
    OpenApiMode,
    OptionalPort,
    OptionalRole,
    Origins,
    Port,
    Proxies,
    RateLimit,
    RateLimits,
    RedisPrefix,
    RedisUrl,
    RequestLine,
    RoleLimits,
    Roles,
    Schemas,
    SearchPath,
    Seconds,
    Secret,
    Secrets,
    Text,
    TransactionEnd,
    TrustedProxies,
    Workers,
)

SHORTEST_JWT_SECRET: Final = 32
"""Bytes; RFC 7518, section 3.2 asks an HS256 key for at least as many bits as the hash has."""

_MASK: Final = "***"


class Settings(BaseModel):
    """All settings of one process. Frozen; credentials are `SecretStr` and never printed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: DatabaseUrl = Field(description="The database, as the login role `authenticator`. Required.")
    direct_url: DatabaseUrl = Field(
        SecretStr(""), description="The same database past PgBouncer, for LISTEN and locks. Default: `database_url`."
    )
    owner_url: DatabaseUrl | None = Field(
        None, description="The same database as its owner, for `migrate` and policies."
    )
    redis_url: RedisUrl | None = Field(
        None, description="Redis 6.2 or newer, or Valkey: one server, Sentinels or a cluster ([Redis](redis.md))."
    )
    redis_prefix: RedisPrefix = Field("passerelle:", description="What all Redis keys begin with; may be empty.")

    cache_enabled: Boolean = Field(
        True, description="Whether answers are kept as policy files say (`cache:`). Needs `redis_url`."
    )
    cache_memory_bytes: Count = Field(64 << 20, description="The most bytes of answers that a worker keeps.")
    cache_max_answer_bytes: Count = Field(1 << 20, description="The largest answer that is kept, in bytes.")

    jwt_secret_is_base64: Boolean = Field(False, description="Whether `jwt_secret` is base64.")
    jwt_secret: Secret | None = Field(
        None, description="What verifies tokens: a text of at least 32 bytes (HS256), a JWK or a JWK set."
    )
    jwks: Secret | None = Field(None, description="Further verification keys, a JWK set.")
    jwt_aud: Text | None = Field(None, description="The audience that a token's `aud` must contain if it has one.")
    jwt_role_claim_key: Text = Field("$.role", description="The JSON path of the role in a token's claims.")
    jwt_cache_max_entries: CountOrZero = Field(1000, description="How many verified tokens are remembered; 0 for none.")
    anon_key: Secret | None = Field(None, description="The anonymous API key (a JWT) that clients send.")
    service_key: Secret | None = Field(None, description="The API key (a JWT) of the role `service_role`.")
    publishable_keys: Secrets = Field((), description="Keys `sb_publishable_…` that stand for the anonymous role.")
    secret_keys: Secrets = Field((), description="Keys `sb_secret_…` that stand for the service role.")
    require_api_key: Boolean = Field(False, description="Refuse requests without an API key.")
    anon_role: OptionalRole = Field("anon", description="The role of requests without a token; `none` refuses them.")
    service_role: Identifier = Field("service_role", description="The role that secret keys stand for.")

    schemas: Schemas = Field(("public",), description="The schemas of the REST API; the first is the default.")
    extra_search_path: SearchPath = Field(
        ("public", "extensions"), description="Schemas after the request's own in `search_path`."
    )
    max_rows: CountOrZero | None = Field(None, description="The most rows a read returns.")
    pre_request: Text | None = Field(None, description="A function called before each request's statement.")
    root_spec: Text | None = Field(None, description="A function that answers for the root path.")
    aggregates_enabled: Boolean = Field(False, description="Whether `select` may aggregate.")
    plan_enabled: Boolean = Field(False, description="Whether clients may ask for execution plans.")
    tx_end: TransactionEnd = Field("commit", description="How transactions end, and whether clients may choose.")
    require_filter: Roles = Field(
        ("anon", "authenticated"), description="Roles whose updates and deletions must have a filter."
    )
    max_affected: RoleLimits = Field({}, description="The most rows that an update or deletion may affect, by role.")
    max_cost: RoleLimits = Field(
        {}, description="The most that a read may cost, in units of PostgreSQL's planner, by role."
    )
    etags: Boolean = Field(True, description="Whether reads carry an `ETag` and answer `If-None-Match`.")
    max_nested_rows: Count = Field(10_000, description="The most rows that one nested insert writes.")
    hoisted_tx_settings: Names = Field(
        ("statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"),
        description="Settings of functions that hold for the whole transaction of their call.",
    )
    url_use_legacy_target_names: Boolean = Field(
        True, description="Whether filters may name an embedded relation although it has an alias."
    )
    batch_enabled: Boolean = Field(True, description="Whether `/batch/v1` runs lists of requests as one transaction.")
    batch_max_steps: Count = Field(1000, description="The most requests in a batch.")
    batch_timeout: Seconds = Field(30.0, description="How long the requests of a batch may take together.")
    app_settings: AppSettings = Field(
        {}, repr=False, description="Settings `app.settings.<name>` for SQL, one variable each."
    )

    auth_url: DatabaseUrl | None = Field(
        None,
        description="The same database as `passerelle_auth`, which reads and writes schema `auth`; without it there is "
        "no `/auth/v1`.",
    )
    auth_server_key: Secret | None = Field(
        None, description="What codes that were sent are kept under, 32 bytes or more. Default: made of `jwt_secret`."
    )
    site_url: Text = Field(
        "http://localhost:3000", description="The application, where links in mails lead in the end."
    )
    public_url: Text | None = Field(
        None, description="Where clients reach the gateway, without a path. Default: `host` and `port`."
    )
    auth_redirect_urls: Names = Field(
        (), description="Other URLs that links may lead to, with `*`, `**` and `?` as wildcards."
    )
    auth_sign_up: Boolean = Field(True, description="Whether anybody may sign up.")
    auth_anonymous: Boolean = Field(False, description="Whether users without an address may sign in.")
    auth_confirm_email: Boolean = Field(True, description="Whether an address must be confirmed before signing in.")
    auth_token_lifetime: Count = Field(3600, description="Seconds that an access token is valid.")
    auth_reuse_interval: Seconds = Field(
        10.0, description="Seconds for which refresh tokens before the last one still lead to the current one."
    )
    auth_password_length: Count = Field(8, description="The fewest characters of a password, at least 6.")
    auth_password_classes: Text | None = Field(
        None, description="Characters of which a password needs one each: `abc…:ABC…:0123456789`."
    )
    smtp_url: Secret | None = Field(
        None, description="The mail server: `smtp://user:password@host:587`, or `smtps://…`. Without it mails are kept."
    )
    mail_from: Text = Field("Passerelle <noreply@localhost>", description="The sender of mails.")
    mail_templates: File | None = Field(None, description="A folder with templates in the place of the own ones.")
    mail_language: Literal["en", "fr"] = Field("en", description="Of mails to users whose metadata asks for no other.")

    rate_limiting_enabled: Boolean = Field(
        True,
        description="Whether rate limits hold: those below and those of policy files ([Rate limits](rate-limits.md)).",
    )
    rate_limits: RateLimits = Field((), description="Limits of each caller.")
    rate_limit_exempt: Roles = Field(("service_role",), description="Roles without rate limits.")
    trusted_proxies: Proxies = Field(
        TrustedProxies(), description="Proxies whose word counts about the address that a request came from."
    )
    forwarded_header: Literal["X-Forwarded-For", "Forwarded"] = Field(
        "X-Forwarded-For", description="The header in which they say it."
    )

    pool_size: Count = Field(10, description="The most connections of a worker, apart from the listening one.")
    pool_mode: Literal["session", "transaction"] = Field(
        "session", description="`transaction` when PgBouncer pools transactions in front of the database."
    )
    pool_acquisition_timeout: Seconds = Field(10.0, description="How long a request waits for a connection.")
    pool_max_lifetime: Seconds = Field(1800.0, description="How long a connection is used.")
    pool_max_idletime: Seconds = Field(30.0, description="How long an unused connection is kept.")
    prepared_statements: Boolean = Field(True, description="Whether statements are prepared.")
    channel: Identifier = Field("pgrst", description="The NOTIFY channel for `reload schema` and `reload config`.")
    channel_enabled: Boolean = Field(True, description="Whether that channel is listened to.")
    catalog_poll_interval: Seconds = Field(
        5.0, description="How often to look whether the database has changed without a notification."
    )
    config_from_database: Boolean = Field(True, description="Whether settings `pgrst.*` of the login role count.")
    pre_config: Text | None = Field(None, description="A function that sets further `pgrst.*` settings.")

    openapi_mode: OpenApiMode = Field("follow-privileges", description="What the OpenAPI description shows.")
    openapi_security_active: Boolean = Field(False, description="Whether it describes authentication.")
    openapi_server_proxy_uri: Text | None = Field(None, description="The public URL it names.")
    cors_allowed_origins: Origins = Field(None, description="Origins that browsers may call from. Default: all.")
    server_timing_enabled: Boolean = Field(False, description="Whether answers carry `Server-Timing`.")
    trace_header: Text | None = Field(None, description="A request header that is copied to the answer.")
    client_error_verbosity: Literal["verbose", "minimal"] = Field(
        "verbose", description="`minimal` leaves details and hints out of errors."
    )

    host: Host = Field("127.0.0.1", description="The address to listen on.")
    port: Port = Field(54321, description="The port to listen on.")
    unix_socket: File | None = Field(None, description="A Unix socket to listen on instead.")
    unix_socket_mode: FileMode = Field(0o660, description="The mode of that socket.")
    admin_host: Host = Field("127.0.0.1", description="The address of the admin port.")
    admin_port: OptionalPort = Field(54320, description="The port for `/live`, `/ready` and `/metrics`, or `off`.")
    admin_token: Secret | None = Field(None, description="The bearer token of the admin API.")
    workers: Workers = Field(1, description="How many processes `serve` starts.")
    max_request_line: RequestLine = Field(65536, description="The longest request line, in bytes.")
    max_body_bytes: Count = Field(16 << 20, description="The largest request body, in bytes.")
    max_bodies_bytes: Count = Field(
        256 << 20, description="The most bytes of bodies over 64 KiB that a worker holds at once; then it answers 503."
    )
    body_timeout: Seconds = Field(30.0, description="How long a request body may take to arrive as a whole.")
    log_level: LogLevel = Field("info", description="The least severe log lines to show.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is `console` on a terminal, else `json`."
    )
    tracing: Literal["off", "otlp"] = Field(
        "off", description="`otlp` sends OpenTelemetry spans to where the `OTEL_*` variables say (extra `otel`)."
    )

    policies_dir: File | None = Field(None, description="The directory of the policy files.")
    watch_policies: Boolean = Field(
        False, description="Whether `serve` applies the policy files at start and whenever one is saved."
    )
    routes_file: File | None = Field(None, description="The file of declared route aliases.")
    data_dir: File = Field(Path(".passerelle"), description="Where `dev` keeps its servers' data and its keys.")
    postgres_bin: File | None = Field(None, description="PostgreSQL programs for `dev` to use instead of the embedded.")
    postgrest_mode: Boolean = Field(
        False, description="REST at `/` too, PostgREST's defaults. Set by any `PGRST_*` variable."
    )

    @model_validator(mode="before")
    @classmethod
    def _direct_by_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not values.get("direct_url") and "database_url" in values:
            return {**values, "direct_url": values["database_url"]}
        return values

    @field_validator("jwt_secret")
    @classmethod
    def _usable_jwt_secret(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is not None:
            _check_jwt_secret(value.get_secret_value(), is_base64=bool(others.data.get("jwt_secret_is_base64")))
        return value

    @field_validator("rate_limits")
    @classmethod
    def _costs_are_known(cls, value: tuple[RateLimit, ...], others: ValidationInfo) -> tuple[RateLimit, ...]:
        if any(limit.name == "cost" for limit in value) and not others.data.get("max_cost"):
            raise ValueError("limits the cost of reads, which is only known with a `max_cost`")
        return value

    @field_validator("admin_port")
    @classmethod
    def _ports_differ(cls, value: int | None, others: ValidationInfo) -> int | None:
        if value is not None and value == others.data.get("port") and others.data.get("unix_socket") is None:
            raise ValueError("is the port of the API too")
        return value

    def with_database_config(self, config: Mapping[str, str]) -> Settings:
        """These settings overlaid with what the database says: `pgrst.<key>` settings of the login role, by name,
        with or without the prefix. Keys that may not come from the database are ignored. Raises SettingsError.
        """
        from gateway.settings.load import overlay  # noqa: PLC0415 - it builds on this model

        return overlay(self, config)

    def public_dump(self) -> dict[str, Any]:
        """Every setting as JSON values; credentials and `app_settings` values that are set read ``***``."""
        return {name: _shown(getattr(self, name)) for name in type(self).model_fields}


def _check_jwt_secret(secret: str, *, is_base64: bool) -> None:
    raw = secret.encode()
    if is_base64:
        standard = secret.strip().translate(str.maketrans("-_.", "+/="))
        try:
            raw = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("is not base64") from None
    if raw.lstrip()[:1] == b"{":
        try:
            json.loads(raw)
        except ValueError:
            raise ValueError("begins like a JWK but is not JSON") from None
    elif len(raw) < SHORTEST_JWT_SECRET:
        raise ValueError(f"is shorter than {SHORTEST_JWT_SECRET} bytes")


def _shown(value: object) -> Any:
    if isinstance(value, SecretStr):
        return _MASK
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {name: entry if isinstance(entry, int) else _MASK for name, entry in entries.items()}
    if isinstance(value, tuple):
        return [_shown(item) for item in cast("tuple[object, ...]", value)]
    return value if value is None or isinstance(value, bool | int | float) else str(value)

"""PostgREST's names for settings, its defaults and its configuration file (its documentation, "Configuration")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from gateway.settings.errors import SettingsError

KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "admin-server-host": "admin_host",
        "admin-server-port": "admin_port",
        "client-error-verbosity": "client_error_verbosity",
        "db-aggregates-enabled": "aggregates_enabled",
        "db-anon-role": "anon_role",
        "db-channel": "channel",
        "db-channel-enabled": "channel_enabled",
        "db-config": "config_from_database",
        "db-extra-search-path": "extra_search_path",
        "db-hoisted-tx-settings": "hoisted_tx_settings",
        "db-max-rows": "max_rows",
        "db-plan-enabled": "plan_enabled",
        "db-pool": "pool_size",
        "db-pool-acquisition-timeout": "pool_acquisition_timeout",
        "db-pool-max-idletime": "pool_max_idletime",
        "db-pool-max-lifetime": "pool_max_lifetime",
        "db-pre-config": "pre_config",
        "db-pre-request": "pre_request",
        "db-prepared-statements": "prepared_statements",
        "db-root-spec": "root_spec",
        "db-schemas": "schemas",
        "db-tx-end": "tx_end",
        "db-uri": "database_url",
        "jwt-aud": "jwt_aud",
        "jwt-cache-max-entries": "jwt_cache_max_entries",
        "jwt-role-claim-key": "jwt_role_claim_key",
        "jwt-secret": "jwt_secret",
        "jwt-secret-is-base64": "jwt_secret_is_base64",
        "log-level": "log_level",
        "openapi-mode": "openapi_mode",
        "openapi-security-active": "openapi_security_active",
        "openapi-server-proxy-uri": "openapi_server_proxy_uri",
        "server-cors-allowed-origins": "cors_allowed_origins",
        "server-host": "host",
        "server-port": "port",
        "server-timing-enabled": "server_timing_enabled",
        "server-trace-header": "trace_header",
        "server-unix-socket": "unix_socket",
        "server-unix-socket-mode": "unix_socket_mode",
        "url-use-legacy-target-names": "url_use_legacy_target_names",
    }
)
"""Configuration key -> attribute of `Settings`."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "db-pool-timeout": "db-pool-max-idletime",
        "db-schema": "db-schemas",
        "max-rows": "db-max-rows",
        "pre-request": "db-pre-request",
        "role-claim-key": "jwt-role-claim-key",
        "root-spec": "db-root-spec",
        "secret-is-base64": "jwt-secret-is-base64",
    }
)
"""Older names; the newer one wins."""

WITHOUT_EFFECT: Final = frozenset(
    {
        "admin-server-unix-socket",
        "admin-server-unix-socket-mode",
        "db-pool-automatic-recovery",
        "log-query",
        "server-reuseport",
    }
)
"""Known keys that mean nothing here."""

IN_DATABASE: Final = frozenset(
    {
        *("client-error-verbosity", "db-aggregates-enabled", "db-anon-role", "db-extra-search-path"),
        *("db-hoisted-tx-settings", "db-max-rows", "db-plan-enabled", "db-pre-config", "db-pre-request"),
        *("db-prepared-statements", "db-root-spec", "db-schemas", "db-tx-end", "jwt-aud", "jwt-cache-max-entries"),
        *("jwt-role-claim-key", "jwt-secret", "jwt-secret-is-base64", "openapi-mode", "openapi-security-active"),
        *("openapi-server-proxy-uri", "server-cors-allowed-origins", "server-timing-enabled", "server-trace-header"),
        "url-use-legacy-target-names",
    }
)
"""Keys that `ALTER ROLE … SET pgrst.<key>` may give."""

DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "database_url": "postgresql://",
        "host": "!4",
        "port": 3000,
        "admin_port": None,
        "extra_search_path": ("public",),
        "anon_role": None,
        "require_filter": (),
        "etags": False,
        "batch_enabled": False,
        "log_level": "error",
    }
)
"""Where PostgREST's defaults differ from ours. Its `admin-server-host` defaults to `server-host`."""

APP_SETTINGS_KEY: Final = "app.settings."
APP_SETTINGS_VARIABLE: Final = "PGRST_APP_SETTINGS_"

_LINE = re.compile(
    r"""\s*(?:
        (?P<key>[\w.\-]+) \s* = \s* (?: "(?P<text>(?:[^"\\\n]|\\.)*)" | (?P<bare>[^\s\#"]+) ) \s*
    )?(?:\#.*)?""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def variable(key: str) -> str:
    """The environment variable of a configuration key."""
    return "PGRST_" + key.upper().replace("-", "_")


def parse_file(text: str, name: str) -> dict[str, str]:
    """The keys and values of a `postgrest.conf`, as text. Raises SettingsError that names file and line."""
    found: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _LINE.fullmatch(line.removesuffix("\r"))
        if match is None:
            problems.append(f'{name}, line {number}: expected key = value, with text in double quotes and " as \\"')
        elif match["key"] is not None:
            quoted = match["text"]
            found[match["key"]] = match["bare"] if quoted is None else _ESCAPE.sub(_unescaped, quoted)
    if problems:
        raise SettingsError(problems)
    return found


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)

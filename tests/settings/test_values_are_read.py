"""Every source of settings, and which of them wins."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.embedded import EmbeddedPostgres
from gateway.rates import Rate
from gateway.settings import Settings, SettingsError, load_settings
from gateway.settings.forms import RateLimit, TrustedProxies, uri_of_keywords
from gateway.settings.postgrest import parse_file

URL = "postgresql://authenticator:pw@db/app"
BASE = {"PASSERELLE_DATABASE_URL": URL}
SECRET = "reallyreallyreallyreallyverysafe"


def attribute(settings: Settings, name: str) -> Any:
    value = getattr(settings, name)
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.mark.parametrize(
    ("variable", "text", "name", "expected"),
    [
        ("PORT", "8080", "port", 8080),
        ("PORT", "", "port", 54321),
        ("SCHEMAS", "a, b ,c", "schemas", ("a", "b", "c")),
        ("SCHEMAS", 'v1, SPECIAL "@/\\#~_-', "schemas", ("v1", 'SPECIAL "@/\\#~_-')),
        ("SCHEMAS", "تست", "schemas", ("تست",)),
        ("EXTRA_SEARCH_PATH", "", "extra_search_path", ()),
        ("REDIS_PREFIX", "", "redis_prefix", ""),
        ("REDIS_URL", "unix:///run/redis.sock", "redis_url", "unix:///run/redis.sock"),
        ("REDIS_URL", "rediss://r?verify=no", "redis_url", "rediss://r?verify=no"),
        ("REDIS_URL", "sentinel://:p%40@a,b:1/main", "redis_url", "sentinel://:p%40@a,b:1/main"),
        ("REDIS_URL", "rediss+cluster://a,b", "redis_url", "rediss+cluster://a,b"),
        ("ANON_ROLE", "none", "anon_role", None),
        ("ANON_ROLE", "web", "anon_role", "web"),
        ("ADMIN_PORT", "off", "admin_port", None),
        ("PREPARED_STATEMENTS", "FALSE", "prepared_statements", False),
        ("PREPARED_STATEMENTS", '"false"', "prepared_statements", False),
        ("AGGREGATES_ENABLED", "2", "aggregates_enabled", True),
        ("AGGREGATES_ENABLED", "0", "aggregates_enabled", False),
        ("MAX_ROWS", "1000", "max_rows", 1000),
        ("POOL_ACQUISITION_TIMEOUT", "0.5", "pool_acquisition_timeout", 0.5),
        (
            "CORS_ALLOWED_ORIGINS",
            "https://a.example, https://b.example",
            "cors_allowed_origins",
            ("https://a.example", "https://b.example"),
        ),
        ("CORS_ALLOWED_ORIGINS", "*", "cors_allowed_origins", None),
        ("UNIX_SOCKET_MODE", "600", "unix_socket_mode", 0o600),
        ("HOST", "!4", "host", "0.0.0.0"),
        ("HOST", "*6", "host", "::"),
        ("JWT_SECRET", SECRET, "jwt_secret", SECRET),
        ("JWT_SECRET", '{"keys": []}', "jwt_secret", '{"keys": []}'),
        ("SECRET_KEYS", "sb_secret_a,sb_secret_b", "secret_keys", None),
        ("UNIX_SOCKET", "/run/gateway.sock", "unix_socket", Path("/run/gateway.sock")),
        ("TX_END", "rollback-allow-override", "tx_end", "rollback-allow-override"),
        (
            "RATE_LIMITS",
            "reads=600/min, writes = 30/h burst 5",
            "rate_limits",
            (RateLimit("reads", Rate(600, 60)), RateLimit("writes", Rate(30, 3600, 5))),
        ),
        ("RATE_LIMIT_EXEMPT", "", "rate_limit_exempt", ()),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8, 192.0.2.1,unix",
            "trusted_proxies",
            TrustedProxies((ip_network("10.0.0.0/8"), ip_network("192.0.2.1")), unix=True),
        ),
    ],
)
def test_text_becomes_a_value(variable: str, text: str, name: str, expected: Any) -> None:
    settings = load_settings({**BASE, f"PASSERELLE_{variable}": text})
    if name == "secret_keys":
        assert [key.get_secret_value() for key in settings.secret_keys] == ["sb_secret_a", "sb_secret_b"]
    else:
        assert attribute(settings, name) == expected


@pytest.mark.parametrize(
    ("variable", "text", "name", "expected"),
    [
        ("DB_SCHEMAS", "api, v2", "schemas", ("api", "v2")),
        ("DB_SCHEMA", "old", "schemas", ("old",)),
        ("MAX_ROWS", "7", "max_rows", 7),
        ("DB_POOL_TIMEOUT", "9", "pool_max_idletime", 9.0),
        ("DB_EXTRA_SEARCH_PATH", "", "extra_search_path", ()),
        ("DB_EXTRA_SEARCH_PATH", 'public, EXTRA "@/\\#~_-', "extra_search_path", ("public", 'EXTRA "@/\\#~_-')),
        ("DB_ANON_ROLE", "web_anon", "anon_role", "web_anon"),
        ("DB_TX_END", "rollback", "tx_end", "rollback"),
        ("DB_CONFIG", "false", "config_from_database", False),
        ("JWT_ROLE_CLAIM_KEY", ".role", "jwt_role_claim_key", ".role"),
        ("SERVER_PORT", "3001", "port", 3001),
        ("SERVER_HOST", "!6", "admin_host", "::"),
        ("ADMIN_SERVER_PORT", "3001", "admin_port", 3001),
        ("ADMIN_SERVER_HOST", "localhost", "admin_host", "localhost"),
        ("APP_SETTINGS_APP_HOST", "localhost", "app_settings", {"APP_HOST": "localhost"}),
        ("LOG_LEVEL", "warn", "log_level", "warn"),
        ("SERVER_UNIX_SOCKET_MODE", "777", "unix_socket_mode", 0o777),
        ("OPENAPI_MODE", "disabled", "openapi_mode", "disabled"),
        ("DB_URI", "postgres://localhost/x", "database_url", "postgres://localhost/x"),
        (
            "DB_URI",
            "host=/run/pg dbname=x user='a b' password = 'it\\'s'",
            "database_url",
            "postgresql://a%20b:it%27s@/x?host=%2Frun%2Fpg",
        ),
    ],
)
def test_postgrest_names_are_read(variable: str, text: str, name: str, expected: Any) -> None:
    assert attribute(load_settings({f"PGRST_{variable}": text}), name) == expected


def test_postgrest_names_bring_postgrests_defaults() -> None:
    settings = load_settings({"PGRST_DB_POOL": "5"})
    found = {name: attribute(settings, name) for name in ("host", "port", "admin_host", "admin_port", "anon_role")}
    assert found == {"host": "0.0.0.0", "port": 3000, "admin_host": "0.0.0.0", "admin_port": None, "anon_role": None}
    assert settings.postgrest_mode
    assert settings.extra_search_path == ("public",)
    assert settings.database_url.get_secret_value() == "postgresql://"
    assert not load_settings(BASE).postgrest_mode


def test_precedence(tmp_path: Path) -> None:
    conf = tmp_path / "postgrest.conf"
    conf.write_text(
        'server-port = 1\ndb-schemas = "conf"\njwt-aud = "conf"\ndb-channel = "conf"\npre-request = "conf"\n'
    )
    toml = tmp_path / "passerelle.toml"
    toml.write_text('port = 2\nschemas = ["toml"]\njwt_aud = "toml"\nchannel = "toml"\n')
    pgrst = {"PGRST_SERVER_PORT": "3", "PGRST_DB_SCHEMAS": "pgrst", "PGRST_JWT_AUD": "pgrst"}
    own = {"PASSERELLE_PORT": "4", "PASSERELLE_SCHEMAS": "own"}
    settings = load_settings({**pgrst, **own}, options={"port": 5, "host": None}, config_file=toml, postgrest_file=conf)
    found = (settings.port, settings.schemas, settings.jwt_aud, settings.channel, settings.pre_request)
    assert found == (5, ("own",), "pgrst", "toml", "conf")


def test_a_name_beats_its_older_alias() -> None:
    assert load_settings({"PGRST_DB_SCHEMAS": "new", "PGRST_DB_SCHEMA": "old"}).schemas == ("new",)


def test_an_empty_postgrest_value_takes_the_files_away(tmp_path: Path) -> None:
    conf = tmp_path / "postgrest.conf"
    conf.write_text('db-anon-role = "anon"\n')
    assert load_settings({}, postgrest_file=conf).anon_role == "anon"
    assert load_settings({"PGRST_DB_ANON_ROLE": ""}, postgrest_file=conf).anon_role is None


def test_an_empty_own_value_counts_as_absent() -> None:
    settings = load_settings({"PASSERELLE_DATABASE_URL": "", "PGRST_DB_URI": URL, "PASSERELLE_SCHEMAS": ""})
    assert settings.database_url.get_secret_value() == URL
    assert settings.schemas == ("public",)


def test_direct_url_is_the_database_url_unless_given() -> None:
    assert load_settings(BASE).direct_url.get_secret_value() == URL
    assert (
        load_settings({**BASE, "PASSERELLE_DIRECT_URL": "postgres://d"}).direct_url.get_secret_value() == "postgres://d"
    )
    assert Settings.model_validate({"database_url": URL}).direct_url.get_secret_value() == URL


def test_toml_and_its_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "passerelle.toml").write_text(
        f'database_url = "{URL}"\nschemas = ["a,b", "c"]\nport = 1234\nprepared_statements = false\n'
        'pool_max_idletime = 2.5\n[app_settings]\nhost = "x"\nnumber = 3\nflag = true\n'
    )
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"PASSERELLE_APP_SETTINGS_HOST": "y"})
    assert settings.schemas == ("a,b", "c")
    assert (settings.port, settings.prepared_statements, settings.pool_max_idletime) == (1234, False, 2.5)
    assert settings.app_settings == {"host": "x", "number": "3", "flag": "true", "HOST": "y"}
    other = tmp_path / "other.toml"
    other.write_text("port = 4321\n")
    assert load_settings({**BASE, "PASSERELLE_CONFIG": str(other)}).port == 4321


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("db-pool = 3", "pool_size", 3),
        ("  db-pool=3# few", "pool_size", 3),
        ('db-schemas = "a, \\"b\\", c\\\\d" # two', "schemas", ("a", '"b"', "c\\d")),
        ('jwt-aud = "a # b"', "jwt_aud", "a # b"),
        ('jwt-aud = "\\u00fc\\t"', "jwt_aud", "ü\t"),
        ("db-prepared-statements = false", "prepared_statements", False),
        ('db-plan-enabled = "True"', "plan_enabled", True),
        ("secret-is-base64 = 1", "jwt_secret_is_base64", True),
        ('app.settings.some_key = "v"', "app_settings", {"some_key": "v"}),
        ('db-extra-search-path = ""', "extra_search_path", ()),
        ("# db-pool = 3\n\n   # more", "pool_size", 10),
    ],
)
def test_postgrest_conf(tmp_path: Path, line: str, name: str, expected: Any) -> None:
    conf = tmp_path / "postgrest.conf"
    conf.write_text(line + "\n")
    assert attribute(load_settings({}, postgrest_file=conf), name) == expected


@pytest.mark.parametrize("name", ["PASSERELLE_JWT_SECRET", "PGRST_JWT_SECRET"])
def test_a_secret_may_be_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    settings = load_settings({**BASE, name: f"@{file}"})
    assert attribute(settings, "jwt_secret") == SECRET
    assert not settings.jwt_secret_is_base64


def test_a_secret_file_may_be_binary(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(bytes(range(200, 240)))
    settings = load_settings({"PGRST_JWT_SECRET": f"@{file}"})
    assert settings.jwt_secret_is_base64
    assert attribute(settings, "jwt_secret").startswith("yMnKy8zN")


def test_a_database_url_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")
    assert attribute(load_settings({"PGRST_DB_URI": f"@{file}"}), "database_url") == URL


def test_database_config_lies_over_everything() -> None:
    settings = load_settings({"PGRST_DB_SCHEMAS": "a", "PGRST_DB_ANON_ROLE": "web", "PGRST_DB_POOL": "3"})
    changed = settings.with_database_config(
        {
            "pgrst.db_schemas": "b, c",
            "db_max_rows": "5",
            "pgrst.db_anon_role": "",
            "pgrst.server_port": "1",
            "pgrst.x": "y",
        }
    )
    assert (changed.schemas, changed.max_rows, changed.anon_role) == (("b", "c"), 5, None)
    assert (changed.port, changed.pool_size) == (3000, 3)
    assert settings.schemas == ("a",)
    with pytest.raises(SettingsError, match=r"pgrst.db_max_rows in the database: 'many'"):
        settings.with_database_config({"pgrst.db_max_rows": "many"})


def test_the_environment_is_the_default_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", URL)
    monkeypatch.setenv("PASSERELLE_PORT", "4242")
    assert load_settings().port == 4242


@given(st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_a_postgrest_conf(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    lines = f'a = 1\r\njwt-aud = "{quoted}" # {text}\nb = 2'
    assert parse_file(lines, "postgrest.conf") == {"a": "1", "jwt-aud": text, "b": "2"}


@given(
    st.dictionaries(
        st.sampled_from(["user", "password", "dbname", "application_name"]), st.text("ab '\\=@/?%ü", max_size=8)
    )
)
def test_any_keywords_survive_as_a_uri(keywords: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    uri = urlsplit(uri_of_keywords(" ".join(f"{key} = {quoted(value)}" for key, value in keywords.items())))
    login, _, _ = uri.netloc.rpartition("@")
    user, colon, password = login.partition(":")
    found = {
        "user": unquote(user),
        "dbname": unquote(uri.path[1:]),
        **dict(parse_qsl(uri.query, keep_blank_values=True)),
    }
    if colon:
        found["password"] = unquote(password)
    assert found == {"user": "", "dbname": "", **keywords}


async def test_a_keyword_string_connects(postgres: EmbeddedPostgres) -> None:
    keywords = f"host={postgres.socket_directory} port={postgres.port} user=postgres dbname=postgres"
    connection = await asyncpg.connect(load_settings({"PGRST_DB_URI": keywords}).database_url.get_secret_value())
    assert await connection.fetchval("select current_user") == "postgres"
    await connection.close()

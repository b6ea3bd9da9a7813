"""A wrong value is refused with the name the user wrote, what is wrong and what is allowed; secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings, SettingsError, load_settings

BASE = {"PASSERELLE_DATABASE_URL": "postgresql://authenticator:hunter2@db/app"}


def problems(environment: dict[str, str], **files: Path) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(environment, **files)
    return list(raised.value.problems)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PASSERELLE_PORT", "99999", ["'99999'", "less than or equal to 65535", "port number from 1 to 65535"]),
        ("PASSERELLE_PORT", "-1", ["'-1'", "1 to 65535"]),
        ("PASSERELLE_PORT", "http", ["'http'", "1 to 65535"]),
        ("PASSERELLE_PORT", "1e3", ["'1e3'", "1 to 65535"]),
        ("PASSERELLE_PORT", "9" * 5000, ["'999", "…", "1 to 65535"]),
        ("PASSERELLE_PORT", "80\n80", [r"'80\n80'"]),
        ("PASSERELLE_ADMIN_PORT", "54321", ["is the port of the API too"]),
        ("PASSERELLE_TX_END", "never", ["'never'", "commit-allow-override", "rollback"]),
        ("PASSERELLE_POOL_MODE", "statement", ["session, transaction"]),
        ("PASSERELLE_POOL_SIZE", "-1", ["greater than or equal to 1"]),
        ("PASSERELLE_POOL_ACQUISITION_TIMEOUT", "nan", ["finite", "seconds"]),
        ("PASSERELLE_POOL_ACQUISITION_TIMEOUT", "inf", ["seconds"]),
        ("PASSERELLE_POOL_MAX_LIFETIME", "0", ["greater than 0"]),
        ("PASSERELLE_SCHEMAS", "public,,api", ["is empty", "separated by commas"]),
        ("PASSERELLE_SCHEMAS", "public,pg_catalog", ["pg_catalog cannot be exposed"]),
        ("PASSERELLE_SCHEMAS", "information_schema", ["information_schema cannot be exposed"]),
        ("PASSERELLE_SCHEMAS", "a" * 64, ["longer than the 63 bytes"]),
        ("PASSERELLE_CHANNEL", "a\0b", ["NUL"]),
        ("PASSERELLE_REDIS_PREFIX", "app{1}:", ["'app{1}:'", "may not contain braces"]),
        ("PASSERELLE_REDIS_PREFIX", "my app:", ["spaces"]),
        ("PASSERELLE_RATE_LIMITS", "reads", ["is no list of name=rate", "reads, writes, anonymous, rows, cost"]),
        ("PASSERELLE_RATE_LIMITS", "logins=5/min", ["is no list of name=rate"]),
        ("PASSERELLE_RATE_LIMITS", "reads=5/min,reads=6/min", ["names reads twice"]),
        ("PASSERELLE_RATE_LIMITS", "reads=5/m", ["reads is no rate like 600/min"]),
        ("PASSERELLE_RATE_LIMITS", "reads=5/min burst 6", ["a burst from 1 to the count"]),
        ("PASSERELLE_RATE_LIMITS", "cost=5/min", ["only known with a `max_cost`"]),
        ("PASSERELLE_TRUSTED_PROXIES", "10.0.0.1/8", ["has host bits set", "networks and addresses"]),
        ("PASSERELLE_TRUSTED_PROXIES", "proxy.example", ["is no list of networks"]),
        ("PASSERELLE_FORWARDED_HEADER", "Via", ["X-Forwarded-For, Forwarded"]),
        ("PASSERELLE_UNIX_SOCKET_MODE", "888", ["octal"]),
        ("PASSERELLE_UNIX_SOCKET_MODE", "177", ["600 to 777"]),
        ("PASSERELLE_REQUIRE_API_KEY", "maybe", ["'maybe'", "true or false"]),
        ("PASSERELLE_LOG_LEVEL", "verbose", ["crit, error, warn, info, debug"]),
        ("PGRST_SERVER_PORT", "none", ["PGRST_SERVER_PORT: 'none'"]),
        ("PGRST_DB_MAX_ROWS", "ten", ["PGRST_DB_MAX_ROWS: 'ten'"]),
        ("PGRST_MAX_ROWS", "ten", ["PGRST_MAX_ROWS: 'ten'"]),
        ("PGRST_DB_SCHEMAS", "pg_catalog", ["PGRST_DB_SCHEMAS", "cannot be exposed"]),
    ],
)
def test_problem_and_allowed_form(name: str, value: str, says: list[str]) -> None:
    (problem,) = problems({**BASE, name: value})
    assert problem.startswith(name)
    assert "expected" in problem
    for words in says:
        assert words in problem
    assert len(problem) < 400


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PASSERELLE_DATABASE_URL", "mysql://u:hunter2@h/d", "postgresql://"),
        ("PASSERELLE_DATABASE_URL", "host='hunter2", "keyword=value"),
        ("PASSERELLE_DIRECT_URL", "hunter2", "postgresql://"),
        ("PASSERELLE_REDIS_URL", "http://:hunter2@h", "redis://"),
        ("PASSERELLE_REDIS_URL", "redis://:hunter2@h:port", "has a port that is no whole number"),
        ("PASSERELLE_REDIS_URL", "sentinel://:hunter2@h", "needs the name of the service"),
        ("PASSERELLE_REDIS_URL", "cluster://:hunter2@a,b/3", "a cluster has only database 0"),
        ("PASSERELLE_REDIS_URL", "redis://:hun?hunter2@h", "percent-encode"),
        ("PASSERELLE_REDIS_URL", "redis://h?hunter2=1", "has an unknown option"),
        ("PASSERELLE_JWT_SECRET", "hunter2", "shorter than 32 bytes"),
        ("PASSERELLE_JWT_SECRET", '{"k": "hunter2" not json', "is not JSON"),
        ("PASSERELLE_SECRET_KEYS", "hunter2,", "is empty"),
        ("PASSERELLE_ADMIN_TOKEN", "\0hunter2", "NUL"),
    ],
)
def test_credentials_are_not_shown(name: str, value: str, says: str) -> None:
    (problem,) = problems({**BASE, name: value})
    assert problem.startswith(name)
    assert says in problem
    assert "hunter2" not in problem


def test_a_base64_secret_is_measured_decoded() -> None:
    base64 = {"PGRST_JWT_SECRET_IS_BASE64": "true"}
    assert "is not base64" in problems({**base64, "PGRST_JWT_SECRET": "!" * 50})[0]
    assert "shorter than 32 bytes" in problems({**base64, "PGRST_JWT_SECRET": "c2hvcnQ" * 5})[0]
    load_settings({**base64, "PGRST_JWT_SECRET": "cmVhbGx5cmVhbGx5cmVhbGx5cmVhbGx5dmVyeXNhZmU."})


def test_all_problems_are_reported_at_once() -> None:
    found = problems(
        {
            "PASSERELLE_PORT": "x",
            "PGRST_DB_TX_END": "x",
            "PASSERELLE_JWT_SECRET": "@/nonexistent",
            "PASSERELLE_REDIS_URL": "x",
        }
    )
    assert len(found) == 4
    assert any("PASSERELLE_JWT_SECRET: cannot read '/nonexistent': No such file" in problem for problem in found)


def test_a_missing_database_url_is_said_once() -> None:
    (problem,) = problems({})
    assert problem.startswith("PASSERELLE_DATABASE_URL is not set; expected postgresql://")


def test_files_are_named(tmp_path: Path) -> None:
    toml = tmp_path / "passerelle.toml"
    toml.write_text('port = "x"\nprot = 1\nschemas = 3\n')
    found = problems(BASE, config_file=toml)
    assert any(p.startswith("port in passerelle.toml: 'x'") for p in found)
    assert any(p == "prot in passerelle.toml is not a setting; did you mean port?" for p in found)
    assert any(p.startswith("schemas in passerelle.toml: 3") for p in found)
    toml.write_text("port = \n")
    assert "line 1" in problems(BASE, config_file=toml)[0]
    assert "No such file" in problems(BASE, config_file=tmp_path / "none.toml")[0]
    toml.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in problems(BASE, config_file=toml)[0]


@pytest.mark.parametrize(
    "line", ["db-pool", "db-pool = ", 'a = "b', 'a = "b" c', "group { a = 1 }", 'a = "\\', "= 3", 'import "x"']
)
def test_postgrest_conf_names_the_line(tmp_path: Path, line: str) -> None:
    conf = tmp_path / "postgrest.conf"
    conf.write_text(f"# one\n{line}\n")
    (problem,) = problems({}, postgrest_file=conf)
    assert problem.startswith("postgrest.conf, line 2: expected key = value")


def test_postgrest_conf_values_are_named(tmp_path: Path) -> None:
    conf = tmp_path / "postgrest.conf"
    conf.write_text('db-pool = "many"\n')
    assert problems({}, postgrest_file=conf)[0].startswith("db-pool in postgrest.conf: 'many'")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PASSERELLE_DATABASEURL", "did you mean PASSERELLE_DATABASE_URL?"),
        ("PASSERELLE_SCHEMA", "did you mean PASSERELLE_SCHEMAS?"),
        ("PASSERELLE_ZZZ", "is not a setting"),
        ("PGRST_DB_URL", "did you mean PGRST_DB_URI?"),
        ("PGRST_LOG_QUERY", "has no effect here"),
        ("PGRST_ADMIN_SERVER_UNIX_SOCKET", "has no effect here"),
    ],
)
def test_unknown_names_are_warned_about(name: str, expected: str) -> None:
    warnings: list[str] = []
    load_settings({**BASE, name: "hunter2"}, warn=warnings.append)
    assert len(warnings) == 1
    assert warnings[0].startswith(name)
    assert expected in warnings[0]
    assert "hunter2" not in warnings[0]


def test_nothing_prints_a_credential() -> None:
    settings = load_settings(
        {
            **BASE,
            "PASSERELLE_JWT_SECRET": "hunter2" * 8,
            "PASSERELLE_SERVICE_KEY": "hunter2",
            "PASSERELLE_SECRET_KEYS": "hunter2",
            "PASSERELLE_REDIS_URL": "redis://:hunter2@r",
            "PASSERELLE_APP_SETTINGS_KEY": "hunter2",
        }
    )
    dump = settings.public_dump()
    for text in (repr(settings), str(settings), str(dump)):
        assert "hunter2" not in text
    assert dump["jwt_secret"] == "***"
    assert dump["jwks"] is None
    assert dump["port"] == 54321
    assert dump["app_settings"] == {"KEY": "***"}
    assert set(dump) == set(Settings.model_fields)


def test_settings_do_not_change() -> None:
    settings = load_settings(BASE)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]

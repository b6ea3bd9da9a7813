"""`passerelle doctor`: does everything around the gateway fit together, and if not, what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import typer

from gateway.commands.console import EXIT_FAILURE
from gateway.commands.finding import Finding
from gateway.commands.redis_findings import examine_redis
from gateway.settings import Settings

if TYPE_CHECKING:
    import asyncpg

_TIMEOUT: Final = 5.0
_SOON: Final = 30 * 86400
_COLOURS: Final = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}


def run_doctor(settings: Settings) -> None:
    """Print every finding; exit code 1 if one is a failure."""
    findings = asyncio.run(_examine(settings))
    for finding in findings:
        typer.echo(f"{typer.style(f'{finding.level:4}', fg=_COLOURS[finding.level])} {finding.text}")
        if finding.remedy:
            typer.echo(f"     → {finding.remedy}")
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(EXIT_FAILURE)


async def _examine(settings: Settings) -> list[Finding]:
    findings = [finding async for finding in examine_database(settings)]
    findings += await examine_redis(settings)
    findings += examine_keys(settings, int(time.time()))
    return findings


async def examine_database(settings: Settings) -> AsyncIterator[Finding]:
    """Can it be reached, is it new enough, and does the login role have the rights it needs and no more."""
    import asyncpg

    try:
        connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=_TIMEOUT)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person should read it
        yield _unreachable(error)
        return
    try:
        query = resources.files("gateway.commands").joinpath("doctor.sql").read_text()
        row = await connection.fetchrow(query, list(_roles(settings)), list(settings.schemas))
    finally:
        await connection.close()
    if row is None:
        yield Finding("fail", "The login role is not listed in pg_roles.", "Check the database's catalog.")
        return
    for finding in (*_version(row["version_num"]), *_login_role(row), *_schemas(settings, row)):
        yield finding


def examine_keys(settings: Settings, now: int) -> list[Finding]:
    """Is there a way to verify tokens, and were the keys made with this secret and for the right roles."""
    if settings.jwt_secret is None and settings.jwks is None:
        text = "No JWT secret is set: every request with a token is refused."
        return [Finding("warn", text, "Set PASSERELLE_JWT_SECRET (passerelle keys makes one) or PASSERELLE_JWKS.")]
    findings = [Finding("ok", "There are keys to verify tokens with.")]
    if settings.jwt_secret is None or settings.jwt_secret_is_base64:
        return findings
    secret = settings.jwt_secret.get_secret_value()
    if secret.lstrip().startswith("{"):
        return findings
    for variable, key, role in (
        ("PASSERELLE_ANON_KEY", settings.anon_key, settings.anon_role),
        ("PASSERELLE_SERVICE_KEY", settings.service_key, settings.service_role),
    ):
        if key is not None and key.get_secret_value().count(".") == 2:  # noqa: PLR2004 - the dots of a JWT
            findings += _key(variable, key.get_secret_value(), secret, role, now)
    return findings


def _key(variable: str, key: str, secret: str, role: str | None, now: int) -> Iterator[Finding]:
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(
            key, secret, algorithms=["HS256", "HS384", "HS512"], options={"verify_aud": False}
        )
    except jwt.ExpiredSignatureError:
        yield Finding("fail", f"{variable} has expired.", "Make new keys: passerelle keys.")
    except jwt.InvalidTokenError as error:
        remedy = "They belong together: set both from one run of passerelle keys."
        yield Finding("fail", f"{variable} was not made with PASSERELLE_JWT_SECRET ({error}).", remedy)
    else:
        if claims.get("role") != role:
            remedy = "Exchange the keys, or make new ones: passerelle keys."
            yield Finding("fail", f"{variable} is a key for {claims.get('role')!r}, not {role!r}.", remedy)
        elif isinstance(claims.get("exp"), int) and claims["exp"] < now + _SOON:
            yield Finding("warn", f"{variable} expires within a month.", "Make new keys: passerelle keys.")
        else:
            yield Finding("ok", f"{variable} fits the JWT secret.")


def _roles(settings: Settings) -> Sequence[str]:
    anonymous = (settings.anon_role,) if settings.anon_role is not None else ()
    return anonymous if settings.postgrest_mode else (*anonymous, "authenticated", settings.service_role)


def _unreachable(error: Exception) -> Finding:
    import asyncpg

    told = str(error) or type(error).__name__
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            remedy = "Correct user and password in PASSERELLE_DATABASE_URL, or ALTER ROLE … PASSWORD as the owner."
        case asyncpg.InvalidCatalogNameError():
            remedy = "Correct the database's name in PASSERELLE_DATABASE_URL, or create it."
        case asyncpg.TooManyConnectionsError():
            remedy = "Raise max_connections, or lower PASSERELLE_POOL_SIZE times the number of workers."
        case TimeoutError():
            told, remedy = f"no answer within {_TIMEOUT:g} s", "Check address, port and firewall."
        case OSError():
            remedy = "Start PostgreSQL, or correct host and port in PASSERELLE_DATABASE_URL."
        case _:
            remedy = "Check PASSERELLE_DATABASE_URL."
    return Finding("fail", f"The database cannot be reached: {told}", remedy)


def _version(version_num: int) -> Iterator[Finding]:
    from gateway.database import refuse_server_version

    reason = refuse_server_version(version_num)
    if reason is not None:
        yield Finding("fail", reason, "Update PostgreSQL; a minor update needs no dump and restore.")
    else:
        yield Finding("ok", f"PostgreSQL {version_num // 10000}.{version_num % 10000} answers.")


def _login_role(row: asyncpg.Record) -> Iterator[Finding]:
    login = row["login"]
    own = f"Log in as an ordinary role (authenticator) in PASSERELLE_DATABASE_URL instead of {login}."
    if row["superuser"]:
        yield Finding("fail", f"The login role {login} is a superuser: row security would not hold.", own)
    elif row["bypasses_row_security"]:
        yield Finding("fail", f"The login role {login} bypasses row security.", f"ALTER ROLE {login} NOBYPASSRLS;")
    if row["missing_roles"]:
        missing = ", ".join(row["missing_roles"])
        yield Finding("fail", f"Roles are missing: {missing}.", "Run passerelle migrate, or CREATE ROLE … NOLOGIN;")
    if row["refused_roles"] and not row["superuser"]:
        refused = ", ".join(row["refused_roles"])
        yield Finding("fail", f"{login} may not become {refused}.", f"GRANT {refused} TO {login};")
    if row["inherited_roles"] and not row["superuser"]:
        inherited = ", ".join(row["inherited_roles"])
        remedy = (
            f"ALTER ROLE {login} NOINHERIT; and from PostgreSQL 16 on GRANT {inherited} TO {login} WITH INHERIT FALSE;"
        )
        yield Finding("fail", f"{login} has the rights of {inherited} without becoming it.", remedy)
    if not any(
        row[name]
        for name in ("superuser", "bypasses_row_security", "missing_roles", "refused_roles", "inherited_roles")
    ):
        yield Finding("ok", f"The login role {login} may become every role it needs, and has no rights of its own.")


def _schemas(settings: Settings, row: asyncpg.Record) -> Iterator[Finding]:
    for schema in row["missing_schemas"]:
        yield Finding(
            "fail", f"The exposed schema {schema!r} does not exist.", "Create it, or correct PASSERELLE_SCHEMAS."
        )
    if not row["missing_schemas"]:
        yield Finding("ok", f"The exposed schemas exist: {', '.join(settings.schemas)}.")

"""`passerelle cache explain`: whether the answer to a read is kept, for whom, and for how long."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import asyncpg
import typer
from pydantic import SecretStr

from gateway.catalog import load_catalog, read_database_config
from gateway.commands.cache.caller import identity_of
from gateway.commands.cache.describing import Explanation, document, lines
from gateway.commands.cache.reading import Read, account, alias_values, read_of
from gateway.commands.cache.words import visible
from gateway.commands.console import EXIT_SETTINGS, dev_environment, fail, fail_settings, settings_or_exit
from gateway.commands.policies.opening import connected
from gateway.errors import GatewayError
from gateway.policies.aliases import NotAnAlias, read_alias
from gateway.rules import function_name, rest_rules
from gateway.settings import Settings, SettingsError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_UNSET: Final = "postgresql://"
_SETTING: Final = "PASSERELLE_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks. `claims` is a JSON object, `sub` one of them; `token` is a JWT, in place of claims."""

    role: str | None = None
    sub: str | None = None
    claims: str | None = None
    token: str | None = None


def run_explain(query: str, who: Who, *, config: Path | None, as_json: bool) -> None:
    """Explain what becomes of GET `query` in the cache of gateways with these settings."""
    explanation = asyncio.run(_explain(query, who, _settings(config)))
    if as_json:
        typer.echo(json.dumps(document(explanation), indent=2))
        return
    for line in lines(explanation):
        typer.echo(visible(line))


def _settings(config: Path | None) -> Settings:
    """Those of the process. Without PASSERELLE_DATABASE_URL, a `passerelle dev` of this directory counts."""
    settings = settings_or_exit({}, config=config, defaults={"database_url": _UNSET})
    if settings.database_url.get_secret_value() != _UNSET:
        return settings
    dev = dev_environment(settings)
    if _SETTING not in dev:
        fail(
            f"{_SETTING} is not set; expected postgresql://user:password@host:port/database. "
            "While `passerelle dev` runs in this directory, its database is taken.",
            code=EXIT_SETTINGS,
        )
    url = SecretStr(dev[_SETTING])
    found: dict[str, Any] = {"database_url": url, "direct_url": url}
    if "PASSERELLE_REDIS_URL" in dev:
        found["redis_url"] = SecretStr(dev["PASSERELLE_REDIS_URL"])
    return settings.model_copy(update=found)


async def _explain(query: str, who: Who, given: Settings) -> Explanation:
    # As the gateway connects to load its catalog: the key of an answer has settings of that session.
    async with connected(given.direct_url.get_secret_value(), _SETTING, timezone=None) as connection:
        settings = await _with_database_config(given)
        identity = identity_of(settings, role=who.role, sub=who.sub, claims=who.claims, token=who.token)
        if not await connection.fetchval("select exists(select from pg_roles where rolname = $1)", identity.role):
            fail(visible(f"there is no role {identity.role}"), code=EXIT_SETTINGS)
        catalog = await load_catalog(
            connection,
            schemas=settings.schemas,
            extra_search_path=settings.extra_search_path,
            hoisted=settings.hoisted_tx_settings,
            version=1,
            caching=True,
        )
        rules = rest_rules(settings)
        try:
            read = read_of(query, catalog, rules)
        except GatewayError as error:
            hint = f" ({error.hint})" if error.hint else ""
            fail(visible(f"the gateway refuses this request: {error.status} {error.code}: {error.message}{hint}"))
        if read is None:
            fail("this is the description of the API, which is not kept")
        aliases = await _aliases(connection, read) if catalog.caching is not None else []
    filled = _filled(aliases, alias_values(read, identity))
    return Explanation(
        query,
        identity,
        account(read, identity, catalog, rules, settings.redis_prefix),
        filled,
        tuple(aliases) if filled is None else (),
        tuple(_against(settings, records_changes=catalog.records_changes)),
        assumed=who.token is not None,
    )


async def _with_database_config(given: Settings) -> Settings:
    """With what the database says of settings, as the gateway has them."""
    if not given.config_from_database:
        return given
    url = given.direct_url.get_secret_value()
    try:
        return given.with_database_config(await read_database_config(url, function_name(given.pre_config)))
    except SettingsError as error:
        fail_settings(error.problems)


async def _aliases(connection: Connection, read: Read) -> list[str]:
    """What the policy file in force calls answers of this relation or function."""
    name, oid = read.subject
    statement = resources.files("gateway.commands.cache").joinpath("aliases.sql").read_text("utf-8")
    async with connection.transaction(readonly=True):
        await connection.execute("set local search_path = ''")  # so that signatures are written as in the record
        kind = "tables" if oid is None else "functions"
        found = await connection.fetchval(statement, kind, str(name), oid)
    listed: Any = json.loads(found) if found is not None else []
    return [each for each in cast("list[Any]", listed) if isinstance(each, str)] if isinstance(listed, list) else []


def _filled(aliases: Sequence[str], values: Mapping[str, str]) -> str | None:
    """The first that fits."""
    for alias in aliases:
        try:
            filled = read_alias(alias).fill(values)
        except NotAnAlias:  # not written by applying files
            continue
        if filled is not None:
            return filled
    return None


def _against(settings: Settings, *, records_changes: bool) -> Iterator[str]:
    if settings.redis_url is None:
        yield "PASSERELLE_REDIS_URL is not set"
    if not settings.cache_enabled:
        yield "PASSERELLE_CACHE_ENABLED is false"
    if settings.pre_request is not None:
        yield "PASSERELLE_PRE_REQUEST wants to see each request"
    if not records_changes:
        yield "the database does not record changes, which takes `passerelle migrate`"

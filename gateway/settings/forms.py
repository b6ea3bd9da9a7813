"""What values may look like: types that read text from the environment, each with its allowed form in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from gateway.rates import Rate, read_rate
from gateway.redisurl import check_prefix, parse_url

_LONGEST_IDENTIFIER = 63
_KEYWORD = re.compile(
    r"""\s*(?P<key>\w+)\s*=\s*(?:'(?P<quoted>(?:[^'\\]|\\.)*)'|(?P<bare>(?:[^\s'\\]|\\.)*))(?:\s+|$)""", re.DOTALL
)
_HIDDEN_SCHEMAS = ("pg_catalog", "information_schema")
_ANY_ADDRESS = {"!4": "0.0.0.0", "*4": "0.0.0.0", "*": "0.0.0.0", "!6": "::", "*6": "::"}  # noqa: S104 - PostgREST's forms


RateLimitName = Literal["reads", "writes", "anonymous", "rows", "cost"]
_RATE_LIMIT_NAMES = ("reads", "writes", "anonymous", "rows", "cost")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One of the limits that settings know, and its rate."""

    name: RateLimitName
    rate: Rate

    def __str__(self) -> str:
        return f"{self.name}={self.rate}"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Peers whose word about addresses counts."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    def __str__(self) -> str:
        return ",".join([*map(str, self.networks), *(["unix"] if self.unix else [])])


@dataclass(frozen=True, slots=True)
class Form:
    """The allowed form of a value, in words that complete "expected …"."""

    text: str


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("contains a NUL byte")
    return value


def _not_empty(value: str) -> str:
    if not _text(value).strip():
        raise ValueError("is empty")
    return value


def _identifier(value: str) -> str:
    if len(_not_empty(value).encode()) > _LONGEST_IDENTIFIER:
        raise ValueError(f"is longer than the {_LONGEST_IDENTIFIER} bytes of a PostgreSQL name")
    return value


def _role(value: Any) -> Any:
    """PostgreSQL reserves the name "none", so it can say that there is no role."""
    return None if value == "none" else value


def _off(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip().lower() in ("off", "none") else value


def _boolean(value: Any) -> Any:
    """As PostgREST reads booleans: letters alone decide, or else a number."""
    if not isinstance(value, str):
        return value
    letters = "".join(filter(str.isalpha, value)).lower()
    if letters in ("true", "false"):
        return letters == "true"
    try:
        return int(value) > 0
    except ValueError:
        raise ValueError("is not a boolean") from None


def _list(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",")) if value else ()


def _role_limits(value: Any) -> Any:
    """`role=number, …`"""
    if not isinstance(value, str):
        return value
    limits: dict[str, str] = {}
    for part in value.split(","):
        role, equals, number = part.partition("=")
        if not equals or not role.strip() or not number.strip().isdecimal():
            raise ValueError("is no list of role=number")
        if role.strip() in limits:
            raise ValueError(f"names {role.strip()} twice")
        limits[role.strip()] = number.strip()
    return limits


def _rate_limits(value: Any) -> Any:
    """`name=rate, …`, or the same as a list of texts."""
    limits: dict[str, RateLimit] = {}
    for part in _list(value):
        if isinstance(part, RateLimit):
            limits[part.name] = part
            continue
        name, equals, rate = str(part).partition("=")
        name = name.strip()
        if not equals or name not in _RATE_LIMIT_NAMES:
            raise ValueError("is no list of name=rate")
        if name in limits:
            raise ValueError(f"names {name} twice")
        try:
            limits[name] = RateLimit(name, read_rate(rate))
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
    return tuple(limits.values())


def _proxies(value: Any) -> Any:
    """Networks, and `unix`; or the same as a list of texts."""
    if isinstance(value, TrustedProxies):
        return value
    texts = [str(text) for text in cast("tuple[object, ...]", _list(value))]
    try:
        networks = tuple(ip_network(text) for text in texts if text != "unix")
    except ValueError as error:
        raise ValueError(f"is no list of networks: {error}") from None
    return TrustedProxies(networks, "unix" in texts)


def _mode(value: Any) -> Any:
    """Octal, as file modes are written."""
    try:
        return int(value, 8) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("is not an octal number") from None


def _host(value: str) -> str:
    return _ANY_ADDRESS.get(_not_empty(value), value)


def _schemas(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("names no schema")
    for name in value:
        if name in _HIDDEN_SCHEMAS:
            raise ValueError(f"{name} cannot be exposed")
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if value == () or "*" in value else value


def _database_url(value: SecretStr) -> SecretStr:
    text = _text(value.get_secret_value()).strip()
    if text.startswith(("postgresql://", "postgres://")):
        return SecretStr(text)
    if "=" in text and "://" not in text:
        return SecretStr(uri_of_keywords(text))
    raise ValueError("is neither a postgresql:// URL nor keywords")


def _redis_url(value: SecretStr) -> SecretStr:
    parse_url(_text(value.get_secret_value()))
    return value


def _redis_prefix(value: str) -> str:
    check_prefix(_text(value))
    return value


def _secret(value: SecretStr) -> SecretStr:
    _not_empty(value.get_secret_value())
    return value


def uri_of_keywords(text: str) -> str:
    """A libpq keyword string (``host=… dbname=…``) as a URI. Raises ValueError when it cannot be read."""
    given: dict[str, str] = {}
    at = 0
    while match := _KEYWORD.match(text, at):
        value = match["quoted"] if match["quoted"] is not None else match["bare"]
        given[match["key"]] = re.sub(r"\\(.)", r"\1", value)
        at = match.end()
    if at != len(text):
        raise ValueError("is not a list of keyword=value")
    login = quote(given.pop("user", ""), safe="")
    if (password := given.pop("password", None)) is not None:
        login += ":" + quote(password, safe="")
    database = quote(given.pop("dbname", ""), safe="")
    return f"postgresql://{login + '@' if login else ''}/{database}" + (f"?{urlencode(given)}" if given else "")


Text = Annotated[str, AfterValidator(_not_empty), Form("text")]
Identifier = Annotated[str, AfterValidator(_identifier), Form("the name of a database object, unquoted")]
OptionalRole = Annotated[
    Annotated[str, AfterValidator(_identifier)] | None, BeforeValidator(_role), Form('the name of a role, or "none"')
]
Names = Annotated[
    tuple[Annotated[str, AfterValidator(_not_empty)], ...],
    BeforeValidator(_list),
    Form("names separated by commas, unquoted"),
]
Schemas = Annotated[
    tuple[Annotated[str, AfterValidator(_identifier)], ...],
    BeforeValidator(_list),
    AfterValidator(_schemas),
    Form("names of schemas separated by commas, unquoted; the first is the default"),
]
SearchPath = Annotated[
    tuple[Annotated[str, AfterValidator(_identifier)], ...],
    BeforeValidator(_list),
    Form("names of schemas separated by commas, unquoted; may be empty"),
]
Origins = Annotated[
    tuple[str, ...] | None,
    AfterValidator(_origins),
    BeforeValidator(_list),
    Form('origins separated by commas, or "*" for all'),
]
Roles = Annotated[
    tuple[Annotated[str, AfterValidator(_identifier)], ...],
    BeforeValidator(_list),
    Form('names of roles separated by commas, "*" for all; may be empty'),
]
RoleLimits = Annotated[
    Mapping[Annotated[str, AfterValidator(_identifier)], Annotated[int, Field(ge=0)]],
    BeforeValidator(_role_limits),
    Form('role=number, separated by commas, "*" for all roles not named'),
]
RateLimits = Annotated[
    tuple[RateLimit, ...],
    BeforeValidator(_rate_limits),
    Form(
        "name=count/s, /min, /h or /d, then perhaps `burst` and a count, separated by commas; names are "
        + ", ".join(_RATE_LIMIT_NAMES)
    ),
]
Proxies = Annotated[
    TrustedProxies,
    BeforeValidator(_proxies),
    Form('networks and addresses separated by commas, "unix" for Unix sockets'),
]
Boolean = Annotated[bool, BeforeValidator(_boolean), Form("true or false")]
Port = Annotated[int, Field(ge=0, le=65535), Form("a port number from 1 to 65535, or 0 for a free one")]
OptionalPort = Annotated[
    Annotated[int, Field(ge=1, le=65535)] | None, BeforeValidator(_off), Form('a port number from 1 to 65535, or "off"')
]
Host = Annotated[str, AfterValidator(_host), Form("a host name or address; !4, !6 and * as PostgREST has them")]
FileMode = Annotated[int, BeforeValidator(_mode), Field(ge=0o600, le=0o777), Form("an octal file mode from 600 to 777")]
Count = Annotated[int, Field(ge=1), Form("a whole number from 1")]
CountOrZero = Annotated[int, Field(ge=0), Form("a whole number from 0")]
Workers = Annotated[int, Field(ge=1, le=256), Form("a whole number from 1 to 256")]
RequestLine = Annotated[int, Field(ge=1024, le=1 << 20), Form("bytes, from 1024 to 1048576")]
Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400, allow_inf_nan=False), Form("seconds, more than 0")]
Secret = Annotated[SecretStr, AfterValidator(_secret), Form("text, or @ and the path of a file that holds it")]
Secrets = Annotated[
    tuple[Secret, ...], BeforeValidator(_list), Form("keys separated by commas, or @ and the path of a file")
]
DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(_database_url),
    Form("postgresql://user:password@host:port/database, or @ and the path of a file that holds it"),
]
RedisUrl = Annotated[
    SecretStr,
    AfterValidator(_redis_url),
    Form(
        "redis://, rediss://, unix://, sentinel:// or cluster:// and the address, or @ and the path of a file that "
        "holds it"
    ),
]
RedisPrefix = Annotated[
    str,
    AfterValidator(_redis_prefix),
    Form('text without spaces, braces, brackets, "*", "?" and backslashes; may be empty'),
]
File = Annotated[Path, Form("a path")]
AppSettings = Annotated[Mapping[str, str], Form("a name after the prefix, and text as value")]
TransactionEnd = Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"]
OpenApiMode = Literal["follow-privileges", "ignore-privileges", "disabled"]
LogLevel = Literal["crit", "error", "warn", "info", "debug"]

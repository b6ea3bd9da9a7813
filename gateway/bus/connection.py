"""Single connections: redis-py's, opened and checked within a time. Only this file knows how redis-py makes them."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

import hiredis
from redis.asyncio import connection as driver
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff

from gateway.bus.errors import BusUnavailable, Reason, connection_error
from gateway.bus.tls import tls_context
from gateway.redisurl import Address, Place, Tls

Connection: TypeAlias = driver.AbstractConnection
Opener: TypeAlias = Callable[[], Awaitable[Connection]]
Argument: TypeAlias = str | bytes | int | float

_PING: Final = b"*1\r\n$4\r\nPING\r\n"
_ROLE: Final = re.compile(rb"^role:(\w+)", re.MULTILINE)


def pack(*command: Argument) -> bytes:
    """A command as the server reads it."""
    return hiredis.pack_command(command)  # type: ignore[no-any-return, arg-type]


async def receive(connection: Connection) -> Any:
    """The next reply, however long it takes; one that is an error is raised as redis-py's."""
    return await connection.read_response(timeout=math.inf, disconnect_on_error=False)  # pyright: ignore


async def send(connection: Connection, *packed: bytes) -> None:
    """Send commands; returns when the socket's buffer has room again."""
    await connection.send_packed_command(packed, check_health=False)


async def open_connection(address: Address, place: Place, *, master: bool = True) -> Connection:
    """A connection that has authenticated and answered, to a server that is a master. BusUnavailable otherwise."""
    connection = _make(address, place)
    try:
        async with asyncio.timeout(address.timeout):
            await connection.connect()
            await send(connection, _PING, *([pack("INFO", "replication")] if master else []))
            await receive(connection)
            if master and (role := _ROLE.search(await receive(connection))) and role[1] != b"master":
                raise BusUnavailable(Reason.REPLICA)
    except BaseException as error:
        close(connection)
        if isinstance(error, Exception):
            raise _told(connection_error(error), address.tls) from None
        raise
    return connection


def close(connection: Connection) -> None:
    """Close it at once, without waiting for the peer."""
    connection._close()  # pyright: ignore - `disconnect` would wait; this is what it does first


def make_sentinel(address: Address) -> Sentinel:
    """A client that asks the Sentinels of `address`, each at most for the timeout."""
    options = _options(address) | {"username": address.sentinel_user or None}
    options |= {"password": address.sentinel_password or None, "db": 0, "max_connections": 4}
    options |= {"socket_timeout": address.timeout, "socket_connect_timeout": address.timeout}
    sentinel = Sentinel([(place.host, place.port) for place in address.places], sentinel_kwargs=options)
    if address.tls is not None:
        for client in sentinel.sentinels:
            client.connection_pool.connection_class = _TlsConnection
            client.connection_pool.connection_kwargs["tls"] = address.tls
    return sentinel


async def ask_master(sentinel: Sentinel, address: Address) -> Place:
    """Where the Sentinels say the master is. BusUnavailable when none of them names one."""
    try:
        async with asyncio.timeout(address.timeout * (len(address.places) + 1)):
            found: tuple[Any, Any] = await sentinel.discover_master(address.service)  # pyright: ignore
    except MasterNotFoundError as error:
        details = str(error).partition(" : ")[0]
        if (problem := await _ask_sentinels(address)) is not None:
            details = f"no Sentinel can be asked: {problem.message} {problem.details or ''}".rstrip()
        raise BusUnavailable(Reason.NO_MASTER, details=details) from None
    except Exception as error:  # noqa: BLE001 - redis-py raises many kinds
        raise connection_error(error) from None
    return Place(str(found[0]), int(found[1]))


def _told(error: BusUnavailable, tls: Tls | None) -> BusUnavailable:
    """The error with a hint where TLS 1.3 leaves none: a server refuses a client's certificate only after the
    handshake, by ending the connection."""
    if tls is None or error.why is not Reason.UNREACHABLE or "connecting to" in (error.details or ""):
        return error
    hint = "ended before any answer; does the server demand a client's certificate (options cert and key)?"
    return BusUnavailable(Reason.UNREACHABLE, details=hint)


class _TlsConnection(driver.SSLConnection):
    """With a context of ours."""

    def __init__(self, *, tls: Tls, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._tls = tls
        self.ssl_context.context = tls_context(tls)

    async def _connect(self) -> None:
        self.ssl_context.context = tls_context(self._tls)  # a Sentinel's connects again and again
        await super()._connect()


async def _ask_sentinels(address: Address) -> BusUnavailable | None:
    """Why none of the Sentinels can be asked; None if one can."""
    user, password = address.sentinel_user, address.sentinel_password
    own = replace(address, user=user, password=password, database=0)
    problem: BusUnavailable | None = None
    for place in address.places:
        try:
            close(await open_connection(own, place, master=False))
        except BusUnavailable as error:
            problem = error
        else:
            return None
    return problem


def _make(address: Address, place: Place) -> Connection:
    options = _options(address)
    if place.path:
        return driver.UnixDomainSocketConnection(path=place.path, **options)
    if address.tls is not None:
        return _TlsConnection(tls=address.tls, host=place.host, port=place.port, **options)
    return driver.Connection(host=place.host, port=place.port, **options)


def _options(address: Address) -> dict[str, Any]:
    return {
        "db": address.database,
        "username": address.user or None,
        "password": address.password or None,
        "protocol": 2,
        "socket_timeout": None,  # the caller bounds the whole
        "socket_connect_timeout": address.timeout,
        "retry": Retry(NoBackoff(), 0),  # trying again is decided here, where it shows
        "driver_info": None,  # no CLIENT SETINFO, so ACLs need not allow it
    }

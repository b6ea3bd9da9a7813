"""What can go wrong with Redis, as the rest of the gateway sees it.

BusError                a GatewayError
├── BusUnavailable      503 with Retry-After; `why` says why
└── BusRefused          the server rejected the command itself: a fault of ours, or of its ACL
"""

from __future__ import annotations

import asyncio
import ssl
from enum import StrEnum
from math import ceil
from typing import Final

from redis import exceptions as driver

from gateway.errors import GatewayError


class Reason(StrEnum):
    """Why Redis cannot be used: a closed set, fit for labels."""

    CONNECTING = "connecting"
    """No connection was made yet."""
    UNREACHABLE = "unreachable"
    """Nobody accepts connections there, or the name does not resolve."""
    TLS = "tls"
    """The TLS handshake failed."""
    TIMEOUT = "timeout"
    """It did not answer in time."""
    LOST = "lost"
    """The connection ended."""
    AUTHENTICATION = "authentication"
    """It refuses the user or the password."""
    PERMISSION = "permission"
    """The user lacks a right that every connection needs."""
    LOADING = "loading"
    """It reads its data from disk."""
    REPLICA = "replica"
    """It is a replica, or became one."""
    NO_MASTER = "no_master"
    """No Sentinel names a master, or no node knows the slot's owner."""
    CLUSTER_DOWN = "cluster_down"
    """The cluster, or the part that holds this key, does not serve."""
    WRITES_REFUSED = "writes_refused"
    """It cannot write for now: too few replicas, or its disk fails."""
    OUT_OF_MEMORY = "out_of_memory"
    """`maxmemory` is reached and nothing may be evicted."""
    BUSY = "busy"
    """Too many calls are under way, or a script does not end."""
    MOVED = "moved"
    """Another server took over; connections to the former one were dropped."""
    STOPPED = "stopped"
    """The bus was stopped."""


_TEXTS: Final = {
    Reason.CONNECTING: "Redis is not connected yet",
    Reason.UNREACHABLE: "Redis cannot be reached",
    Reason.TLS: "The TLS handshake with Redis failed",
    Reason.TIMEOUT: "Redis does not answer in time",
    Reason.LOST: "The connection to Redis was lost",
    Reason.AUTHENTICATION: "Redis refuses the user or the password",
    Reason.PERMISSION: "Redis refuses its user a right that is needed",
    Reason.LOADING: "Redis is loading its data",
    Reason.REPLICA: "The Redis server is a replica",
    Reason.NO_MASTER: "No master of Redis is known",
    Reason.CLUSTER_DOWN: "The Redis cluster does not serve this key",
    Reason.WRITES_REFUSED: "Redis refuses to write for now",
    Reason.OUT_OF_MEMORY: "Redis is out of memory",
    Reason.BUSY: "Redis is too busy",
    Reason.MOVED: "Another Redis server took over",
    Reason.STOPPED: "The connection to Redis was stopped",
}


class BusError(GatewayError):
    """A call over the bus failed."""


class BusUnavailable(BusError):
    """Redis cannot be used for now; trying again after `retry_after` seconds makes sense.

    `uncertain`: the command was sent and may have run.
    """

    def __init__(
        self, reason: Reason, *, details: str | None = None, retry_after: float = 1.0, uncertain: bool = False
    ) -> None:
        headers = {"Retry-After": str(max(1, ceil(retry_after)))}
        super().__init__(503, "PGRSTX95", f"{_TEXTS[reason]}.", details=details, headers=headers)
        self.why = reason
        self.retry_after = retry_after
        self.uncertain = uncertain


class BusRefused(BusError):
    """The server rejected the command: wrong type, a failing script, a right that the ACL user lacks."""

    def __init__(self, details: str) -> None:
        super().__init__(500, "PGRSTX96", "Redis rejected a command.", details=details)


class ScriptMissing(BusRefused):
    """The server does not know a script's digest."""


class Redirected(BusUnavailable):
    """Another node of the cluster has the key: for good, or, with `ask`, for this command."""

    def __init__(self, error: driver.AskError) -> None:
        super().__init__(Reason.CLUSTER_DOWN, details="redirected too often", retry_after=0.1)
        self.ask = not isinstance(error, driver.MovedError)
        self.slot = error.slot_id
        self.host: str = error.host  # pyright: ignore[reportUnknownMemberType] - set by a chained assignment
        self.port = error.port


class SlotMigrating(BusUnavailable):
    """The keys of a command are on two nodes while their slot migrates."""

    def __init__(self) -> None:
        super().__init__(Reason.CLUSTER_DOWN, details="the slot migrates", retry_after=0.1)


BREAKING: Final = frozenset({Reason.LOADING, Reason.REPLICA, Reason.AUTHENTICATION})
"""Replies that say something of the connection, not of the command: it must be made anew."""

REPLIES: Final = (
    driver.ResponseError,
    driver.BusyLoadingError,
    driver.AuthenticationError,
    driver.AuthorizationError,
)
"""What redis-py raises for a reply that is an error; all else means that the connection is unusable."""

_BY_CODE: Final = {
    "MISCONF": Reason.WRITES_REFUSED,
    "NOREPLICAS": Reason.WRITES_REFUSED,
    "BUSY": Reason.BUSY,
}

_BY_KIND: Final[tuple[tuple[type[Exception], Reason], ...]] = (  # the first that fits wins
    (driver.AuthenticationError, Reason.AUTHENTICATION),
    (driver.AuthorizationError, Reason.AUTHENTICATION),
    (driver.BusyLoadingError, Reason.LOADING),
    (driver.ReadOnlyError, Reason.REPLICA),
    (driver.MasterDownError, Reason.REPLICA),
    (driver.ClusterDownError, Reason.CLUSTER_DOWN),
    (driver.OutOfMemoryError, Reason.OUT_OF_MEMORY),
)


def reply_error(error: Exception) -> BusError:
    """An error that the server sent as a reply. The text is the server's, which never repeats arguments' values."""
    if isinstance(error, driver.AskError):
        return Redirected(error)
    if isinstance(error, driver.TryAgainError):
        return SlotMigrating()
    if isinstance(error, driver.NoScriptError):
        return ScriptMissing("unknown script")
    for kind, reason in _BY_KIND:
        if isinstance(error, kind):
            return BusUnavailable(reason)
    text = str(error)
    reason = _BY_CODE.get(text.partition(" ")[0])
    return BusRefused(text) if reason is None else BusUnavailable(reason, details=text)


def connection_error(error: BaseException) -> BusUnavailable:
    """Why a connection could not be made or did not last."""
    if isinstance(error, BusUnavailable):
        return error
    if isinstance(error, BusRefused):
        return BusUnavailable(Reason.PERMISSION, details=str(error.details))
    for link in _chain(error):
        if isinstance(link, ssl.SSLError):
            return BusUnavailable(Reason.TLS, details=_tls_problem(link))
        for kind, reason in _BY_KIND:
            if isinstance(link, kind):
                return BusUnavailable(reason)
    if isinstance(error, driver.NoPermissionError):
        return BusUnavailable(Reason.PERMISSION, details=str(error))
    if isinstance(error, TimeoutError | asyncio.TimeoutError | driver.TimeoutError):
        return BusUnavailable(Reason.TIMEOUT)
    if isinstance(error, driver.ResponseError):
        return BusUnavailable(Reason.LOST, details=str(error))
    return BusUnavailable(Reason.UNREACHABLE, details=str(error))


def _tls_problem(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    return (error.reason or type(error).__name__).replace("_", " ").lower()


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links

"""HTTP to providers: short answers, in time, from where they should come from, and from nowhere else.

What a provider's documents name as endpoints is called as if an attacker had written it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from gateway.auth.providers.addresses import is_public
from gateway.auth.providers.errors import AddressRefused, AnswerUnfit, ProviderUnavailable

TIMEOUT: Final = 10.0
"""Seconds for everything that one request of ours asks of a provider."""

_LARGEST: Final = 256 * 1024
_CONNECTIONS: Final = 50
_SERVER_FAULT, _TOO_MANY = 500, 429
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what is not compressed is as long as it is
    "User-Agent": "passerelle",  # GitHub refuses to answer nobody
}


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be called besides public addresses over https: for development, tests, and a provider in one's own
    network."""

    private_addresses: bool = False
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer, neither a redirect nor a fault of its own. `body` is JSON; None if an error was none."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return self.status == 200  # noqa: PLR2004 - the only success that these protocols know


class ProviderClient:
    """Calls providers. To be used between `start` and `stop`."""

    def __init__(self, reach: Reach = Reach(), *, timeout: float = TIMEOUT, largest: int = _LARGEST) -> None:
        self._reach = reach
        self._timeout = timeout
        self._largest = largest
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open nothing yet, but be ready to."""
        resolver = None if self._reach.private_addresses else _PublicOnly()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit=_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            auto_decompress=False,
            trust_env=False,
        )

    async def stop(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, url: str, *, bearer: str | None = None) -> Answer:
        """What `url` answers. Raises ProviderError."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
        return await self._call("GET", url, headers=headers)

    async def document(self, url: str) -> Answer:
        """What `url` answers in half the time, so that there is some left and failures are seen as such. Raises
        ProviderError."""
        try:
            async with asyncio.timeout(self._timeout / 2):
                return await self._call("GET", url, headers={})
        except TimeoutError:
            raise ProviderUnavailable("timeout") from None

    async def post(self, url: str, fields: Mapping[str, str], *, authorization: str | None = None) -> Answer:
        """What `url` answers to a form. Raises ProviderError."""
        headers = {"Authorization": authorization} if authorization is not None else {}
        return await self._call("POST", url, headers=headers, data=fields)

    def checked(self, url: str) -> URL:
        """The URL, if it may be called as far as one can tell before its name is resolved. Raises AddressRefused."""
        try:
            parsed = URL(url)
            host = parsed.host
        except ValueError:
            raise AddressRefused("not a URL") from None
        if parsed.scheme != "https" and not (parsed.scheme == "http" and self._reach.plain_http):
            raise AddressRefused("not an https URL")
        if not host or parsed.user is not None or parsed.password is not None:
            raise AddressRefused("a URL without a host, or with a user")
        if not self._reach.private_addresses and _is_literal(host) and not is_public(host):
            raise AddressRefused(f"{host} is not a public address")
        return parsed

    @asynccontextmanager
    async def deadline(self) -> AsyncGenerator[None]:
        """What is done within must be done in time. Raises ProviderUnavailable."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            raise ProviderUnavailable("timeout") from None

    async def _call(self, method: str, url: str, *, headers: Mapping[str, str], data: Any = None) -> Answer:
        target = self.checked(url)
        if self._session is None:
            raise ProviderUnavailable("stopped")
        try:
            async with self._session.request(
                method, target, headers=headers, data=data, allow_redirects=False
            ) as response:
                return await self._answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Its text may contain the URL with what is in it.
            raise ProviderUnavailable(f"{target.host}: {type(error).__name__}") from None

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        status, host = response.status, response.url.host
        if status >= _SERVER_FAULT or status == _TOO_MANY:
            raise ProviderUnavailable(f"{host} answered {status}")
        if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects
            raise AnswerUnfit(f"{host} answered with a redirect")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AnswerUnfit(f"{host} compressed its answer unasked")
        body = await self._read(response)
        try:
            return Answer(status, orjson.loads(body))
        except orjson.JSONDecodeError:
            answer = Answer(status, None)
            if answer.ok:
                raise AnswerUnfit(f"{host} did not answer JSON") from None
            return answer

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._largest:
                raise AnswerUnfit(f"{response.url.host} answered more than {self._largest} bytes")
        return bytes(body)


class _PublicOnly(AbstractResolver):
    """Resolves names to public addresses. The connection goes to what was checked here, so that another answer to
    a second question changes nothing ("DNS rebinding"); one private address among others refuses them all."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            raise AddressRefused(f"{host} resolves to an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

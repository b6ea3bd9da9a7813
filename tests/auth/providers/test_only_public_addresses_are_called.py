"""What a provider's documents name is called only if it is https and public, whatever name it hides behind."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

import pytest
from aiohttp import web
from aiohttp.resolver import ThreadedResolver

from gateway.auth.providers import (
    AddressRefused,
    AnswerUnfit,
    OpenIdConnect,
    ProviderClient,
    ProviderUnavailable,
    Reach,
    Registration,
)
from gateway.auth.providers.addresses import is_public
from tests.auth.oidc_server import OidcServer
from tests.auth.providers.browser import attempt

PRIVATE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1"),
    *("2002:a00:1::", "2001:db8::1", "2001::1", "100::1", "", "x", "1.2.3", "2130706433"),
]
PUBLIC = ["1.1.1.1", "140.82.121.4", "172.32.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE + PUBLIC)
def test_addresses(address: str) -> None:
    assert is_public(address) == (address in PUBLIC)


@pytest.fixture
async def strict() -> Any:
    client = ProviderClient(Reach(plain_http=True), timeout=5)
    await client.start()
    yield client
    await client.stop()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f000001", "0", "017700000001"],
)
async def test_this_machine_under_all_its_names(oidc: OidcServer, strict: ProviderClient, host: str) -> None:
    with pytest.raises((AddressRefused, ProviderUnavailable)):
        await strict.get(f"http://{host}:{oidc.port}/jwks")
    assert oidc.requests == []


@pytest.mark.parametrize("found", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:127.0.0.1"]])
async def test_a_name_that_leads_inside(
    oidc: OidcServer, strict: ProviderClient, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    async def resolve(self: Any, host: str, port: int = 0, family: Any = 0) -> list[dict[str, Any]]:
        family = socket.AF_INET
        return [
            {"hostname": host, "host": each, "port": port, "family": family, "proto": 0, "flags": 0} for each in found
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    for _ in range(2):
        with pytest.raises(AddressRefused):
            await strict.get(f"http://provider.example:{oidc.port}/jwks")
    assert oidc.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://provider.example/",
        "ftp://provider.example/",
        "file:///etc/passwd",
        "https:///x",
        "https://u:p@provider.example/",
        "https://provider.example:x/",
        "//provider.example",
        "",
    ],
)
async def test_https_and_nothing_else(url: str) -> None:
    client = ProviderClient()
    with pytest.raises(AddressRefused):
        client.checked(url)


async def test_a_document_cannot_lead_inside(oidc: OidcServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider itself is reached; what it names is another matter."""
    monkeypatch.setattr("gateway.auth.providers.client._is_literal", lambda host: host == "169.254.169.254")
    monkeypatch.setattr("gateway.auth.providers.client._PublicOnly", ThreadedResolver)
    client = ProviderClient(Reach(plain_http=True))
    await client.start()
    oidc.document = {"token_endpoint": "http://169.254.169.254/latest/meta-data"}
    with pytest.raises(AddressRefused):
        await OpenIdConnect(Registration("x", "y"), client, oidc.url).authorize_url(attempt())
    await client.stop()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(status=302, headers={"Location": "/userinfo"}), AnswerUnfit),
        (web.Response(status=307, headers={"Location": "/userinfo"}), AnswerUnfit),
        (web.Response(body=b" " * 70_000), AnswerUnfit),
        (web.Response(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}), AnswerUnfit),
        (web.Response(text="<html>"), AnswerUnfit),
        (web.Response(text='{"keys": []}x'), AnswerUnfit),
        (web.Response(text="[" * 60_000), AnswerUnfit),
        (web.Response(text='{"keys": "\\ud800"}'), AnswerUnfit),
        (web.Response(status=500, text="{}"), ProviderUnavailable),
        (web.Response(status=429, text="{}"), ProviderUnavailable),
    ],
)
async def test_answers_that_are_none(
    oidc: OidcServer, client: ProviderClient, answer: web.Response, error: type[Exception]
) -> None:
    oidc.raw["/jwks"] = answer
    with pytest.raises(error):
        await client.get(f"{oidc.url}/jwks")
    assert oidc.calls("/userinfo") == 0


async def test_neither_cookies_nor_proxies_are_used(
    oidc: OidcServer, client: ProviderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    oidc.raw["/jwks"] = web.Response(text="{}", headers={"Set-Cookie": "a=b"})
    for _ in range(2):
        assert (await client.get(f"http://localhost:{oidc.port}/jwks")).ok
    assert oidc.cookies == []


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
async def test_a_provider_that_never_answers_is_left(oidc: OidcServer, path: str) -> None:
    from tests.auth.providers.conftest import HERE
    from tests.auth.providers.test_lying_id_tokens_are_refused import exchange

    client = ProviderClient(HERE, timeout=0.5)
    await client.start()
    oidc.slow.add(path)
    with pytest.raises(ProviderUnavailable):
        await exchange(oidc, client)
    await client.stop()


async def test_who_waited_for_a_failure_shares_it(oidc: OidcServer, client: ProviderClient) -> None:
    oidc.raw["/.well-known/openid-configuration"] = web.Response(status=500)
    now = [1000.0]
    provider = OpenIdConnect(Registration("x", "y"), client, oidc.url, steady=lambda: now[0])

    failed = await asyncio.gather(*(provider.authorize_url(attempt()) for _ in range(20)), return_exceptions=True)

    assert all(isinstance(each, ProviderUnavailable) for each in failed)
    assert oidc.calls("/.well-known/openid-configuration") == 1
    oidc.raw.clear()
    now[0] += 3
    assert await provider.authorize_url(attempt())


async def test_a_refused_connection_and_a_stopped_client() -> None:
    from tests.auth.providers.conftest import HERE

    client = ProviderClient(HERE)
    await client.start()
    with pytest.raises(ProviderUnavailable) as caught:
        await client.get("http://127.0.0.1:1/?secret")
    assert "secret" not in f"{caught.value!r} {caught.value.details}"
    await client.stop()
    with pytest.raises(ProviderUnavailable):
        await client.get("http://127.0.0.1:1/")

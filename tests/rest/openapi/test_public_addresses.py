"""Scheme, host and base path, from the proxy's URI or the gateway's own address."""

from __future__ import annotations

import pytest

from gateway.rest.openapi import OpenApi, OpenApiRules
from gateway.rest.openapi.server import Server, own_server, proxy_server


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://example.com", Server("https", "example.com:443", "/")),
        ("http://example.com/", Server("http", "example.com:80", "/")),
        ("HTTPS://example.com:8443/base/path", Server("https", "example.com:8443", "/base/path")),
        ("http://[2001:db8::1]:8080/x", Server("http", "[2001:db8::1]:8080", "/x")),
    ],
)
def test_a_proxy_uri_is_split(uri: str, expected: Server) -> None:
    assert proxy_server(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "example.com",
        "/relative",
        "ftp://example.com",
        "https://",
        "https://user@example.com",
        "https://example.com/?q=1",
        "https://example.com:0",
        "https://example.com:99999",
        "https://example.com:port",
        "https://[::1",
    ],
)
def test_a_malformed_proxy_uri_is_refused_at_the_start(uri: str) -> None:
    with pytest.raises(ValueError, match="malformed proxy URI"):
        OpenApi(OpenApiRules(proxy_uri=uri))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("!4", "0.0.0.0:3000"), ("*", "0.0.0.0:3000"), ("localhost", "localhost:3000"), ("::1", "[::1]:3000")],
)
def test_the_gateways_own_host(host: str, expected: str) -> None:
    assert own_server(host, 3000, "") == Server("http", expected, "/")

"""What a browser does between us and a provider."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import aiohttp

from gateway.auth.providers import Attempt

CALLBACK = "http://127.0.0.1:8000/auth/v1/callback"


def attempt(number: int = 1) -> Attempt:
    return Attempt(f"state-{number}", CALLBACK, f"nonce-{number}", f"{number}" * 43)


def query(url: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "a parameter is there twice"
    return dict(pairs)


async def visit(url: str) -> dict[str, str]:
    """Go there, and return with what the provider says."""
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        back = response.headers["Location"]
    assert back.startswith(f"{CALLBACK}?")
    return query(back)

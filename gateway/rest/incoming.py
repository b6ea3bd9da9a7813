"""What the HTTP request says besides its question: who asks, and what SQL may know of it."""

from __future__ import annotations

import orjson

from gateway.database import Envelope
from gateway.identity import Authenticator, Identity, looks_like_browser
from gateway.web import Request, raw_path_and_query


def identify(request: Request, authenticator: Authenticator) -> Identity:
    """The caller, from `Authorization` and `apikey` (header or query parameter). Raises the errors of the room
    `identity`."""
    headers = request.headers
    apikey = headers.get("apikey") or (request.query.get("apikey") if "apikey=" in request.target else None)
    authorization = headers.get("Authorization")
    # only opaque keys are refused to browsers; looking costs more than knowing a token
    opaque = "sb_" in (authorization or "") or "sb_" in (apikey or "")
    return authenticator.identify(authorization, apikey, browser=opaque and looks_like_browser(headers))


def envelope_of(request: Request, method: str | None = None) -> Envelope:
    """`request.*` for SQL. `method` is what the request counts as, if not what it was sent with."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower != "cookie":
            headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    cookies = {name: str(value) for name, value in request.cookies.items()}
    path, _ = raw_path_and_query(request)
    return Envelope(method or request.method, path, _json(headers), _json(cookies))


def _json(texts: dict[str, str]) -> str:
    try:
        return orjson.dumps(texts).decode()
    except TypeError:  # bytes that are not UTF-8 arrive as lone surrogates
        clean = {k.encode(errors="replace").decode(): v.encode(errors="replace").decode() for k, v in texts.items()}
        return orjson.dumps(clean).decode()

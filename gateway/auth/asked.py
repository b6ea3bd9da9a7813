"""A request to the surface, on its way: who asks, from where, and what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson

from gateway.auth.accounts.codes_by_mail import Request as MailRequest
from gateway.auth.accounts.context import Context
from gateway.auth.body import Body, read_body, read_uuid
from gateway.auth.errors import bad_jwt, no_authorization, not_admin
from gateway.auth.redirects import Destination
from gateway.auth.routes import Caller, Match
from gateway.auth.store.sessions import Client
from gateway.identity import Authenticator, Identity, TokenRefused, looks_like_browser
from gateway.limits import Subject, address
from gateway.web import Proxies, Request

_SERVICE = frozenset({"service_role", "supabase_admin"})
_LONGEST_AGENT = 500


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token came along, verified: its user and its session, None for a token of no session."""

    user_id: UUID
    session_id: UUID | None


@dataclass(frozen=True, slots=True)
class Asked:
    """`client` and `subject` say whence it came, to people and to rate limits."""

    request: Request
    match: Match
    client: Client
    subject: Subject
    bearer: Bearer | None

    async def body(self, *, may_be_empty: bool = False) -> Body:
        """Raises `bad_json`, `request_entity_too_large`."""
        raw = await self.request.read()
        return read_body(raw, self.request.headers.get("Content-Type"), may_be_empty=may_be_empty)

    def query(self, name: str) -> str | None:
        return self.request.query.get(name)

    @property
    def user(self) -> Bearer:
        """Only for endpoints that a user calls."""
        assert self.bearer is not None
        return self.bearer

    def destination(self, context: Context) -> Destination:
        """Where a browser is to go in the end, as far as that is allowed."""
        headers = self.request.headers
        return context.rules.redirects.choose(
            [headers.get("redirect_to"), self.query("redirect_to"), headers.get("Referer")]
        )

    def mail(self, context: Context, purpose: str, body: Body) -> MailRequest:
        """What is to be sent, and where its link leads."""
        return MailRequest(purpose, self.destination(context).url, body.code_challenge())


def admit(request: Request, match: Match, authenticator: Authenticator, proxies: Proxies) -> Asked:
    """Check the API key and, where it counts, the token. Raises AuthError and the errors of the room `identity`."""
    peer = _peer(request)
    found = proxies.client(peer, request.headers)
    # Bytes that are not UTF-8 arrive as lone surrogates, which PostgreSQL cannot store.
    agent = (request.headers.get("User-Agent") or "")[:_LONGEST_AGENT].encode(errors="replace").decode() or None
    bearer = None
    match match.route.caller:
        case Caller.BROWSER:
            pass
        case Caller.ANYONE:
            _identify(request, authenticator, None)
        case Caller.USER:
            bearer = _bearer(_signed_in(request, authenticator))
        case Caller.SERVICE:
            if _signed_in(request, authenticator).role not in _SERVICE:
                raise not_admin()
    return Asked(request, match, Client(agent, str(found) if found is not None else None), address(found), bearer)


def _signed_in(request: Request, authenticator: Authenticator) -> Identity:
    authorization = request.headers.get("Authorization", "")
    if not authorization.lower().startswith("bearer "):
        raise no_authorization()
    try:
        return _identify(request, authenticator, authorization)
    except TokenRefused as error:
        raise bad_jwt(error.message) from error


def _identify(request: Request, authenticator: Authenticator, authorization: str | None) -> Identity:
    apikey = request.headers.get("apikey") or request.query.get("apikey")
    return authenticator.identify(authorization, apikey, browser=looks_like_browser(request.headers))


def _bearer(identity: Identity) -> Bearer:
    claims: Mapping[str, object] = orjson.loads(identity.claims)
    user_id, session_id = claims.get("sub"), claims.get("session_id")
    found = read_uuid(user_id) if isinstance(user_id, str) else None
    if found is None:
        raise bad_jwt("missing or malformed sub claim")
    return Bearer(found, read_uuid(session_id) if isinstance(session_id, str) else None)


def _peer(request: Request) -> str | None:
    transport = request.transport
    peer: object = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if isinstance(peer, tuple) and peer else None  # pyright: ignore[reportUnknownArgumentType]

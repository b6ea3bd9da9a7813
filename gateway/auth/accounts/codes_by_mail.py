"""Codes and links go out by mail: which, to whom, and not too often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from gateway.auth.accounts.context import Context
from gateway.auth.body import CodeChallenge
from gateway.auth.errors import over_email_send_rate_limit
from gateway.auth.mail import AddressUnfit, Kind, Variables, compose, language_of
from gateway.auth.model import User
from gateway.auth.store import accounts, codes, flows
from gateway.auth.store.codes import KeptCode
from gateway.auth.store.connection import Connection
from gateway.auth.tokens import codes as secrets_of
from gateway.auth.weburl import WebUrl

PKCE_PREFIX: Final = "pkce_"
"""In front of the secret of a link whose end is a code that the browser exchanges."""

_KINDS: Final = {
    "signup": Kind.SIGNUP,
    "invite": Kind.INVITE,
    "recovery": Kind.RECOVERY,
    "magiclink": Kind.MAGICLINK,
    "email_change_current": Kind.EMAIL_CHANGE_OLD,
    "email_change_new": Kind.EMAIL_CHANGE_NEW,
    "reauthentication": Kind.REAUTHENTICATION,
}
_TYPES: Final = {"email_change_current": "email_change", "email_change_new": "email_change"}
"""What a link's `type` is, where it is not the purpose."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked to be sent: `challenge` is the PKCE challenge of the browser that asks."""

    purpose: str
    destination: WebUrl
    challenge: CodeChallenge | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """The secrets of a mail: `code` is what is typed, `link` what its link carries, `url` the link."""

    code: str
    link: str
    url: str


async def prepare(
    context: Context, connection: Connection, user: User, address: str, request: Request, *, gap: float | None = None
) -> Sent:
    """Make a code and a link, and keep their MACs. Raises `over_email_send_rate_limit` if the last one for that purpose
    is too recent."""
    rules = context.rules
    code, link = secrets_of.new_code(), secrets_of.new_link()
    flow_id = await _flow(context, connection, user.id, request)
    kept = KeptCode(
        user.id,
        request.purpose,
        address,
        secrets_of.stored_code(context.server_key, request.purpose, address, code),
        secrets_of.stored_link(context.server_key, request.purpose, link),
        flow_id,
    )
    wait = await codes.keep(connection, kept, seconds=rules.code_lifetime, gap=rules.mail_gap if gap is None else gap)
    if wait is not None:
        raise over_email_send_rate_limit(int(wait) + 1)
    await accounts.mark_sent(connection, user.id, [request.purpose])
    carried = f"{PKCE_PREFIX}{link}" if request.challenge is not None else link
    parameters = {"token": carried, "type": _TYPES.get(request.purpose, request.purpose)}
    query = urlencode({**parameters, "redirect_to": str(request.destination)})
    return Sent(code, carried, f"{rules.public_url}/verify?{query}")


def send(context: Context, user: User, request: Request, sent: Sent, *, new_email: str = "") -> None:
    """Hand a mail over; nobody waits for it. What cannot be a mail is none."""
    variables = Variables(
        email=user.email,
        confirmation_url=sent.url,
        token=sent.code,
        token_hash=sent.link,
        site_url=str(context.rules.redirects.site),
        new_email=new_email,
        data=user.user_metadata,
        redirect_to=str(request.destination),
    )
    language = language_of(user.user_metadata, context.rules.language)
    try:
        message = compose(context.library, _KINDS[request.purpose], language, variables)
    except AddressUnfit:
        return
    context.mailer.send(message)


async def _flow(context: Context, connection: Connection, user_id: UUID, request: Request) -> UUID | None:
    if request.challenge is None:
        return None
    flow_id = uuid4()
    await flows.insert(
        connection,
        flow_id,
        request.purpose,
        str(request.destination),
        request.challenge,
        user_id,
        context.rules.flow_lifetime,
    )
    return flow_id

"""Codes and links that came by mail are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.auth import errors
from gateway.auth.accounts.codes_by_mail import PKCE_PREFIX
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.email_change import changed
from gateway.auth.accounts.granting import granted, open_session, told
from gateway.auth.store import accounts, codes, flows
from gateway.auth.store.codes import KeptCode
from gateway.auth.store.connection import Connection
from gateway.auth.store.sessions import Client, Open
from gateway.auth.tokens import codes as secrets_of
from gateway.auth.wire import Object

HALF_DONE: Final = "Confirmation link accepted. Please proceed to confirm link sent to the other email"

PURPOSES: Final = {
    "email": ("signup", "magiclink"),
    "signup": ("signup",),
    "invite": ("invite",),
    "recovery": ("recovery",),
    "magiclink": ("magiclink",),
    "email_change": ("email_change_current", "email_change_new"),
}
"""What a `type` may be about."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a link leads: to a session, to a code that its browser exchanges, or to neither while the other half of a
    change of address is missing."""

    opened: Open | None
    auth_code: str | None = None


async def by_code(context: Context, address: str, kind: str, code: str, client: Client) -> Object:
    """A session, or the message that one half is done. Raises `otp_expired` for a code that is wrong, old, used, or
    tried too often."""
    async with context.pool.acquire() as connection:
        found = await codes.of_address(connection, address, PURPOSES[kind], context.rules.code_attempts)
        for kept in found:
            expected = secrets_of.stored_code(context.server_key, kept.purpose, address, code)
            if secrets_of.is_same(kept.code, expected):
                return _answer(context, await _use(context, connection, kept, client))
    raise errors.otp_expired()


async def by_link(context: Context, secret: str, kind: str, client: Client) -> Object:
    """The same for a link's secret, whatever flow it belongs to."""
    async with context.pool.acquire() as connection:
        kept = await _of_link(context, connection, secret, kind)
        return _answer(context, await _use(context, connection, kept, client))


async def follow(context: Context, secret: str, kind: str, client: Client) -> Followed:
    """A browser comes with a link. Raises `link_expired`."""
    async with context.pool.acquire() as connection:
        kept = await _of_link(context, connection, secret, kind)
        if kept.flow_id is None or not secret.startswith(PKCE_PREFIX):
            return Followed(await _use(context, connection, kept, client))
        async with connection.transaction():
            if not await _confirm(context, connection, kept):
                return Followed(None)
            auth_code = secrets_of.new_link()
            stored = secrets_of.stored_link(context.server_key, "auth_code", auth_code)
            if not await flows.give_code(
                connection, kept.flow_id, kept.user_id, stored, _method(kept), context.rules.auth_code_lifetime
            ):
                raise errors.link_expired()
        return Followed(None, auth_code)


async def _of_link(context: Context, connection: Connection, secret: str, kind: str) -> KeptCode:
    link = secret.removeprefix(PKCE_PREFIX)
    if not secrets_of.is_link(link):
        raise errors.link_expired()
    stored = [secrets_of.stored_link(context.server_key, purpose, link) for purpose in PURPOSES[kind]]
    kept = await codes.of_link(connection, stored)
    if kept is None:
        raise errors.link_expired()
    return kept


async def _use(context: Context, connection: Connection, kept: KeptCode, client: Client) -> Open | None:
    async with connection.transaction():
        if not await _confirm(context, connection, kept):
            return None
        return await open_session(context, connection, kept.user_id, _method(kept), client)


async def _confirm(context: Context, connection: Connection, kept: KeptCode) -> bool:
    """Use the code up, and take the address for confirmed. False if another half is missing."""
    account = await accounts.by_id(connection, kept.user_id)
    if account is None:
        raise errors.otp_expired()
    if account.user.is_banned(context.now()):
        raise errors.user_banned(status=403)
    if kept.purpose.startswith("email_change"):
        return await changed(context, connection, account.user, kept)
    if not await codes.use(connection, kept):
        raise errors.otp_expired()
    await accounts.confirm_email(connection, kept.user_id)
    return True


def _method(kept: KeptCode) -> str:
    """As `amr` names it."""
    return "otp" if kept.purpose != "email_change_new" else "email_change"


def _answer(context: Context, opened: Open | None) -> Object:
    if opened is None:
        return {"msg": HALF_DONE, "code": "200"}
    return told(granted(context, opened), opened.account)

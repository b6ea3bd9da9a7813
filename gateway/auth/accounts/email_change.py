"""A new address counts once it is confirmed: by itself, and by the old one too where the rules want that."""

from __future__ import annotations

from gateway.auth import errors
from gateway.auth.accounts import codes_by_mail
from gateway.auth.accounts.codes_by_mail import Request
from gateway.auth.accounts.context import Context
from gateway.auth.model import User
from gateway.auth.store import accounts, codes
from gateway.auth.store.codes import KeptCode
from gateway.auth.store.connection import Connection

_BOTH = 2


async def begin(context: Context, connection: Connection, user: User, email: str, mail: Request) -> None:
    """Ask for confirmation. Raises `email_exists`, `over_email_send_rate_limit`."""
    if await accounts.by_email(connection, email) is not None:
        raise errors.email_exists()
    purposes = ["email_change_new"]
    if user.email and context.rules.secure_email_change:
        purposes.insert(0, "email_change_current")
    for purpose in purposes:
        request = Request(purpose, mail.destination, mail.challenge)
        address = user.email if purpose == "email_change_current" else email
        sent = await codes_by_mail.prepare(context, connection, user, address, request)
        codes_by_mail.send(context, user, request, sent, new_email=email)
    await accounts.propose_email(connection, user.id, email, missing=len(purposes))


async def changed(context: Context, connection: Connection, user: User, kept: KeptCode) -> bool:
    """One of the addresses has confirmed. Whether the change is done; raises `otp_expired`, `email_exists`."""
    if not user.email_change or not await codes.use_one(connection, kept):
        raise errors.otp_expired()
    if user.email_change_confirm_status + 1 < _BOTH:
        await accounts.confirm_half(connection, user.id)
        return False
    if await accounts.by_email(connection, user.email_change) is not None:
        raise errors.email_exists()
    await accounts.change_email(connection, user.id, user.email_change)
    await codes.forget(connection, user.id)
    return True

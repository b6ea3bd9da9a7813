"""Somebody asks for a mail: to recover an account, to sign in without a password, or for the last one again.

Whether there is an account is not told: the answer is empty, whatever happens.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from gateway.auth import errors
from gateway.auth.accounts import codes_by_mail
from gateway.auth.accounts.codes_by_mail import Request
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.sign_up import create
from gateway.auth.model import User
from gateway.auth.store import accounts
from gateway.auth.store.connection import Connection

_RANDOM_PASSWORD = 32


async def recover(context: Context, email: str, mail: Request) -> None:
    """A link that signs in, so that a new password can be set."""
    async with context.pool.acquire() as connection:
        account = await accounts.by_email(connection, email)
        if account is not None:
            await _send(context, connection, account.user, email, mail)


async def sign_in_by_mail(
    context: Context, email: str, mail: Request, *, create_user: bool, data: Mapping[str, Any]
) -> None:
    """A link and a code that sign in. Whoever has no account gets one with `create_user`. Raises `otp_disabled`,
    `signup_disabled`."""
    async with context.pool.acquire() as connection:
        account = await accounts.by_email(connection, email)
        if account is not None and account.user.email_confirmed_at is not None:
            await _send(context, connection, account.user, email, mail)
            return
        if not create_user:
            raise errors.otp_disabled()
        if not context.rules.sign_up:
            raise errors.signup_disabled()
        async with connection.transaction():
            if account is None:
                password = await context.hasher.hash(secrets.token_urlsafe(_RANDOM_PASSWORD))
                user_id = await create(connection, email, password, data)
                account = await accounts.by_id(connection, user_id)
                assert account is not None
            confirmation = Request("signup", mail.destination, mail.challenge)
            await _send(context, connection, account.user, email, confirmation)


async def resend(context: Context, email: str, mail: Request) -> None:
    """The mail that confirms a sign-up or a change of address, once more; nothing if none is to be confirmed."""
    async with context.pool.acquire() as connection, connection.transaction():
        account = await accounts.by_email(connection, email)
        if account is None:
            return
        user = account.user
        if mail.purpose == "signup" and user.email_confirmed_at is None:
            await _send(context, connection, user, email, mail)
        elif mail.purpose == "email_change" and user.email_change:
            request = Request("email_change_new", mail.destination, mail.challenge)
            await _send(context, connection, user, user.email_change, request, new_email=user.email_change)


async def reauthenticate(context: Context, user: User, mail: Request) -> None:
    """A code that allows a change of password."""
    if not user.email:
        raise errors.validation_failed("The user has no email address")
    if user.email_confirmed_at is None:
        raise errors.email_not_confirmed(status=422)
    async with context.pool.acquire() as connection:
        await _send(context, connection, user, user.email, mail)


async def _send(
    context: Context, connection: Connection, user: User, address: str, mail: Request, *, new_email: str = ""
) -> None:
    sent = await codes_by_mail.prepare(context, connection, user, address, mail)
    codes_by_mail.send(context, user, mail, sent, new_email=new_email)

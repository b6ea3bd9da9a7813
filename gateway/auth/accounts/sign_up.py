"""New users."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from gateway.auth import errors
from gateway.auth.accounts import codes_by_mail
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.granting import granted, open_session, told, told_user
from gateway.auth.accounts.passwords import check_new
from gateway.auth.store import accounts
from gateway.auth.store.accounts import Account, NewUser
from gateway.auth.store.connection import Connection
from gateway.auth.store.sessions import Client
from gateway.auth.wire import Object, invited_user_json, unknown_user_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignUp:
    """What was submitted. `mail` says where the link of the confirmation leads."""

    email: str
    password: str = field(repr=False)
    data: Mapping[str, Any]
    mail: codes_by_mail.Request


async def sign_up(context: Context, asked: SignUp, client: Client) -> Object:
    """A session, or the user who must confirm the address first.

    For an address that has an account the answer looks like that of a new one, and takes as long; but without
    confirmation clients rely on being told. Raises AuthError.
    """
    rules = context.rules
    if not rules.sign_up:
        raise errors.signup_disabled()
    check_new(rules, asked.password)
    password = await context.hasher.hash(asked.password)
    async with context.pool.acquire() as connection:
        known = await accounts.by_email(connection, asked.email)
        if known is not None:
            return await _known(context, connection, known, asked, password, client)
        try:
            async with connection.transaction():
                user_id = await create(connection, asked.email, password, asked.data)
                if not rules.confirms:
                    await accounts.confirm_email(connection, user_id)
                    opened = await open_session(context, connection, user_id, "password", client)
                    return told(granted(context, opened), opened.account)
                return await _ask_to_confirm(context, connection, user_id, asked)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name not in _ADDRESS_TAKEN:
                raise _refused(error) from error
            known = await accounts.by_email(connection, asked.email)
            if known is None:
                raise errors.saving_user_failed() from error
            return await _known(context, connection, known, asked, password, client)


_ADDRESS_TAKEN = frozenset({"users_email_partial_key"})


async def create(
    connection: Connection, email: str | None, password: str | None, data: Mapping[str, Any], *, provider: str = "email"
) -> UUID:
    """A user with an identity of that provider. Raises `saving_user_failed` if triggers of the application refuse."""
    user_id = uuid4()
    own = {"sub": str(user_id), "email": email, "email_verified": False, "phone_verified": False, **data}
    try:
        await accounts.insert(
            connection,
            NewUser(user_id, email, password, {"provider": provider, "providers": [provider]}, own),
        )
        await accounts.insert_identity(connection, user_id, provider, str(user_id), own)
    except asyncpg.UniqueViolationError:
        raise
    except asyncpg.PostgresError as error:
        raise _refused(error) from error
    return user_id


def _refused(error: asyncpg.PostgresError) -> errors.AuthError:
    """The client learns no more than that; whoever wrote the trigger or the constraint finds the rest in the log."""
    _log.warning("a new user was refused by the database: %s (%s)", error.message, error.sqlstate)
    return errors.saving_user_failed()


async def sign_in_anonymously(context: Context, data: Mapping[str, Any], client: Client) -> Object:
    """A user without an address, and a session."""
    if not context.rules.sign_up:
        raise errors.signup_disabled()
    if not context.rules.anonymous:
        raise errors.anonymous_provider_disabled()
    async with context.pool.acquire() as connection, connection.transaction():
        user_id = uuid4()
        try:
            await accounts.insert(connection, NewUser(user_id, user_metadata=data, anonymous=True))
        except asyncpg.PostgresError as error:
            raise _refused(error) from error
        opened = await open_session(context, connection, user_id, "anonymous", client)
        return told(granted(context, opened), opened.account)


async def _known(  # noqa: PLR0917 - the second half of `sign_up`
    context: Context, connection: Connection, known: Account, asked: SignUp, password: str, client: Client
) -> Object:
    user = known.user
    if user.email_confirmed_at is not None:
        if not context.rules.confirms:
            raise errors.user_already_exists()
        return unknown_user_json(uuid4(), email=asked.email, phone="", metadata=dict(asked.data), now=context.now())
    if not context.rules.confirms:
        # The row may be left from when addresses were confirmed, and its password somebody else's.
        verdict = await context.hasher.verify(user.encrypted_password or None, asked.password)
        if not verdict.matches:
            raise errors.user_already_exists()
        async with connection.transaction():
            await accounts.confirm_email(connection, user.id)
            opened = await open_session(context, connection, user.id, "password", client)
        return told(granted(context, opened), opened.account)
    async with connection.transaction():
        own = {key: user.user_metadata[key] for key in _OWN if key in user.user_metadata}
        await accounts.renew_sign_up(connection, user.id, password, {**own, **asked.data})
        answer = await _ask_to_confirm(context, connection, user.id, asked)
    return invited_user_json(user) if user.invited_at is not None else answer


_OWN = ("sub", "email", "email_verified", "phone_verified")


async def _ask_to_confirm(context: Context, connection: Connection, user_id: UUID, asked: SignUp) -> Object:
    account = await accounts.by_id(connection, user_id)
    assert account is not None
    sent = await codes_by_mail.prepare(context, connection, account.user, asked.email, asked.mail)
    codes_by_mail.send(context, account.user, asked.mail, sent)
    again = await accounts.by_id(connection, user_id)
    assert again is not None
    return told_user(again)

"""Whoever is signed in reads and changes their own account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateway.auth import errors
from gateway.auth.accounts import email_change
from gateway.auth.accounts.codes_by_mail import Request
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.granting import told_user
from gateway.auth.accounts.passwords import check_new
from gateway.auth.body import check_metadata
from gateway.auth.store import accounts, codes, sessions
from gateway.auth.store.sessions import Open, Scope
from gateway.auth.wire import Object


@dataclass(frozen=True, slots=True)
class Update:
    """What is to be another one; None stays."""

    email: str | None = None
    password: str | None = field(default=None, repr=False)
    data: Mapping[str, Any] | None = None
    mail: Request | None = None


async def find(context: Context, user_id: UUID, session_id: UUID | None) -> Open:
    """The session behind a token, with its user. Raises `session_not_found`, `user_banned`."""
    if session_id is None:
        raise errors.session_not_found()
    async with context.pool.acquire() as connection:
        opened = await sessions.find(connection, session_id)
    if opened is None:
        raise errors.session_not_found()
    if opened.account.user.id != user_id:
        raise errors.bad_jwt("its session is another user's")
    if opened.account.user.is_banned(context.now()):
        raise errors.user_banned(status=403)
    return opened


async def update(context: Context, opened: Open, wanted: Update) -> Object:
    """The user, as it is then. A new password ends all other sessions. Raises AuthError."""
    user = opened.account.user
    if opened.account.guarded and opened.session.aal == "aal1" and (wanted.email or wanted.password):
        raise errors.insufficient_aal()
    password = await _new_password(context, opened, wanted) if wanted.password is not None else None
    ended: list[UUID] = []
    async with context.pool.acquire() as connection:
        async with connection.transaction():
            if wanted.data is not None:
                check_metadata("data", await accounts.merge_metadata(connection, user.id, wanted.data))
            if password is not None:
                await accounts.set_password(connection, user.id, password)
                await codes.forget(connection, user.id)
                ended = await sessions.end_of_user(connection, user.id, opened.session.id, "others")
            if wanted.email is not None and wanted.email != user.email and wanted.mail is not None:
                await email_change.begin(context, connection, user, wanted.email, wanted.mail)
        await context.ended(ended)
        account = await accounts.by_id(connection, user.id)
    if account is None:
        raise errors.user_of_token_not_found()
    return told_user(account)


async def sign_out(context: Context, user_id: UUID, session_id: UUID | None, scope: Scope) -> None:
    """End this session, the others, or all. When it returns no instance accepts their tokens."""
    async with context.pool.acquire() as connection:
        ended = await sessions.end_of_user(connection, user_id, session_id, scope)
    await context.ended(ended)


async def _new_password(context: Context, opened: Open, wanted: Update) -> str:
    assert wanted.password is not None
    check_new(context.rules, wanted.password)
    user = opened.account.user
    if user.is_anonymous and not wanted.email:
        raise errors.validation_failed(
            "Updating password of an anonymous user without an email or phone is not allowed", status=422
        )
    if user.encrypted_password and (await context.hasher.verify(user.encrypted_password, wanted.password)).matches:
        raise errors.same_password()
    return await context.hasher.hash(wanted.password)

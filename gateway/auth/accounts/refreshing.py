"""Refresh tokens are exchanged, any number of times at once.

Of those who present the current token one counts on, in a single statement that compares the count. Whoever comes
second finds that theirs is the parent of the current one, and gets the current one, too. No lock is held, and nobody is
refused for being quick.
"""

from __future__ import annotations

from uuid import UUID

from gateway.auth import errors
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.granting import granted, told
from gateway.auth.store import sessions
from gateway.auth.store.connection import Connection
from gateway.auth.store.sessions import Client, Open
from gateway.auth.tokens import refresh
from gateway.auth.tokens.refresh import Verdict
from gateway.auth.wire import Object

_ROUNDS = 10


async def refresh_session(context: Context, token: str, client: Client) -> Object:
    """A session with the tokens of now. A token that two must have ends its session. Raises AuthError."""
    presented = refresh.decode(token)
    if presented is None:
        raise errors.refresh_token_malformed()
    async with context.pool.acquire() as connection:
        for _ in range(_ROUNDS):
            opened = await sessions.find(connection, presented.session)
            if opened is None or opened.key is None or not presented.is_genuine(opened.key):
                raise errors.refresh_token_not_found()
            _check(context, opened)
            current = opened.counter or 0
            match refresh.verdict(presented.counter, current, opened.refreshed_ago, context.rules.reuse_interval):
                case Verdict.REPEAT:
                    return told(granted(context, opened, current), opened.account)
                case Verdict.REUSED:
                    await _end(context, connection, presented.session)
                    raise errors.refresh_token_already_used()
                case Verdict.ADVANCE:
                    following = presented.counter + 1
                    if await sessions.advance(connection, presented.session, current, following, client):
                        return told(granted(context, opened, following), opened.account)
    raise errors.temporarily_unavailable()


async def _end(context: Context, connection: Connection, session_id: UUID) -> None:
    await context.ended(await sessions.end(connection, session_id))


def _check(context: Context, opened: Open) -> None:
    if opened.account.user.is_banned(context.now()):
        raise errors.user_banned()
    if opened.session.not_after is not None and opened.session.not_after <= context.now():
        raise errors.session_expired()

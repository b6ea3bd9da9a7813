"""Sign-in by password, and by the code at the end of a browser's flow."""

from __future__ import annotations

from dataclasses import replace

from gateway.auth import errors, flow_errors
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.granting import granted, open_session, told
from gateway.auth.store import accounts, flows
from gateway.auth.store.sessions import Client
from gateway.auth.tokens import codes
from gateway.auth.wire import Object

_ATTEMPTS = 5


async def by_password(context: Context, email: str, password: str, client: Client) -> Object:
    """A session. The answer for an unknown address is that for a wrong password, and takes as long; what else is wrong
    is only told to who knows the password. Raises AuthError."""
    async with context.pool.acquire() as connection:
        account = await accounts.by_email(connection, email)
    stored = account.user.encrypted_password if account is not None else None
    verdict = await context.hasher.verify(stored or None, password)
    if account is None or not verdict.matches:
        raise errors.invalid_credentials()
    user = account.user
    if user.is_banned(context.now()):
        raise errors.user_banned()
    if user.email_confirmed_at is None:
        raise errors.email_not_confirmed()
    renewed = await context.hasher.hash(password) if verdict.outdated else None
    async with context.pool.acquire() as connection, connection.transaction():
        if renewed is not None:
            await accounts.set_password(connection, user.id, renewed)
        opened = await open_session(context, connection, user.id, "password", client)
    session = granted(context, opened)
    weak = context.rules.passwords.weakness(password)
    if weak is not None:
        session = replace(session, weak_message=weak.message, weak_reasons=[each.value for each in weak.reasons])
    return told(session, opened.account)


async def by_flow(context: Context, auth_code: str, verifier: str, client: Client) -> Object:
    """A session for the browser that began the flow: it alone has the verifier (RFC 7636). Raises AuthError."""
    stored = codes.stored_link(context.server_key, "auth_code", auth_code)
    async with context.pool.acquire() as connection:
        flow = await flows.of_code(connection, stored)
        if flow is None:
            raise flow_errors.flow_state_not_found()
        if not flow.valid:
            raise flow_errors.flow_state_expired()
        method = codes.challenge_method(flow.challenge.method)
        if flow.attempts > _ATTEMPTS or method is None:
            await flows.use(connection, flow.id)
            raise flow_errors.flow_state_not_found()
        if not codes.answers(verifier, flow.challenge.challenge, method):
            raise flow_errors.bad_code_verifier()
        async with connection.transaction():
            if not await flows.use(connection, flow.id):
                raise flow_errors.flow_state_not_found()
            opened = await open_session(context, connection, flow.user_id, flow.method, client)
    if opened.account.user.is_banned(context.now()):
        raise errors.user_banned()
    return told(granted(context, opened), opened.account)

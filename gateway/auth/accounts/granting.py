"""Sessions are opened, and told to clients."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from gateway.auth.accounts.context import Context
from gateway.auth.model import SessionRow
from gateway.auth.store import sessions
from gateway.auth.store.accounts import Account
from gateway.auth.store.connection import Connection
from gateway.auth.store.sessions import Client, Open
from gateway.auth.tokens import refresh
from gateway.auth.tokens.access import Authentication, Bearer, SessionFacts, access_claims
from gateway.auth.wire import Object, Session, session_json, user_json


async def open_session(context: Context, connection: Connection, user_id: UUID, method: str, client: Client) -> Open:
    """Sign a user in, by a method as `amr` names it."""
    session_id, key = uuid4(), secrets.token_bytes(refresh.KEY_BYTES)
    await sessions.insert(connection, session_id, user_id, key, method, client)
    opened = await sessions.find(connection, session_id)
    assert opened is not None
    return opened


def granted(context: Context, opened: Open, counter: int = 0) -> Session:
    """The tokens of a session whose current refresh token has that number."""
    assert opened.key is not None
    now = context.now().timestamp()
    lifetime = context.rules.token_lifetime
    return Session(
        access_token=context.keys.sign(_claims(context, opened.account, opened.session, opened, now)),
        refresh_token=refresh.encode(opened.session.id, counter, opened.key),
        expires_in=lifetime,
        expires_at=int(now) + lifetime if context.rules.tells_expiry else None,
    )


def told(session: Session, account: Account) -> Object:
    """The answer to a sign-in."""
    return session_json(session, told_user(account))


def told_user(account: Account) -> Object:
    return user_json(account.user, account.identities, account.factors)


def _claims(context: Context, account: Account, session: SessionRow, opened: Open, now: float) -> dict[str, object]:
    user = account.user
    bearer = Bearer(
        id=user.id,
        email=user.email or None,
        phone=user.phone or None,
        app_metadata=user.app_metadata,
        user_metadata=user.user_metadata,
        role=user.role,
        audience=user.aud,
        is_anonymous=user.is_anonymous,
    )
    proofs = tuple(Authentication(proof.method, proof.at.timestamp()) for proof in opened.proofs)
    facts = SessionFacts(session.id, session.aal, proofs)
    return access_claims(bearer, facts, issuer=context.rules.public_url, lifetime=context.rules.token_lifetime, now=now)

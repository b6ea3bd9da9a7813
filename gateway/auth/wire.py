"""Users, sessions and links as JSON, key for key as clients know them. Pure.

Keys that the client treats as optional are left out rather than null; `email` and `phone` are never null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from gateway.auth.model import AUDIENCE, Factor, Metadata, User, UserIdentity

Object: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """The answer to a sign-in or a refresh. `expires_in` is in seconds, `expires_at` since the epoch: None leaves it to
    the client's own clock. The provider's tokens are told once, right after its sign-in. `weak_reasons` warn of a
    password that was right, but would not be accepted today."""

    access_token: str
    refresh_token: str
    expires_in: int
    expires_at: int | None = None
    provider_token: str | None = None
    provider_refresh_token: str | None = None
    weak_message: str = ""
    weak_reasons: Sequence[str] = ()


@dataclass(frozen=True, slots=True, repr=False)
class ActionLink:
    """What an administrator gets instead of a mail being sent."""

    action_link: str
    email_otp: str
    hashed_token: str
    verification_type: str
    redirect_to: str


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC, with microseconds: all are equally long and sort as text."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def user_json(user: User, identities: Sequence[UserIdentity] | None, factors: Sequence[Factor] = ()) -> Object:
    """`identities` None is null, as in lists of users."""
    shape: Object = {
        "id": str(user.id),
        "aud": user.aud,
        "role": user.role,
        "email": user.email,
        **_times({"email_confirmed_at": user.email_confirmed_at, "invited_at": user.invited_at}),
        "phone": user.phone,
        **_times(
            {
                "phone_confirmed_at": user.phone_confirmed_at,
                "confirmation_sent_at": user.confirmation_sent_at,
                "confirmed_at": user.confirmed_at,
                "recovery_sent_at": user.recovery_sent_at,
                "email_change_sent_at": user.email_change_sent_at,
                "phone_change_sent_at": user.phone_change_sent_at,
                "reauthentication_sent_at": user.reauthentication_sent_at,
                "last_sign_in_at": user.last_sign_in_at,
            }
        ),
    }
    if user.email_change:
        shape["new_email"] = user.email_change
    if user.phone_change:
        shape["new_phone"] = user.phone_change
    shape["app_metadata"] = user.app_metadata
    shape["user_metadata"] = user.user_metadata
    if factors:
        shape["factors"] = [factor_json(factor) for factor in factors]
    shape["identities"] = None if identities is None else [identity_json(identity) for identity in identities]
    shape["created_at"] = timestamp(user.created_at)
    shape["updated_at"] = timestamp(user.updated_at)
    shape |= _times({"banned_until": user.banned_until, "deleted_at": user.deleted_at})
    shape["is_anonymous"] = user.is_anonymous
    return shape


def unknown_user_json(user_id: UUID, *, email: str, phone: str, metadata: Metadata, now: datetime) -> Object:
    """The user that a sign-up seems to make when the address is already taken: nobody, with a random id."""
    provider = "email" if email else "phone"
    nobody = User(
        id=user_id,
        aud=AUDIENCE,
        role="",
        email=email,
        phone=phone,
        created_at=now,
        updated_at=now,
        app_metadata={"provider": provider, "providers": [provider]},
        user_metadata=metadata,
    )
    return user_json(nobody, ())


def invited_user_json(user: User) -> Object:
    """What a sign-up with the address of somebody invited is told: not what the invitation said of them."""
    return user_json(replace(user, user_metadata={}), ())


def identity_json(identity: UserIdentity) -> Object:
    shape: Object = {
        "identity_id": str(identity.id),
        "id": identity.provider_id,
        "user_id": str(identity.user_id),
        "identity_data": identity.identity_data,
        "provider": identity.provider,
        **_times({"last_sign_in_at": identity.last_sign_in_at}),
        "created_at": timestamp(identity.created_at),
        "updated_at": timestamp(identity.updated_at),
    }
    if identity.email:
        shape["email"] = identity.email
    return shape


def factor_json(factor: Factor) -> Object:
    last = factor.last_challenged_at
    return {
        "id": str(factor.id),
        "created_at": timestamp(factor.created_at),
        "updated_at": timestamp(factor.updated_at),
        "status": factor.status,
        **({"friendly_name": factor.friendly_name} if factor.friendly_name else {}),
        "factor_type": factor.factor_type,
        "phone": factor.phone,
        "last_challenged_at": None if last is None else timestamp(last),
    }


def session_json(session: Session, user: Object) -> Object:
    """`user` is of `user_json`, with factors: the client reads there whether a second one is needed."""
    shape: Object = {
        "access_token": session.access_token,
        "token_type": "bearer",
        "expires_in": session.expires_in,
        "expires_at": session.expires_at,
        "refresh_token": session.refresh_token,
        "user": user,
        "provider_token": session.provider_token or None,
        "provider_refresh_token": session.provider_refresh_token or None,
    }
    if session.weak_reasons:
        shape["weak_password"] = {"message": session.weak_message, "reasons": list(session.weak_reasons)}
    return {name: value for name, value in shape.items() if value is not None}


def link_json(user: Object, link: ActionLink) -> Object:
    """The answer of generate_link: the user's members and the link's, side by side."""
    return {
        **user,
        "action_link": link.action_link,
        "email_otp": link.email_otp,
        "hashed_token": link.hashed_token,
        "verification_type": link.verification_type,
        "redirect_to": link.redirect_to,
    }


def users_json(users: Sequence[Object]) -> Object:
    return {"users": list(users), "aud": AUDIENCE}


def _times(times: Mapping[str, datetime | None]) -> dict[str, str]:
    return {name: timestamp(time) for name, time in times.items() if time is not None}

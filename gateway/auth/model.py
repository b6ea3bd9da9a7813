"""Rows of schema `auth` as values.

Rows come from scripts, from other servers and from triggers, so any column may be NULL that the table lets be: text is
then empty, metadata an empty object, flags are false.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeAlias, cast
from uuid import UUID

import orjson

Metadata: TypeAlias = dict[str, Any]

AUDIENCE: Final = "authenticated"
"""Of users and tokens, and the role of users."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Record(Protocol):
    """A row of asyncpg, or a dictionary."""

    def __getitem__(self, key: str, /) -> Any: ...

    def keys(self) -> Iterable[str]: ...


@dataclass(frozen=True, slots=True)
class User:
    """A row of `auth.users`. Times are in UTC. `email_change` and `phone_change` are what is to be confirmed."""

    id: UUID
    aud: str
    role: str
    email: str
    phone: str
    created_at: datetime
    updated_at: datetime
    encrypted_password: str = field(default="", repr=False)
    app_metadata: Metadata = field(default_factory=dict[str, Any])
    user_metadata: Metadata = field(default_factory=dict[str, Any])
    email_confirmed_at: datetime | None = None
    phone_confirmed_at: datetime | None = None
    invited_at: datetime | None = None
    confirmation_sent_at: datetime | None = None
    recovery_sent_at: datetime | None = None
    email_change: str = ""
    email_change_sent_at: datetime | None = None
    email_change_confirm_status: int = 0
    phone_change: str = ""
    phone_change_sent_at: datetime | None = None
    reauthentication_sent_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    banned_until: datetime | None = None
    deleted_at: datetime | None = None
    is_sso_user: bool = False
    is_anonymous: bool = False

    @property
    def confirmed_at(self) -> datetime | None:
        times = [time for time in (self.email_confirmed_at, self.phone_confirmed_at) if time is not None]
        return min(times, default=None)

    def is_banned(self, now: datetime) -> bool:
        return self.banned_until is not None and self.banned_until > now

    @classmethod
    def from_record(cls, record: Record) -> User:
        row = _Row(record)
        return cls(
            id=row.id("id"),
            aud=row.text("aud") or AUDIENCE,
            role=row.text("role") or AUDIENCE,
            email=row.text("email"),
            phone=row.text("phone"),
            created_at=row.time("created_at") or row.time("updated_at") or _EPOCH,
            updated_at=row.time("updated_at") or row.time("created_at") or _EPOCH,
            encrypted_password=row.text("encrypted_password"),
            app_metadata=row.json("raw_app_meta_data"),
            user_metadata=row.json("raw_user_meta_data"),
            email_confirmed_at=row.time("email_confirmed_at"),
            phone_confirmed_at=row.time("phone_confirmed_at"),
            invited_at=row.time("invited_at"),
            confirmation_sent_at=row.time("confirmation_sent_at"),
            recovery_sent_at=row.time("recovery_sent_at"),
            email_change=row.text("email_change"),
            email_change_sent_at=row.time("email_change_sent_at"),
            email_change_confirm_status=row.number("email_change_confirm_status"),
            phone_change=row.text("phone_change"),
            phone_change_sent_at=row.time("phone_change_sent_at"),
            reauthentication_sent_at=row.time("reauthentication_sent_at"),
            last_sign_in_at=row.time("last_sign_in_at"),
            banned_until=row.time("banned_until"),
            deleted_at=row.time("deleted_at"),
            is_sso_user=row.flag("is_sso_user"),
            is_anonymous=row.flag("is_anonymous"),
        )


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """A row of `auth.identities`: `provider_id` is the user's id at `provider`."""

    id: UUID
    user_id: UUID
    provider: str
    provider_id: str
    created_at: datetime
    updated_at: datetime
    identity_data: Metadata = field(default_factory=dict[str, Any])
    last_sign_in_at: datetime | None = None

    @property
    def email(self) -> str:
        """As the table computes it: in lower case, empty if there is none."""
        found = self.identity_data.get("email")
        return found.lower() if isinstance(found, str) else ""

    @classmethod
    def from_record(cls, record: Record) -> UserIdentity:
        row = _Row(record)
        return cls(
            id=row.id("id"),
            user_id=row.id("user_id"),
            provider=row.text("provider"),
            provider_id=row.text("provider_id"),
            created_at=row.time("created_at") or row.time("updated_at") or _EPOCH,
            updated_at=row.time("updated_at") or row.time("created_at") or _EPOCH,
            identity_data=row.json("identity_data"),
            last_sign_in_at=row.time("last_sign_in_at"),
        )


@dataclass(frozen=True, slots=True)
class Factor:
    """A row of `auth.mfa_factors`. `secret` is as it is stored."""

    id: UUID
    user_id: UUID
    factor_type: str
    status: str
    created_at: datetime
    updated_at: datetime
    friendly_name: str = ""
    phone: str = ""
    last_challenged_at: datetime | None = None
    secret: str = field(default="", repr=False)

    @property
    def is_verified(self) -> bool:
        return self.status == "verified"

    @classmethod
    def from_record(cls, record: Record) -> Factor:
        row = _Row(record)
        return cls(
            id=row.id("id"),
            user_id=row.id("user_id"),
            factor_type=row.text("factor_type"),
            status=row.text("status"),
            created_at=row.time("created_at") or row.time("updated_at") or _EPOCH,
            updated_at=row.time("updated_at") or row.time("created_at") or _EPOCH,
            friendly_name=row.text("friendly_name"),
            phone=row.text("phone"),
            last_challenged_at=row.time("last_challenged_at"),
            secret=row.text("secret"),
        )


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A row of `auth.sessions`. `refresh_token_counter` is None where tokens are rows of `auth.refresh_tokens`."""

    id: UUID
    user_id: UUID
    created_at: datetime
    updated_at: datetime
    aal: str = "aal1"
    factor_id: UUID | None = None
    not_after: datetime | None = None
    refreshed_at: datetime | None = None
    user_agent: str = ""
    ip: str = ""
    tag: str = ""
    refresh_token_counter: int | None = None

    @property
    def active_at(self) -> datetime:
        """When it was last refreshed, or else begun."""
        return self.refreshed_at or self.created_at

    @classmethod
    def from_record(cls, record: Record) -> SessionRow:
        row = _Row(record)
        return cls(
            id=row.id("id"),
            user_id=row.id("user_id"),
            created_at=row.time("created_at") or row.time("updated_at") or _EPOCH,
            updated_at=row.time("updated_at") or row.time("created_at") or _EPOCH,
            aal=row.text("aal") or "aal1",
            factor_id=row.value("factor_id"),
            not_after=row.time("not_after"),
            refreshed_at=row.time("refreshed_at"),
            user_agent=row.text("user_agent"),
            ip=row.text("ip"),
            tag=row.text("tag"),
            refresh_token_counter=row.value("refresh_token_counter"),
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """A row of `auth.mfa_amr_claims`: a way in which a session was proven, and when."""

    method: str
    at: datetime

    @classmethod
    def from_record(cls, record: Record) -> Proof:
        row = _Row(record)
        at = row.time("updated_at") or row.time("created_at") or _EPOCH
        return cls(method=row.text("authentication_method"), at=at)


class _Row:
    """A record's columns by type; those that were not selected, or that an older table lacks, are NULL."""

    __slots__ = ("_columns", "_record")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._columns = frozenset(record.keys())

    def value(self, name: str) -> Any:
        return self._record[name] if name in self._columns else None

    def id(self, name: str) -> UUID:
        """Raises KeyError for a column that was not selected: no row is without."""
        return cast("UUID", self._record[name])

    def text(self, name: str) -> str:
        value = self.value(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        return self.value(name) or 0

    def flag(self, name: str) -> bool:
        return self.value(name) is True

    def time(self, name: str) -> datetime | None:
        """In UTC; columns without a time zone hold UTC. `infinity` is the year 9999."""
        value = self.value(name)
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def json(self, name: str) -> Metadata:
        """The object in a column of type jsonb, as text or as the driver's codec read it; anything else is empty."""
        value = self.value(name)
        if isinstance(value, str | bytes):
            value = orjson.loads(value)
        return cast("Metadata", value) if isinstance(value, dict) else {}

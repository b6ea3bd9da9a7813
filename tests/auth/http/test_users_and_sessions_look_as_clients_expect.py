"""Users, identities, factors, sessions and links, key for key."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from gateway.auth.errors import AuthError
from gateway.auth.model import Factor, User, UserIdentity
from gateway.auth.user_pages import Page, page_headers, read_page
from gateway.auth.wire import (
    ActionLink,
    Session,
    factor_json,
    identity_json,
    invited_user_json,
    link_json,
    session_json,
    timestamp,
    unknown_user_json,
    user_json,
    users_json,
)
from tests.auth.http.rows import ID, NOW, factor_row, identity_row, user_row

TIME = "2026-01-02T03:04:05.678901Z"
ALWAYS = {
    "id": str(ID),
    "aud": "authenticated",
    "role": "authenticated",
    "email": "a@b.co",
    "phone": "",
    "app_metadata": {},
    "user_metadata": {},
    "identities": [],
    "created_at": TIME,
    "updated_at": TIME,
    "is_anonymous": False,
}


def user(**columns: Any) -> User:
    return User.from_record(user_row(**columns))


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (NOW, TIME),
        (NOW.replace(microsecond=0), "2026-01-02T03:04:05.000000Z"),
        (NOW.astimezone(timezone(timedelta(hours=-9))), TIME),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_times(time: datetime, text: str) -> None:
    assert timestamp(time) == text


def test_a_user_has_what_is_always_there_and_nothing_else() -> None:
    assert user_json(user(), ()) == ALWAYS
    assert user_json(user(email=None, is_anonymous=True), ()) == {**ALWAYS, "email": "", "is_anonymous": True}
    assert user_json(user(), None)["identities"] is None


TIMES = [
    *("email_confirmed_at", "phone_confirmed_at", "invited_at", "confirmation_sent_at", "recovery_sent_at"),
    *("email_change_sent_at", "phone_change_sent_at", "reauthentication_sent_at", "last_sign_in_at"),
    *("banned_until", "deleted_at"),
]


@pytest.mark.parametrize("name", TIMES)
def test_a_time_is_there_if_it_is_set(name: str) -> None:
    found = user_json(user(**{name: NOW}), ())
    assert found.pop(name) == TIME
    if name in {"email_confirmed_at", "phone_confirmed_at"}:
        assert found.pop("confirmed_at") == TIME
    assert found == ALWAYS


def test_pending_changes_are_there_if_they_are_set() -> None:
    found = user_json(user(email_change="new@b.co", phone_change="336"), ())
    assert (found.pop("new_email"), found.pop("new_phone")) == ("new@b.co", "336")
    assert found == ALWAYS


SECRET = {
    *("encrypted_password", "is_sso_user", "is_super_admin", "instance_id", "confirmation_token", "recovery_token"),
    *("email_change_token_new", "email_change_token_current", "phone_change_token", "reauthentication_token"),
}


def test_nothing_secret_is_told() -> None:
    columns = dict.fromkeys(SECRET, "inner-secret") | {"is_sso_user": True}
    factor = Factor.from_record(factor_row())
    found = orjson.dumps(user_json(user(**columns), [UserIdentity.from_record(identity_row())], [factor]))
    assert b"inner-secret" not in found
    assert not SECRET & orjson.loads(found).keys()


def test_factors_are_left_out_when_there_are_none() -> None:
    assert "factors" not in user_json(user(), (), ())
    assert [each["id"] for each in user_json(user(), (), [Factor.from_record(factor_row())])["factors"]] == [
        "fac00000-0000-4000-8000-000000000003"
    ]


def test_an_identity() -> None:
    assert identity_json(UserIdentity.from_record(identity_row())) == {
        "identity_id": "77aa0000-0000-4000-8000-000000000002",
        "id": str(ID),
        "user_id": str(ID),
        "identity_data": {"sub": str(ID), "email": "A@b.co", "email_verified": False},
        "provider": "email",
        "last_sign_in_at": TIME,
        "created_at": TIME,
        "updated_at": TIME,
        "email": "a@b.co",
    }
    bare = identity_json(UserIdentity.from_record(identity_row(identity_data={"sub": "42"}, last_sign_in_at=None)))
    assert not {"email", "last_sign_in_at"} & bare.keys()


def test_a_factor() -> None:
    shape = {
        "id": "fac00000-0000-4000-8000-000000000003",
        "friendly_name": "phone",
        "factor_type": "totp",
        "status": "verified",
        "phone": "",
        "created_at": TIME,
        "updated_at": TIME,
        "last_challenged_at": None,
    }
    assert factor_json(Factor.from_record(factor_row())) == shape
    shape.pop("friendly_name")
    found = factor_json(Factor.from_record(factor_row(friendly_name=None, last_challenged_at=NOW)))
    assert found == {**shape, "last_challenged_at": TIME}


def test_a_session() -> None:
    assert session_json(Session("a.b.c", "r", 3600, expires_at=1767326645), {"id": "u"}) == {
        "access_token": "a.b.c",
        "token_type": "bearer",
        "expires_in": 3600,
        "expires_at": 1767326645,
        "refresh_token": "r",
        "user": {"id": "u"},
    }


def test_a_session_with_all_that_is_optional() -> None:
    session = Session(
        "a", "r", 1, provider_token="p", provider_refresh_token="q", weak_message="m", weak_reasons=("length",)
    )
    found = session_json(session, {})
    assert "expires_at" not in found
    assert (found["provider_token"], found["provider_refresh_token"]) == ("p", "q")
    assert found["weak_password"] == {"message": "m", "reasons": ["length"]}
    assert found["user"] == {}
    assert not {"provider_token", "weak_password"} & session_json(Session("a", "r", 1, provider_token=""), {}).keys()


def test_a_link_is_flattened_into_its_user() -> None:
    link = ActionLink("https://x/verify", "012345", "ab", "recovery", "http://x")
    assert link_json(user_json(user(), ()), link) == {
        **ALWAYS,
        "action_link": "https://x/verify",
        "email_otp": "012345",
        "hashed_token": "ab",
        "verification_type": "recovery",
        "redirect_to": "http://x",
    }
    assert len(fields(ActionLink)) == 5


def test_a_sign_up_with_a_taken_address_looks_like_a_user_without_identities() -> None:
    found = unknown_user_json(ID, email="a@b.co", phone="", metadata={"name": "Ann"}, now=NOW)
    assert found == {
        **ALWAYS,
        "role": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {"name": "Ann"},
    }
    assert unknown_user_json(ID, email="", phone="336", metadata={}, now=NOW)["app_metadata"]["provider"] == "phone"


def test_an_invitation_is_not_told_to_who_signs_up_with_its_address() -> None:
    found = invited_user_json(user(invited_at=NOW, raw_user_meta_data={"salary": 1}))
    assert found == {**ALWAYS, "invited_at": TIME}


def test_a_list_of_users() -> None:
    assert users_json([{"id": 1}]) == {"users": [{"id": 1}], "aud": "authenticated"}


def as_the_client_reads(headers: dict[str, str]) -> dict[str, int]:
    """auth-js 2.119: the first digit of the first parameter, and the relation as JSON; without `Link` no total."""
    found: dict[str, int] = {}
    for link in headers["Link"].split(","):
        target, relation = link.split(";")
        found[orjson.loads(relation.split("=")[1])] = int(target.split("=")[1][0])
    return {**found, "total": int(headers["X-Total-Count"])}


@pytest.mark.parametrize(
    ("page", "total", "link", "read"),
    [
        (Page(1, 1), 3, [(2, "next"), (3, "last")], {"next": 2, "last": 3, "total": 3}),
        (Page(3, 1), 3, [(3, "last")], {"last": 3, "total": 3}),
        (Page(9, 1), 3, [(3, "last")], {"last": 3, "total": 3}),
        (Page(1, 50), 51, [(2, "next"), (2, "last")], {"next": 2, "last": 2, "total": 51}),
        (Page(1, 50), 50, [(1, "last")], {"last": 1, "total": 50}),
        (Page(1, 50), 0, [(1, "last")], {"last": 1, "total": 0}),
    ],
)
def test_pages(page: Page, total: int, link: list[tuple[int, str]], read: dict[str, int]) -> None:
    headers = page_headers(page, total)
    assert headers["Link"] == ", ".join(
        f'</admin/users?page={number}&per_page={page.size}>; rel="{relation}"' for number, relation in link
    )
    assert as_the_client_reads(headers) == read


@pytest.mark.parametrize(
    ("page", "per_page", "read", "offset"),
    [
        (None, None, Page(1, 50), 0),
        ("", "", Page(1, 50), 0),
        ("3", "20", Page(3, 20), 40),
        ("1", "100000", Page(1, 1000), 0),
    ],
)
def test_which_page(page: str | None, per_page: str | None, read: Page, offset: int) -> None:
    assert read_page(page, per_page) == read
    assert read.offset == offset


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "1 or 1=1", "\u0661", "1" * 10, " "])
def test_no_page(text: str) -> None:
    for page, per_page in ((text, None), (None, text)):
        with pytest.raises(AuthError) as raised:
            read_page(page, per_page)
        assert (raised.value.status, raised.value.code) == (400, "validation_failed")

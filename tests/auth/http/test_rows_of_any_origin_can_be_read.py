"""Users made by scripts, with NULL wherever the table lets them, are users like any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from gateway.auth.model import Factor, Proof, SessionRow, User, UserIdentity
from gateway.auth.wire import user_json
from tests.auth.http.rows import ID, NOW, factor_row, identity_row, user_row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def test_a_user_of_nothing_but_an_id(hublib_database: str) -> None:
    connection = await asyncpg.connect(hublib_database)
    try:
        await connection.execute("set session_replication_role = replica")  # no triggers
        await connection.execute("insert into auth.users (id) values ($1)", ID)
        row = await connection.fetchrow("select * from auth.users where id = $1", ID)
        assert row is not None
        user = User.from_record(row)
        assert (user.id, user.aud, user.role) == (ID, "authenticated", "authenticated")
        assert (user.email, user.phone, user.email_change, user.phone_change, user.encrypted_password) == ("",) * 5
        assert (user.app_metadata, user.user_metadata) == ({}, {})
        assert (user.created_at, user.confirmed_at, user.is_anonymous, user.is_sso_user) == (EPOCH, None, False, False)
        assert not user.is_banned(NOW)
        assert orjson.dumps(user_json(user, ()))
    finally:
        await connection.close()


async def test_rows_as_the_driver_gives_them(hublib_database: str) -> None:
    connection = await asyncpg.connect(hublib_database)
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(
            "insert into auth.users (id, email, banned_until, raw_user_meta_data, raw_app_meta_data, created_at,"
            " email_confirmed_at, phone_confirmed_at) values ($1, 'a@b.co', 'infinity', '{\"a\": [1]}', '[1]', $2, $2,"
            " '-infinity')",
            ID,
            NOW,
        )
        await connection.execute(
            "insert into auth.identities (provider_id, user_id, identity_data, provider) values"
            " ('42', $1, '{\"email\": \"A@B.co\"}', 'github')",
            ID,
        )
        await connection.execute(
            "insert into auth.sessions (id, user_id, refreshed_at, ip, created_at)"
            " values ($1, $1, $2, '192.0.2.1', $3)",
            ID,
            NOW.replace(tzinfo=None),
            NOW - timedelta(days=1),
        )
        user = User.from_record(await connection.fetchrow("select * from auth.users where id = $1", ID))
        assert (user.user_metadata, user.app_metadata) == ({"a": [1]}, {})
        assert user.is_banned(datetime(9999, 1, 1, tzinfo=UTC))
        shape = user_json(user, ())
        assert str(shape["banned_until"]).startswith("9999-12-31T")
        assert str(shape["confirmed_at"]).startswith("0001-01-01T")
        row = await connection.fetchrow("select * from auth.identities where user_id = $1", ID)
        identity = UserIdentity.from_record(row)
        assert (identity.provider, identity.provider_id, identity.email) == ("github", "42", row["email"])
        assert identity.created_at == EPOCH
        session = SessionRow.from_record(await connection.fetchrow("select * from auth.sessions where id = $1", ID))
        assert (session.aal, session.ip, session.user_agent, session.refresh_token_counter) == (
            "aal1",
            "192.0.2.1",
            "",
            None,
        )
        assert session.refreshed_at == session.active_at == NOW
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("column", "attribute", "value"),
    [
        ("aud", "aud", "authenticated"),
        ("role", "role", "authenticated"),
        ("email", "email", ""),
        ("phone", "phone", ""),
        ("phone_change", "phone_change", ""),
        ("email_change_confirm_status", "email_change_confirm_status", 0),
        ("is_anonymous", "is_anonymous", False),
        ("raw_user_meta_data", "user_metadata", {}),
        ("last_sign_in_at", "last_sign_in_at", None),
        ("created_at", "created_at", NOW),
        ("updated_at", "updated_at", NOW),
    ],
)
def test_null_and_a_column_that_is_not_there_are_the_same(column: str, attribute: str, value: object) -> None:
    row = user_row()
    for changed in ({**row, column: None}, {name: each for name, each in row.items() if name != column}):
        assert getattr(User.from_record(changed), attribute) == value


@pytest.mark.parametrize(
    ("value", "metadata"),
    [
        ('{"a":1}', {"a": 1}),
        (b'{"a":1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("null", {}),
        ("[]", {}),
        ('"x"', {}),
        (None, {}),
    ],
)
def test_metadata_in_any_form(value: Any, metadata: dict[str, Any]) -> None:
    assert User.from_record(user_row(raw_user_meta_data=value)).user_metadata == metadata
    assert UserIdentity.from_record(identity_row(identity_data=value)).identity_data == metadata


def test_times_are_in_utc() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    user = User.from_record(user_row(last_sign_in_at=elsewhere, invited_at=NOW.replace(tzinfo=None)))
    assert user.last_sign_in_at is not None
    assert (user.last_sign_in_at, user.last_sign_in_at.tzinfo) == (NOW, UTC)
    assert user.invited_at == NOW


def test_confirmation_is_the_earlier_of_two() -> None:
    later = NOW + timedelta(hours=1)
    assert User.from_record(user_row(email_confirmed_at=later, phone_confirmed_at=NOW)).confirmed_at == NOW
    assert User.from_record(user_row(email_confirmed_at=later)).confirmed_at == later


def test_a_ban_ends() -> None:
    user = User.from_record(user_row(banned_until=NOW))
    assert user.is_banned(NOW - timedelta(microseconds=1))
    assert not user.is_banned(NOW)


def test_an_identity_without_a_readable_address_has_none() -> None:
    for data in ({}, {"email": None}, {"email": 1}, {"email": ""}):
        assert UserIdentity.from_record(identity_row(identity_data=data)).email == ""


def test_factors_and_proofs() -> None:
    factor = Factor.from_record(factor_row(phone=None, last_challenged_at=None))
    assert (factor.is_verified, factor.phone, factor.secret) == (True, "", "inner-secret")
    assert not Factor.from_record(factor_row(status="unverified", friendly_name=None)).is_verified
    proof = Proof.from_record({"authentication_method": "password", "created_at": NOW, "updated_at": None})
    assert (proof.method, proof.at) == ("password", NOW)


def test_a_session_counts_its_refreshes() -> None:
    row = {
        "id": ID,
        "user_id": ID,
        "created_at": NOW,
        "aal": "aal2",
        "factor_id": UUID(int=1),
        "refresh_token_counter": 7,
    }
    session = SessionRow.from_record(row)
    assert (session.aal, session.factor_id, session.refresh_token_counter) == ("aal2", UUID(int=1), 7)
    assert session.active_at == session.updated_at == NOW


def test_a_row_without_its_id_is_a_fault_of_the_statement() -> None:
    with pytest.raises(KeyError):
        User.from_record({"email": "a@b.co"})


def test_secrets_are_not_printed() -> None:
    assert "inner-secret" not in repr(User.from_record(user_row(encrypted_password="inner-secret")))
    assert "inner-secret" not in repr(Factor.from_record(factor_row()))

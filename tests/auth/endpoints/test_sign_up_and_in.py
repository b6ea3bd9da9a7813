"""Accounts are made, confirmed and entered; what an answer gives away is what the reference allows."""

from __future__ import annotations

import asyncio
import uuid

import jwt
import pytest

from tests.auth.endpoints.conftest import SITE, House, code_of, link_of, secret_of
from tests.serving import SECRET

PASSWORD = "correct horse"


def address() -> str:
    return f"{uuid.uuid4().hex[:10]}@b.co"


async def test_an_address_is_confirmed_by_its_code(house: House) -> None:
    email = address()
    made = await house.auth("/signup", {"email": email.upper(), "password": PASSWORD, "data": {"name": "Ann"}})
    assert (made.status, made.body["email"]) == (200, email)
    assert "access_token" not in made.body
    assert made.body["user_metadata"] | {"sub": "", "name": "Ann"} == {
        "sub": "", "email": email, "email_verified": False, "phone_verified": False, "name": "Ann",
    }  # fmt: skip
    refused = await house.auth("/token?grant_type=password", {"email": email, "password": PASSWORD})
    assert (refused.status, refused.code) == (400, "email_not_confirmed")
    [mail] = house.mails(email)
    told = await house.auth("/verify", {"email": email, "token": code_of(mail), "type": "email"}, house.two)
    assert told.status == 200, told.body
    assert told.body["user"]["email_confirmed_at"]
    again = await house.auth("/verify", {"email": email, "token": code_of(mail), "type": "email"})
    assert (again.status, again.code) == (403, "otp_expired")
    entered = await house.auth("/token?grant_type=password", {"email": email, "password": PASSWORD})
    assert entered.status == 200


async def test_tokens_say_who_it_is(house: House) -> None:
    session = await house.user(email := address())
    claims = jwt.decode(session["access_token"], SECRET, algorithms=["HS256"], audience="authenticated")
    assert claims["sub"] == session["user"]["id"]
    assert (claims["email"], claims["role"], claims["aal"], claims["is_anonymous"]) == (
        email, "authenticated", "aal1", False,
    )  # fmt: skip
    assert [proof["method"] for proof in claims["amr"]] == ["password"]
    assert uuid.UUID(claims["session_id"])
    assert session["expires_at"] == claims["exp"]
    assert (session["expires_in"], session["token_type"]) == (3600, "bearer")
    told = await house.ask(house.one, "GET", "/auth/v1/user", bearer=session["access_token"])
    assert (told.status, told.body["id"], told.body["identities"][0]["provider"]) == (200, claims["sub"], "email")


async def test_a_link_signs_in_once_and_not_by_being_looked_at(house: House) -> None:
    email = address()
    await house.auth(f"/signup?redirect_to={SITE}/welcome", {"email": email, "password": PASSWORD})
    path = link_of(house.mails(email)[0])
    for _ in range(2):
        assert (await house.ask(house.one, "HEAD", path)).status == 200
    told = await house.ask(house.one, "GET", path)
    assert (told.status, told.to.partition("#")[0]) == (303, f"{SITE}/welcome")
    assert told.fragment["type"] == "signup"
    assert (await house.ask(house.two, "GET", "/auth/v1/user", bearer=told.fragment["access_token"])).status == 200
    again = await house.ask(house.one, "GET", path)
    assert (again.status, again.fragment["error_code"]) == (303, "otp_expired")
    assert again.headers["Referrer-Policy"] == "no-referrer"
    assert again.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("elsewhere", ["https://evil.example.com/", "//evil", f"{SITE}@evil", "javascript:alert(1)"])
async def test_tokens_go_to_no_foreign_host(house: House, elsewhere: str) -> None:
    email = address()
    await house.auth("/signup", {"email": email, "password": PASSWORD}, redirect_to=elsewhere, Referer=elsewhere)
    path = link_of(house.mails(email)[0]).partition("&redirect_to=")[0]
    told = await house.ask(house.one, "GET", f"{path}&redirect_to={elsewhere}")
    assert told.to.partition("#")[0].rstrip("/") == SITE


async def test_a_browser_that_began_a_flow_ends_it(house: House) -> None:
    """PKCE: whoever has the mail but not the verifier gets nothing."""
    email, verifier = address(), "v" * 60
    challenge = {"code_challenge": verifier, "code_challenge_method": "plain"}
    await house.auth("/signup", {"email": email, "password": PASSWORD, **challenge})
    path = link_of(house.mails(email)[0])
    told = await house.ask(house.one, "GET", path)
    assert told.status == 303
    assert "access_token" not in told.to
    code = told.query["code"]
    wrong = await house.auth("/token?grant_type=pkce", {"auth_code": code, "code_verifier": "w" * 60})
    assert (wrong.status, wrong.code) == (400, "bad_code_verifier")
    body = {"auth_code": code, "code_verifier": verifier}
    both = await asyncio.gather(*(house.auth("/token?grant_type=pkce", body, s) for s in (house.one, house.two)))
    assert sorted(told.status for told in both) == [200, 404]
    unknown = await house.auth("/token?grant_type=pkce", {"auth_code": "0" * 64, "code_verifier": verifier})
    assert (unknown.status, unknown.code) == (404, "flow_state_not_found")


async def test_a_verifier_cannot_be_guessed_for_ever(house: House) -> None:
    email, verifier = address(), "v" * 60
    challenge = {"code_challenge": verifier, "code_challenge_method": "plain"}
    await house.auth("/signup", {"email": email, "password": PASSWORD, **challenge})
    code = (await house.ask(house.one, "GET", link_of(house.mails(email)[0]))).query["code"]
    for _ in range(5):
        wrong = await house.auth("/token?grant_type=pkce", {"auth_code": code, "code_verifier": "w" * 60})
        assert wrong.code == "bad_code_verifier"
    late = await house.auth("/token?grant_type=pkce", {"auth_code": code, "code_verifier": verifier})
    assert late.code == "flow_state_not_found"


async def test_whether_there_is_an_account_is_not_told(house: House) -> None:
    known = (await house.user(address()))["user"]["email"]
    await house.owner.execute("update auth.users set email_confirmed_at = now() where email = $1", known)
    wrong = {"password": "wrong password"}
    answers = [
        await house.auth("/token?grant_type=password", {"email": email, **wrong}) for email in (known, address())
    ]
    assert answers[0].body == answers[1].body
    assert {answer.status for answer in answers} == {400}
    new = await house.auth("/signup", {"email": address(), "password": PASSWORD, "data": {"a": 1}})
    taken = await house.auth("/signup", {"email": known, "password": PASSWORD, "data": {"a": 1}})
    assert (taken.status, taken.body["identities"], taken.body["email"]) == (200, [], known)
    assert new.body.keys() - taken.body.keys() <= {"confirmation_sent_at"}
    assert house.mails(known) == []
    for path in ("/recover", "/resend"):
        bodies = [{"email": email, "type": "signup"} for email in (known, address())]
        assert [(await house.auth(path, body)).body for body in bodies] == [{}, {}]


async def test_a_sign_up_that_nobody_confirmed_gives_way_to_the_newest(house: House) -> None:
    """Whoever confirms the address may use the password that was submitted last, and no other."""
    email = address()
    await house.auth("/signup", {"email": email, "password": "the attacker's", "data": {"admin": True}})
    await house.owner.execute("update passerelle.auth_codes set created_at = created_at - interval '2 minutes'")
    await house.auth("/signup", {"email": email, "password": PASSWORD, "data": {"name": "Ann"}})
    told = await house.auth("/verify", {"email": email, "token": code_of(house.mails(email)[0]), "type": "signup"})
    assert "admin" not in told.body["user"]["user_metadata"]
    attempts = [
        await house.auth("/token?grant_type=password", {"email": email, "password": password})
        for password in ("the attacker's", PASSWORD)
    ]
    assert [answer.status for answer in attempts] == [400, 200]


async def test_without_confirmation_an_old_row_is_nobodys(house: House) -> None:
    email = address()
    await house.auth("/signup", {"email": email, "password": PASSWORD})
    stranger = await house.auth("/signup", {"email": email, "password": "something else"}, house.open)
    assert (stranger.status, stranger.code) == (422, "user_already_exists")
    assert (await house.auth("/signup", {"email": email, "password": PASSWORD}, house.open)).status == 200


async def test_twenty_who_want_one_address(house: House) -> None:
    email = address()
    body = {"email": email, "password": PASSWORD}
    answers = await asyncio.gather(*(house.auth("/signup", body, house.open) for _ in range(20)))
    assert sorted({answer.status for answer in answers}) in ([200, 422], [200])
    assert await house.owner.fetchval("select count(*) from auth.users where email = $1", email) == 1


async def test_codes_are_tried_five_times(house: House) -> None:
    email = address()
    await house.auth("/signup", {"email": email, "password": PASSWORD})
    code = code_of(house.mails(email)[0])
    for attempt in range(5):
        wrong = f"{(int(code) + attempt + 1) % 1_000_000:06d}"
        told = await house.auth("/verify", {"email": email, "token": wrong, "type": "email"})
        assert (told.status, told.code) == (403, "otp_expired")
    assert (await house.auth("/verify", {"email": email, "token": code, "type": "email"})).status == 403


async def test_a_code_is_for_one_purpose_and_one_person(house: House) -> None:
    one, two = address(), address()
    for email in (one, two):
        await house.auth("/signup", {"email": email, "password": PASSWORD})
    first, second = (house.mails(email)[0] for email in (one, two))
    for body in (
        {"email": two, "token": code_of(first), "type": "email"},
        {"email": one, "token": code_of(first), "type": "recovery"},
        {"token_hash": secret_of(second), "type": "recovery"},
        {"token_hash": "0" * 64, "type": "email"},
    ):
        told = await house.auth("/verify", body)
        assert (told.status, told.code) == (403, "otp_expired"), body
    assert (await house.auth("/verify", {"token_hash": secret_of(second), "type": "email"})).status == 200


async def test_mails_are_not_sent_too_often(house: House) -> None:
    email = address()
    await house.auth("/signup", {"email": email, "password": PASSWORD})
    again = await house.auth("/resend", {"email": email, "type": "signup"})
    assert (again.status, again.code) == (429, "over_email_send_rate_limit")
    assert 1 <= int(again.headers["Retry-After"]) <= 60
    assert len(house.mails(email)) == 1


async def test_nobody_in_particular(house: House) -> None:
    refused = await house.auth("/signup", {"data": {}})
    assert (refused.status, refused.code) == (422, "anonymous_provider_disabled")
    told = await house.auth("/signup", {"data": {"colour": "red"}}, house.open)
    assert (told.status, told.body["user"]["is_anonymous"], told.body["user"]["email"]) == (200, True, "")
    assert await house.notes(told.body["access_token"]) == 200


WEAK = {
    "": (400, "validation_failed"),
    "short": (422, "weak_password"),
    "x" * 1025: (400, "validation_failed"),
}


@pytest.mark.parametrize("password", WEAK)
async def test_weak_passwords(house: House, password: str) -> None:
    told = await house.auth("/signup", {"email": address(), "password": password})
    assert (told.status, told.code) == WEAK[password]


async def test_what_is_not_ones_own_is_ignored(house: House) -> None:
    """Mass assignment."""
    body = {
        "email": address(), "password": PASSWORD, "role": "service_role", "aud": "x", "id": str(uuid.uuid4()),
        "app_metadata": {"admin": True}, "email_confirmed_at": "2020-01-01", "is_super_admin": True,
        "data": {"sub": "x", "email": "victim@b.co", "email_verified": True, "__proto__": {}},
    }  # fmt: skip
    user = (await house.auth("/signup", body)).body
    assert (user["role"], user["aud"]) == ("authenticated", "authenticated")
    assert user["id"] != body["id"]
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert "email_confirmed_at" not in user
    assert user["user_metadata"] == {
        "sub": user["id"], "email": user["email"], "email_verified": False, "phone_verified": False,
    }  # fmt: skip
    session = await house.user(address())
    told = await house.ask(house.one, "PUT", "/auth/v1/user", {"app_metadata": {}}, bearer=session["access_token"])
    assert (told.status, told.code) == (403, "not_admin")


PROFILES = """
create table public.profiles (id uuid primary key references auth.users on delete cascade, name text not null);
create function public.on_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles values (new.id, new.raw_user_meta_data ->> 'name');
  return new;
end $$;
create trigger on_new_user after insert on auth.users for each row execute function public.on_new_user();
"""


async def test_a_trigger_of_the_application(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.owner.execute(PROFILES)
    try:
        made = await house.auth("/signup", {"email": address(), "password": PASSWORD, "data": {"name": "Ann"}})
        assert await house.owner.fetchval("select name from profiles where id = $1", made.body["id"]) == "Ann"
        refused = await house.auth("/signup", {"email": (email := address()), "password": PASSWORD})
        assert (refused.status, refused.code) == (500, "unexpected_failure")
        assert "saving new user" in refused.body["message"]
        assert 'null value in column "name"' in caplog.text  # for whoever wrote the trigger
        assert await house.owner.fetchval("select count(*) from auth.users where email = $1", email) == 0
    finally:
        await house.owner.execute("drop trigger on_new_user on auth.users; drop table public.profiles cascade")

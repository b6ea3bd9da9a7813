"""Who a request is, from a user's token, an API key, or both (Supabase's gateway rules)."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.identity import Authenticator, Identity, IdentitySettings, looks_like_browser
from tests.identity.tokens import NOW, SECRET, hs256

PUBLIC, PRIVATE = "sb_publishable_abc", "sb_secret_xyz"
ANON_JWT = hs256({"role": "anon", "iss": "supabase", "exp": NOW + 1000})
SERVICE_JWT = hs256({"role": "service_role", "iss": "supabase", "exp": NOW + 1000})
USER = hs256({"role": "authenticated", "sub": "u-1", "exp": NOW + 100})
FORGED = hs256({"role": "service_role"}, secret="another secret, also of 32 bytes.")
EXPIRED_KEY = hs256({"role": "anon", "exp": NOW - 100})


def identify(authorization: str | None, apikey: str | None, *, browser: bool = False, **settings: Any) -> Identity:
    keys = {"publishable_keys": (PUBLIC,), "secret_keys": (PRIVATE,), "anon_key": ANON_JWT, "service_key": SERVICE_JWT}
    authenticator = Authenticator(IdentitySettings(**{"jwt_secret": SECRET, **keys, **settings}), clock=lambda: NOW)
    return authenticator.identify(authorization, apikey, browser=browser)


@pytest.mark.parametrize(
    ("authorization", "apikey", "role"),
    [
        (None, None, "anon"),
        (None, "", "anon"),
        (None, PUBLIC, "anon"),
        (None, PRIVATE, "service_role"),
        (None, ANON_JWT, "anon"),
        (None, SERVICE_JWT, "service_role"),
        (f"Bearer {PUBLIC}", PUBLIC, "anon"),  # supabase-js without a session
        (f"Bearer {PRIVATE}", PRIVATE, "service_role"),
        (f"Bearer {ANON_JWT}", ANON_JWT, "anon"),
        (f"Bearer {SERVICE_JWT}", SERVICE_JWT, "service_role"),
        (f"Bearer {PUBLIC}", None, "anon"),
        (f"bearer {PRIVATE}", None, "service_role"),
        (f"Bearer {USER}", PUBLIC, "authenticated"),
        (f"Bearer {USER}", PRIVATE, "authenticated"),  # the user's token decides, whatever the key
        (f"Bearer {USER}", SERVICE_JWT, "authenticated"),
        (f"Bearer {USER}", ANON_JWT, "authenticated"),
        (f"Bearer {USER}", None, "authenticated"),
        (f"Bearer {PRIVATE}", PUBLIC, "anon"),  # an opaque key as Bearer does not outrank apikey
        (f"Bearer {SERVICE_JWT}", PUBLIC, "service_role"),
        ("Basic eDp5", PUBLIC, "anon"),
        ("Basic eDp5", PRIVATE, "service_role"),
    ],
)
def test_whose_request_it_is(authorization: str | None, apikey: str | None, role: str) -> None:
    assert identify(authorization, apikey).role == role


@pytest.mark.parametrize(
    ("authorization", "apikey", "code"),
    [
        (None, "sb_publishable_unknown", "invalid_api_key"),
        (None, "sb_secret_unknown", "invalid_api_key"),
        (None, "sb_temp_x", "invalid_api_key"),
        (None, "nonsense", "invalid_api_key"),
        (None, PUBLIC + " ", "invalid_api_key"),
        (None, PUBLIC.upper(), "invalid_api_key"),
        (None, "sb_a.b.c", "invalid_api_key"),
        (None, "\udcff", "invalid_api_key"),
        ("Bearer sb_secret_unknown", None, "invalid_api_key"),
        ("Bearer sb_secret_unknown", PUBLIC, "invalid_api_key"),
        (f"Bearer {USER}", "sb_publishable_unknown", "invalid_api_key"),
        (f"Bearer {USER}", "nonsense", "invalid_api_key"),
        (None, FORGED, "PGRST301"),
        (f"Bearer {USER}", FORGED, "PGRST301"),
        (f"Bearer {FORGED}", PRIVATE, "PGRST301"),
        (None, EXPIRED_KEY, "PGRST303"),
        ("Bearer ", PUBLIC, "PGRST301"),
        ("Bearer nonsense", PUBLIC, "PGRST301"),
    ],
)
def test_what_is_refused(authorization: str | None, apikey: str | None, code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        identify(authorization, apikey)
    assert (caught.value.status, caught.value.code) == (401, code)
    assert "WWW-Authenticate" in caught.value.headers


@pytest.mark.parametrize(
    ("authorization", "apikey", "allowed"),
    [
        (None, None, False),
        (None, "", False),
        (f"Bearer {USER}", None, False),
        ("Basic eDp5", None, False),
        (f"Bearer {USER}", PUBLIC, True),
        (None, PUBLIC, True),
        (None, ANON_JWT, True),
        (f"Bearer {PUBLIC}", None, True),
    ],
)
def test_requiring_a_key(authorization: str | None, apikey: str | None, allowed: bool) -> None:
    if allowed:
        identify(authorization, apikey, require_api_key=True)
        return
    with pytest.raises(GatewayError) as caught:
        identify(authorization, apikey, require_api_key=True)
    error = caught.value
    assert (error.status, error.code, error.message) == (401, "no_api_key", "No API key found in request")


@pytest.mark.parametrize(
    ("authorization", "apikey"),
    [
        (None, PRIVATE),
        (f"Bearer {PRIVATE}", None),
        (f"Bearer {PRIVATE}", PRIVATE),
        (f"Bearer {USER}", PRIVATE),
        (f"Bearer {PRIVATE}", PUBLIC),
    ],
)
def test_secret_keys_are_refused_in_browsers(authorization: str | None, apikey: str | None) -> None:
    with pytest.raises(GatewayError) as caught:
        identify(authorization, apikey, browser=True)
    assert (caught.value.status, caught.value.code) == (401, "secret_key_in_browser")
    assert PRIVATE not in f"{caught.value.message}{caught.value.hint}"


def test_other_keys_are_for_browsers() -> None:
    assert identify(None, PUBLIC, browser=True).role == "anon"
    assert identify(f"Bearer {USER}", PUBLIC, browser=True).role == "authenticated"


@pytest.mark.parametrize(
    ("headers", "browser"),
    [
        ({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}, True),
        ({"User-Agent": "node"}, False),
        ({"User-Agent": "node", "Origin": "http://localhost:5173"}, True),
        ({}, False),
        ({"User-Agent": "python-httpx/0.28"}, False),
    ],
)
def test_what_looks_like_a_browser(headers: dict[str, str], browser: bool) -> None:
    assert looks_like_browser(headers) is browser


def test_postgrest_mode_knows_no_api_keys() -> None:
    assert identify(None, "nonsense", postgrest_mode=True, require_api_key=True).role == "anon"
    assert identify(f"Bearer {USER}", PRIVATE, postgrest_mode=True).role == "authenticated"
    with pytest.raises(GatewayError) as caught:
        identify(f"Bearer {PRIVATE}", PRIVATE, postgrest_mode=True)
    assert caught.value.message == "Expected 3 parts in JWT; got 1"


def test_legacy_settings_may_hold_opaque_keys() -> None:
    settings: dict[str, Any] = {"anon_key": "my-public-key", "service_key": "my-private-key", "secret_keys": ()}
    assert identify(None, "my-public-key", **settings).role == "anon"
    assert identify("Bearer my-private-key", "my-private-key", **settings).role == "service_role"
    with pytest.raises(GatewayError):
        identify(None, PRIVATE, **settings)


def test_roles_of_keys_are_configurable() -> None:
    settings = {"anon_role": "visitor", "service_role": "machine"}
    assert identify(None, PUBLIC, **settings) == Identity("visitor", '{"role":"visitor"}', anonymous=True)
    assert identify(None, PRIVATE, **settings) == Identity("machine", '{"role":"machine"}', anonymous=False)


def test_publishable_keys_without_an_anonymous_role() -> None:
    with pytest.raises(GatewayError) as caught:
        identify(None, PUBLIC, anon_role=None)
    assert caught.value.code == "PGRST302"

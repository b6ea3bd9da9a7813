"""The endpoint index: what answers where, what it demands, and that there is nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.buckets import DEFAULT_RATES, Bucket
from gateway.auth.errors import AuthError
from gateway.auth.routes import ROUTES, Caller, Endpoint, Grant, find, read_grant

ONE = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
TWO = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12"


def refusal(method: str, path: str) -> AuthError:
    with pytest.raises(AuthError) as raised:
        find(method, path)
    return raised.value


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "caller", "bucket"),
    [
        ("POST", "/signup", "SIGN_UP", "anyone", "auth_sign_up"),
        ("POST", "/token", "TOKEN", "anyone", None),
        ("GET", "/user", "GET_USER", "user", None),
        ("HEAD", "/user", "GET_USER", "user", None),
        ("PUT", "/user", "UPDATE_USER", "user", "auth_update"),
        ("POST", "/logout", "SIGN_OUT", "user", None),
        ("POST", "/recover", "RECOVER", "anyone", "auth_recover"),
        ("POST", "/otp", "OTP", "anyone", "auth_otp"),
        ("POST", "/magiclink", "MAGIC_LINK", "anyone", "auth_magic_link"),
        ("POST", "/resend", "RESEND", "anyone", "auth_resend"),
        ("GET", "/reauthenticate", "REAUTHENTICATE", "user", "auth_reauthenticate"),
        ("POST", "/verify", "VERIFY", "browser", "auth_verify"),
        ("GET", "/verify", "FOLLOW_LINK", "browser", "auth_verify"),
        ("HEAD", "/verify", "PREVIEW_LINK", "browser", None),
        ("GET", "/authorize", "AUTHORIZE", "browser", None),
        ("GET", "/callback", "CALLBACK", "browser", None),
        ("POST", "/callback", "CALLBACK", "browser", None),
        ("GET", "/user/identities/authorize", "LINK_IDENTITY", "user", None),
        ("DELETE", f"/user/identities/{ONE}", "UNLINK_IDENTITY", "user", None),
        ("POST", "/factors", "ENROLL_FACTOR", "user", None),
        ("POST", f"/factors/{ONE}/challenge", "CHALLENGE_FACTOR", "user", "auth_challenge"),
        ("POST", f"/factors/{ONE}/verify", "VERIFY_FACTOR", "user", "auth_verify_factor"),
        ("DELETE", f"/factors/{ONE}", "UNENROLL_FACTOR", "user", None),
        ("GET", "/admin/users", "LIST_USERS", "service", None),
        ("POST", "/admin/users", "CREATE_USER", "service", None),
        ("GET", f"/admin/users/{ONE}", "READ_USER", "service", None),
        ("PUT", f"/admin/users/{ONE}", "CHANGE_USER", "service", None),
        ("DELETE", f"/admin/users/{ONE}", "DELETE_USER", "service", None),
        ("GET", f"/admin/users/{ONE}/factors", "LIST_FACTORS", "service", None),
        ("DELETE", f"/admin/users/{ONE}/factors/{TWO}", "DELETE_FACTOR", "service", None),
        ("POST", "/admin/generate_link", "GENERATE_LINK", "service", None),
        ("POST", "/invite", "INVITE", "service", None),
        ("GET", "/settings", "SETTINGS", "anyone", None),
        ("GET", "/health", "HEALTH", "anyone", None),
        ("GET", "/.well-known/jwks.json", "JWKS", "browser", None),
        ("GET", "/.well-known/openid-configuration", "OPENID_CONFIGURATION", "browser", None),
    ],
)
def test_the_index(method: str, path: str, endpoint: str, caller: str, bucket: str | None) -> None:
    route = find(method, path).route
    assert (route.endpoint.name, route.caller.value) == (endpoint, caller)
    assert (route.bucket and route.bucket.value) == bucket


def test_every_endpoint_has_a_route_and_every_route_is_found() -> None:
    assert {route.endpoint for route in ROUTES} == set(Endpoint)
    for route in ROUTES:
        path = route.path.replace("{user_id}", ONE).replace("{factor_id}", ONE).replace("{identity_id}", ONE)
        assert find(route.method, path).route is route


def test_everything_of_administration_is_for_the_service_role() -> None:
    for route in ROUTES:
        assert (route.caller is Caller.SERVICE) == (route.path.startswith("/admin/") or route.path == "/invite")


def test_ids_are_read() -> None:
    assert find("DELETE", f"/admin/users/{ONE}/factors/{TWO}").parameters == {
        "user_id": UUID(ONE),
        "factor_id": UUID(TWO),
    }
    assert find("POST", f"/factors/{ONE}/verify").parameters == {"factor_id": UUID(ONE)}
    assert find("GET", "/user").parameters == {}


@pytest.mark.parametrize(
    "text", ["1", "null", "undefined", ONE[:-1], ONE + "0", ONE.replace("-", ""), "%27or%271", "..", ONE + "\n", "é"]
)
def test_an_id_that_is_none_is_404(text: str) -> None:
    for method, path, name in (
        ("GET", f"/admin/users/{text}", "user_id"),
        ("DELETE", f"/user/identities/{text}", "identity_id"),
        ("POST", f"/factors/{text}/challenge", "factor_id"),
        ("DELETE", f"/admin/users/{ONE}/factors/{text}", "factor_id"),
    ):
        error = refusal(method, path)
        assert (error.status, error.code) == (404, "validation_failed")
        assert error.message == f"{name} must be a UUID"


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "//", "/signup/", "/Signup", "/sign%75p", "/user/", "/users", "/admin", "/admin/", "/admin/users/"),
        *("/admin/users//factors", f"/admin/users/{ONE}/", f"/factors/{ONE}/verify/x", "/factors/", "/../user"),
        *("/user/identities", "/user/identities/", "/.well-known", "/.well-known/jwks.json/", "/.well-known/jwksXjson"),
        *("/verifyx", "/callback/x", "/ssox", "/passkeysx", "/oauthx", "/token?grant_type=password"),
    ],
)
def test_unknown_paths_are_404(path: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS", "X"):
        error = refusal(method, path)
        assert (error.status, error.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/sso", "saml_provider_disabled"),
        ("/sso/saml/acs", "saml_provider_disabled"),
        ("/sso/saml/metadata", "saml_provider_disabled"),
        ("/admin/sso/providers", "saml_provider_disabled"),
        (f"/admin/sso/providers/{ONE}", "saml_provider_disabled"),
        ("/passkeys", "passkey_disabled"),
        ("/passkeys/authentication/options", "passkey_disabled"),
        ("/passkeys/registration/verify", "passkey_disabled"),
        (f"/passkeys/{ONE}", "passkey_disabled"),
        (f"/admin/users/{ONE}/passkeys", "passkey_disabled"),
        (f"/admin/users/{ONE}/passkeys/{TWO}", "passkey_disabled"),
        ("/factors/recovery-codes", "feature_disabled"),
        ("/factors/recovery-codes/verify", "feature_disabled"),
        ("/factors/recovery-codes/regenerate", "feature_disabled"),
        ("/oauth/authorize", "feature_disabled"),
        ("/oauth/token", "feature_disabled"),
        ("/user/oauth/grants", "feature_disabled"),
        ("/admin/oauth/clients", "feature_disabled"),
        (f"/admin/oauth/clients/{ONE}", "feature_disabled"),
        ("/.well-known/oauth-authorization-server", "feature_disabled"),
        ("/admin/custom-providers", "feature_disabled"),
        ("/admin/audit", "feature_disabled"),
    ],
)
def test_what_is_not_built_says_so(path: str, code: str) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        error = refusal(method, path)
        assert (error.status, error.code) == (404, code)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/signup", "POST"),
        ("HEAD", "/authorize", "GET"),
        ("HEAD", "/reauthenticate", "GET"),
        ("PATCH", "/user", "GET, HEAD, PUT"),
        ("get", "/user", "GET, HEAD, PUT"),
        ("OPTIONS", "/token", "POST"),
        ("PUT", "/verify", "POST, GET, HEAD"),
        ("POST", f"/factors/{ONE}", "DELETE"),
        ("POST", "/factors/nonsense", "DELETE"),
        ("PATCH", f"/admin/users/{ONE}", "GET, PUT, DELETE"),
        ("DELETE", "/admin/users", "GET, POST"),
    ],
)
def test_another_method_is_405_with_those_that_are(method: str, path: str, allow: str) -> None:
    error = refusal(method, path)
    assert (error.status, error.code, error.headers) == (405, "method_not_allowed", {"Allow": allow})


@given(st.sampled_from(["GET", "POST", "HEAD"]), st.text(alphabet="/%._-{}aeurs019 \n*?", max_size=30).map("/".__add__))
def test_no_path_is_a_fault(method: str, path: str) -> None:
    if path in {route.path for route in ROUTES if route.method == method}:
        assert find(method, path).route.path == path
    else:
        assert refusal(method, path).status in {404, 405}


@pytest.mark.parametrize(
    ("text", "bucket"),
    [
        ("password", "auth_sign_in"),
        ("refresh_token", None),
        ("pkce", "auth_exchange"),
        ("id_token", "auth_exchange"),
    ],
)
def test_grants(text: str, bucket: str | None) -> None:
    grant = read_grant(text)
    assert grant is Grant(text)
    assert (grant.bucket and grant.bucket.value) == bucket


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (None, 400, "invalid_credentials"),
        ("", 400, "invalid_credentials"),
        ("PASSWORD", 400, "invalid_credentials"),
        ("client_credentials", 400, "invalid_credentials"),
        ("web3", 404, "feature_disabled"),
    ],
)
def test_other_grants_are_refused(text: str | None, status: int, code: str) -> None:
    with pytest.raises(AuthError) as raised:
        read_grant(text)
    assert (raised.value.status, raised.value.code) == (status, code)


def test_signing_out_and_refreshing_are_never_limited_by_address() -> None:
    assert find("POST", "/logout").route.bucket is None
    assert find("POST", "/token").route.bucket is None
    assert Grant.REFRESH_TOKEN.bucket is None


def test_every_bucket_has_a_rate_and_is_used() -> None:
    assert set(DEFAULT_RATES) == set(Bucket)
    used = {route.bucket for route in ROUTES} | {grant.bucket for grant in Grant} | {Bucket.ANONYMOUS}
    assert used - {None} == set(Bucket)
    assert {rate.burst for rate in DEFAULT_RATES.values()} == {30}
    assert str(DEFAULT_RATES[Bucket.VERIFY]) == "360/h burst 30"

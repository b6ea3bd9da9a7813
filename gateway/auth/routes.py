"""The endpoints of `/auth/v1`: what answers where, and what it asks of its caller. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from gateway.auth.body import read_uuid
from gateway.auth.buckets import Bucket
from gateway.auth.errors import (
    AuthError,
    feature_disabled,
    method_not_allowed,
    not_found,
    passkey_disabled,
    saml_provider_disabled,
    unsupported_grant_type,
    validation_failed,
)


class Caller(enum.Enum):
    """Who may call: BROWSER needs no API key, for a browser is sent there and cannot send one. The others do: ANYONE
    needs no more, whatever `Authorization` holds; USER a user's token; SERVICE the service role."""

    BROWSER = "browser"
    ANYONE = "anyone"
    USER = "user"
    SERVICE = "service"


class Endpoint(enum.Enum):
    """What a path and a method stand for."""

    SIGN_UP = enum.auto()
    TOKEN = enum.auto()
    GET_USER = enum.auto()
    UPDATE_USER = enum.auto()
    SIGN_OUT = enum.auto()
    RECOVER = enum.auto()
    OTP = enum.auto()
    MAGIC_LINK = enum.auto()
    RESEND = enum.auto()
    REAUTHENTICATE = enum.auto()
    VERIFY = enum.auto()
    FOLLOW_LINK = enum.auto()
    PREVIEW_LINK = enum.auto()
    """HEAD, as mail scanners send it: the link is not used up."""
    AUTHORIZE = enum.auto()
    CALLBACK = enum.auto()
    LINK_IDENTITY = enum.auto()
    UNLINK_IDENTITY = enum.auto()
    ENROLL_FACTOR = enum.auto()
    CHALLENGE_FACTOR = enum.auto()
    VERIFY_FACTOR = enum.auto()
    UNENROLL_FACTOR = enum.auto()
    LIST_USERS = enum.auto()
    CREATE_USER = enum.auto()
    READ_USER = enum.auto()
    CHANGE_USER = enum.auto()
    DELETE_USER = enum.auto()
    LIST_FACTORS = enum.auto()
    DELETE_FACTOR = enum.auto()
    GENERATE_LINK = enum.auto()
    INVITE = enum.auto()
    SETTINGS = enum.auto()
    HEALTH = enum.auto()
    JWKS = enum.auto()
    OPENID_CONFIGURATION = enum.auto()


class Grant(enum.Enum):
    """The `grant_type` of `/token`."""

    PASSWORD = "password"  # noqa: S105 - the name of a grant
    REFRESH_TOKEN = "refresh_token"  # noqa: S105
    PKCE = "pkce"
    ID_TOKEN = "id_token"  # noqa: S105

    @property
    def bucket(self) -> Bucket | None:
        """Refreshing is limited by session, which only the token tells."""
        return _BUCKETS_OF_GRANTS[self]


_BUCKETS_OF_GRANTS: Final = {
    Grant.PASSWORD: Bucket.SIGN_IN,
    Grant.REFRESH_TOKEN: None,
    Grant.PKCE: Bucket.EXCHANGE,
    Grant.ID_TOKEN: Bucket.EXCHANGE,
}


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is a template below the surface's prefix; each `{name}` is a UUID."""

    method: str
    path: str
    endpoint: Endpoint
    caller: Caller
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    parameters: Mapping[str, UUID] = field(default_factory=dict[str, UUID])


_USER = "/admin/users/{user_id}"

ROUTES: Final = (
    Route("POST", "/signup", Endpoint.SIGN_UP, Caller.ANYONE, Bucket.SIGN_UP),
    Route("POST", "/token", Endpoint.TOKEN, Caller.ANYONE),
    Route("GET", "/user", Endpoint.GET_USER, Caller.USER),
    Route("HEAD", "/user", Endpoint.GET_USER, Caller.USER),
    Route("PUT", "/user", Endpoint.UPDATE_USER, Caller.USER, Bucket.UPDATE),
    Route("POST", "/logout", Endpoint.SIGN_OUT, Caller.USER),
    Route("POST", "/recover", Endpoint.RECOVER, Caller.ANYONE, Bucket.RECOVER),
    Route("POST", "/otp", Endpoint.OTP, Caller.ANYONE, Bucket.OTP),
    Route("POST", "/magiclink", Endpoint.MAGIC_LINK, Caller.ANYONE, Bucket.MAGIC_LINK),
    Route("POST", "/resend", Endpoint.RESEND, Caller.ANYONE, Bucket.RESEND),
    Route("GET", "/reauthenticate", Endpoint.REAUTHENTICATE, Caller.USER, Bucket.REAUTHENTICATE),
    Route("POST", "/verify", Endpoint.VERIFY, Caller.BROWSER, Bucket.VERIFY),
    Route("GET", "/verify", Endpoint.FOLLOW_LINK, Caller.BROWSER, Bucket.VERIFY),
    Route("HEAD", "/verify", Endpoint.PREVIEW_LINK, Caller.BROWSER),
    Route("GET", "/authorize", Endpoint.AUTHORIZE, Caller.BROWSER),
    Route("GET", "/callback", Endpoint.CALLBACK, Caller.BROWSER),
    Route("POST", "/callback", Endpoint.CALLBACK, Caller.BROWSER),
    Route("GET", "/user/identities/authorize", Endpoint.LINK_IDENTITY, Caller.USER),
    Route("DELETE", "/user/identities/{identity_id}", Endpoint.UNLINK_IDENTITY, Caller.USER),
    Route("POST", "/factors", Endpoint.ENROLL_FACTOR, Caller.USER),
    Route("POST", "/factors/{factor_id}/challenge", Endpoint.CHALLENGE_FACTOR, Caller.USER, Bucket.CHALLENGE),
    Route("POST", "/factors/{factor_id}/verify", Endpoint.VERIFY_FACTOR, Caller.USER, Bucket.VERIFY_FACTOR),
    Route("DELETE", "/factors/{factor_id}", Endpoint.UNENROLL_FACTOR, Caller.USER),
    Route("GET", "/admin/users", Endpoint.LIST_USERS, Caller.SERVICE),
    Route("POST", "/admin/users", Endpoint.CREATE_USER, Caller.SERVICE),
    Route("GET", _USER, Endpoint.READ_USER, Caller.SERVICE),
    Route("PUT", _USER, Endpoint.CHANGE_USER, Caller.SERVICE),
    Route("DELETE", _USER, Endpoint.DELETE_USER, Caller.SERVICE),
    Route("GET", f"{_USER}/factors", Endpoint.LIST_FACTORS, Caller.SERVICE),
    Route("DELETE", f"{_USER}/factors/{{factor_id}}", Endpoint.DELETE_FACTOR, Caller.SERVICE),
    Route("POST", "/admin/generate_link", Endpoint.GENERATE_LINK, Caller.SERVICE),
    Route("POST", "/invite", Endpoint.INVITE, Caller.SERVICE),
    Route("GET", "/settings", Endpoint.SETTINGS, Caller.ANYONE),
    Route("HEAD", "/settings", Endpoint.SETTINGS, Caller.ANYONE),
    Route("GET", "/health", Endpoint.HEALTH, Caller.ANYONE),
    Route("HEAD", "/health", Endpoint.HEALTH, Caller.ANYONE),
    Route("GET", "/.well-known/jwks.json", Endpoint.JWKS, Caller.BROWSER),
    Route("HEAD", "/.well-known/jwks.json", Endpoint.JWKS, Caller.BROWSER),
    Route("GET", "/.well-known/openid-configuration", Endpoint.OPENID_CONFIGURATION, Caller.BROWSER),
)

_Absent = tuple[str, Callable[[], AuthError]]

# A path and everything below it. Clients ask for these to learn whether they may offer them.
_ABSENT: Final[tuple[_Absent, ...]] = (
    (r"/sso", saml_provider_disabled),
    (r"/admin/sso", saml_provider_disabled),
    (r"/passkeys", passkey_disabled),
    (r"/admin/users/[^/]+/passkeys", passkey_disabled),
    (r"/factors/recovery-codes", lambda: feature_disabled("MFA recovery codes")),
    (r"/oauth", lambda: feature_disabled("The OAuth server")),
    (r"/user/oauth", lambda: feature_disabled("The OAuth server")),
    (r"/admin/oauth", lambda: feature_disabled("The OAuth server")),
    (r"/\.well-known/oauth-authorization-server", lambda: feature_disabled("The OAuth server")),
    (r"/admin/custom-providers", lambda: feature_disabled("Custom providers by API")),
    (r"/admin/audit", lambda: feature_disabled("The audit log by API")),
)
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def find(method: str, path: str) -> Match:
    """What answers `path`, which is below the surface's prefix and as it came: nothing in it is decoded.

    Raises `not_found` or the code of a feature that is not built, `method_not_allowed` with the methods that are, and
    404 `validation_failed` for an id that is no UUID.
    """
    exact = _EXACT.get(path)
    if exact is not None:
        return Match(_of_method(exact, method))
    for pattern, error in _ABSENT_PATTERNS:
        if pattern.fullmatch(path):
            raise error()
    for pattern, routes in _WITH_PARAMETERS:
        found = pattern.fullmatch(path)
        if found is not None:
            route = _of_method(routes, method)
            return Match(route, {name: _uuid(name, text) for name, text in found.groupdict().items()})
    raise not_found()


def read_grant(grant_type: str | None) -> Grant:
    """Raises `invalid_credentials` for an unknown one, as upstream does."""
    if grant_type == "web3":
        raise feature_disabled("Signing in with a wallet")
    try:
        return Grant(grant_type)
    except ValueError:
        raise unsupported_grant_type() from None


def _of_method(routes: Mapping[str, Route], method: str) -> Route:
    route = routes.get(method)
    if route is None:
        raise method_not_allowed(method, ", ".join(routes))
    return route


def _uuid(name: str, text: str) -> UUID:
    found = read_uuid(text)
    if found is None:
        raise validation_failed(f"{name} must be a UUID", status=404)
    return found


def _by_path() -> dict[str, dict[str, Route]]:
    found: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        found.setdefault(route.path, {})[route.method] = route
    return found


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", template))


_EXACT: Final = {path: routes for path, routes in _by_path().items() if "{" not in path}
_WITH_PARAMETERS: Final = [(_pattern(path), routes) for path, routes in _by_path().items() if "{" in path]
_ABSENT_PATTERNS: Final = [(re.compile(f"{path}(?:/.*)?"), error) for path, error in _ABSENT]

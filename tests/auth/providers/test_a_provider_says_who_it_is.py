"""The whole way over HTTP: to the provider, back with a code, and a profile of it."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from gateway.auth.providers import (
    ClientRefused,
    CodeRefused,
    EmailMissing,
    GitHub,
    OpenIdConnect,
    Profile,
    Provider,
    ProviderClient,
    Registration,
    TokenProvider,
    google,
)
from tests.auth.github_server import GitHubServer
from tests.auth.oidc_server import OidcServer, Person
from tests.auth.provider_server import CLIENT_ID, CLIENT_SECRET
from tests.auth.providers.browser import CALLBACK, attempt, query, visit


def registration(name: str = "keycloak", *, secret: str = CLIENT_SECRET, email_optional: bool = False) -> Registration:
    return Registration(name, CLIENT_ID, secret, email_optional=email_optional)


async def sign_in(provider: Provider, *, scopes: str = "") -> Profile:
    there = await provider.authorize_url(attempt(), scopes=scopes)
    answer = await visit(there)
    assert answer["state"] == attempt().state
    return await provider.exchange(attempt(), answer["code"], issuer=answer.get("iss"))


async def test_openid_connect(oidc: OidcServer, client: ProviderClient) -> None:
    oidc.person = Person(
        "abc", "Ann@Example.com", more={"preferred_username": "ann", "picture": "https://x.example/a.png"}
    )

    profile = await sign_in(OpenIdConnect(registration(), client, oidc.url), scopes="offline_access")

    assert (profile.provider, profile.subject) == ("keycloak", "abc")
    assert (profile.email, profile.email_verified) == ("ann@example.com", True)
    assert (profile.name, profile.avatar) == ("Ann Example", "https://x.example/a.png")
    assert profile.data == {
        "iss": oidc.url,
        "sub": "abc",
        "provider_id": "abc",
        "name": "Ann Example",
        "full_name": "Ann Example",
        "user_name": "ann",
        "preferred_username": "ann",
        "avatar_url": "https://x.example/a.png",
        "picture": "https://x.example/a.png",
        "email": "ann@example.com",
        "email_verified": True,
        "phone_verified": False,
    }
    assert profile.tokens.access in oidc.grants
    assert profile.tokens.refresh == "refresh-1"
    assert profile.tokens.access not in repr(profile)


async def test_google(oidc: OidcServer, client: ProviderClient) -> None:
    oidc.person = Person("1234", more={"hd": "example.com"})
    oidc.alter = lambda claims: {**claims, "iss": "accounts.google.com"}

    profile = await sign_in(google(registration("google"), client, issuer=oidc.url))

    assert profile.data["custom_claims"] == {"hd": "example.com"}
    assert profile.data["iss"] == oidc.url


async def test_github(github: GitHubServer, client: ProviderClient) -> None:
    profile = await sign_in(GitHub(registration("github"), client, site=github.url, api=github.api), scopes="repo,gist")

    assert (profile.provider, profile.subject) == ("github", "583231")
    assert profile.data == {
        "iss": github.api,
        "sub": "583231",
        "provider_id": "583231",
        "name": "Ann Example",
        "full_name": "Ann Example",
        "user_name": "ann",
        "preferred_username": "ann",
        "avatar_url": "https://avatars.example/u/583231",
        "email": "ann@example.com",
        "email_verified": True,
        "phone_verified": False,
    }
    assert github.grants[profile.tokens.access].scopes == {"user:email", "repo", "gist"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES256"])
async def test_signatures_of_every_kind(algorithm: str, client: ProviderClient) -> None:
    async with OidcServer(algorithm=algorithm) as server:
        assert (await sign_in(OpenIdConnect(registration(), client, server.url))).subject == "person-1"


@pytest.mark.parametrize("methods", [None, ["client_secret_basic"], ["client_secret_post"], ["private_key_jwt"]])
async def test_the_secret_goes_where_it_is_wanted(
    oidc: OidcServer, client: ProviderClient, methods: list[str] | None
) -> None:
    oidc.document = {"token_endpoint_auth_methods_supported": methods}
    await sign_in(OpenIdConnect(registration(), client, oidc.url))
    (form,) = [fields for _, path, fields in oidc.requests if path == "/token"]
    assert ("client_secret" in form) == (methods == ["client_secret_post"])


@pytest.mark.parametrize(
    ("methods", "used"), [(["plain", "S256"], True), (["plain"], False), (None, False), ("S256", False)]
)
async def test_pkce_where_it_is_understood(
    oidc: OidcServer, client: ProviderClient, methods: object, used: bool
) -> None:
    oidc.document = {"code_challenge_methods_supported": methods}
    provider = OpenIdConnect(registration(), client, oidc.url)
    assert ("code_challenge" in query(await provider.authorize_url(attempt()))) == used
    assert (await sign_in(provider)).subject == "person-1"


async def test_another_attempts_verifier_does_not_work(
    oidc: OidcServer, github: GitHubServer, client: ProviderClient
) -> None:
    for provider in (
        OpenIdConnect(registration(), client, oidc.url),
        GitHub(registration("github"), client, site=github.url, api=github.api),
    ):
        code = (await visit(await provider.authorize_url(attempt(1))))["code"]
        with pytest.raises(CodeRefused):
            await provider.exchange(attempt(2), code)


async def test_a_code_works_once_and_never_shows(
    oidc: OidcServer, github: GitHubServer, client: ProviderClient
) -> None:
    for provider in (
        OpenIdConnect(registration(), client, oidc.url),
        GitHub(registration("github"), client, site=github.url, api=github.api),
    ):
        code = (await visit(await provider.authorize_url(attempt())))["code"]
        await provider.exchange(attempt(), code)
        with pytest.raises(CodeRefused) as caught:
            await provider.exchange(attempt(), code)
        assert (caught.value.status, caught.value.code) == (400, "bad_oauth_callback")
        assert code not in f"{caught.value!r} {caught.value.details}"


@pytest.mark.parametrize("code", ["", "x" * 5000])
async def test_a_code_that_can_be_none_is_not_sent(github: GitHubServer, client: ProviderClient, code: str) -> None:
    with pytest.raises(CodeRefused):
        await GitHub(registration("github"), client, site=github.url, api=github.api).exchange(attempt(), code)
    assert github.requests == []


async def test_a_wrong_secret_is_our_fault(oidc: OidcServer, github: GitHubServer, client: ProviderClient) -> None:
    for provider in (
        OpenIdConnect(registration(secret="other"), client, oidc.url),
        GitHub(registration("github", secret="other"), client, site=github.url, api=github.api),
    ):
        code = (await visit(await provider.authorize_url(attempt())))["code"]
        with pytest.raises(ClientRefused) as caught:
            await provider.exchange(attempt(), code)
        assert "other" not in f"{caught.value!r} {caught.value.details}"


@pytest.mark.parametrize(
    ("emails", "expected"),
    [
        ([("a@x.co", False, False), ("b@x.co", True, True)], ("b@x.co", True)),
        ([("a@x.co", True, False), ("b@x.co", False, True)], ("b@x.co", True)),
        ([("a@x.co", False, True), ("b@x.co", True, True)], ("b@x.co", True)),
        ([("a@x.co", False, False), ("b@x.co", True, False)], ("b@x.co", False)),
        ([("a@x.co", True, "true")], ("a@x.co", False)),
        ([("not one", True, True), ("a@x.co", False, True)], ("a@x.co", True)),
    ],
)
async def test_githubs_addresses(
    github: GitHubServer,
    client: ProviderClient,
    emails: list[tuple[str, bool, object]],
    expected: tuple[str, bool],
) -> None:
    github.emails = [{"email": email, "primary": first, "verified": sure} for email, first, sure in emails]
    profile = await sign_in(GitHub(registration("github"), client, site=github.url, api=github.api))
    assert (profile.email, profile.email_verified) == expected
    assert (profile.data["email"], profile.data["email_verified"]) == expected


@pytest.mark.parametrize("emails", [[], {"message": "x"}, ["a@x.co"], [{"email": None, "verified": True}]])
async def test_no_address_is_an_error_unless_it_may_be(
    github: GitHubServer, client: ProviderClient, emails: object
) -> None:
    github.emails = emails
    github.user["email"] = "public@example.com"  # nobody says that this one is verified
    with pytest.raises(EmailMissing, match="Error getting user email from external provider"):
        await sign_in(GitHub(registration("github"), client, site=github.url, api=github.api))
    optional = registration("github", email_optional=True)
    profile = await sign_in(GitHub(optional, client, site=github.url, api=github.api))
    assert (profile.email, profile.email_verified, profile.data["email_verified"]) == (None, False, False)


@pytest.mark.parametrize(
    ("stated", "verified"), [(True, True), ("true", True), (False, False), ("false", False), (1, False), (None, False)]
)
async def test_an_address_is_verified_only_if_the_provider_says_so(
    oidc: OidcServer, client: ProviderClient, stated: object, verified: bool
) -> None:
    oidc.person = Person(email_verified=stated)
    profile = await sign_in(OpenIdConnect(registration(), client, oidc.url))
    assert (profile.email_verified, profile.data["email_verified"]) == (verified, verified)


async def test_an_address_from_userinfo_is_as_verified_as_that_says(oidc: OidcServer, client: ProviderClient) -> None:
    oidc.email_in_token = False
    oidc.alter = lambda claims: {**claims, "email_verified": True}
    oidc.userinfo = {"email": "victim@example.com", "email_verified": False}
    profile = await sign_in(OpenIdConnect(registration(), client, oidc.url))
    assert (profile.email, profile.email_verified) == ("victim@example.com", False)


async def test_hostile_names_become_short_lines(oidc: OidcServer, client: ProviderClient) -> None:
    oidc.person = Person(
        name="A\x00nn\r\n\u202e" + "x" * 5000,
        more={"picture": "javascript:alert(1)", "preferred_username": ["a"], "hd": {"a": 1}},
    )
    data = (await sign_in(google(registration("google"), client, issuer=oidc.url))).data
    assert data["name"].startswith("A nn xxx")
    assert len(data["name"]) == 255
    assert not {"picture", "avatar_url", "user_name", "custom_claims"} & data.keys()


@pytest.mark.parametrize("denied", ["iss", "none"])
async def test_an_answer_of_another_issuer_is_refused(oidc: OidcServer, client: ProviderClient, denied: str) -> None:
    oidc.document = {"authorization_response_iss_parameter_supported": True}
    provider = OpenIdConnect(registration(), client, oidc.url)
    answer = await visit(await provider.authorize_url(attempt()))
    assert answer["iss"] == oidc.url
    with pytest.raises(CodeRefused):
        await provider.exchange(attempt(), answer["code"], issuer="https://evil" if denied == "iss" else None)
    assert oidc.calls("/token") == 0
    assert (await provider.exchange(attempt(), answer["code"], issuer=oidc.url)).subject == "person-1"


async def test_who_says_no_comes_back_with_that(oidc: OidcServer, client: ProviderClient) -> None:
    oidc.denies = True
    answer = await visit(await OpenIdConnect(registration(), client, oidc.url).authorize_url(attempt()))
    assert (answer["error"], "code" in answer) == ("access_denied", False)


@pytest.mark.parametrize("audience", [CLIENT_ID, "android"])
@pytest.mark.parametrize("nonce", [None, "the application's"])
async def test_id_tokens_from_elsewhere(
    oidc: OidcServer, client: ProviderClient, audience: str, nonce: str | None
) -> None:
    provider = OpenIdConnect(Registration("google", CLIENT_ID, audiences=("android",)), client, oidc.url)
    assert isinstance(provider, TokenProvider)
    assert not isinstance(GitHub(registration(), client), TokenProvider)
    hashed = hashlib.sha256(nonce.encode()).hexdigest() if nonce else None
    token = oidc.id_token(audience, nonce=hashed, access_token="at")

    profile = await provider.identify(token, access_token="at", nonce=nonce)

    assert (profile.subject, profile.tokens.access, profile.tokens.refresh) == ("person-1", "", None)


async def test_documents_are_fetched_once_for_all(oidc: OidcServer, client: ProviderClient) -> None:
    provider = OpenIdConnect(registration(), client, f"{oidc.url}/.well-known/openid-configuration")
    await asyncio.gather(*(sign_in(provider) for _ in range(10)))
    assert [oidc.calls(path) for path in ("/.well-known/openid-configuration", "/jwks", "/token")] == [1, 1, 10]


async def test_the_way_there(oidc: OidcServer, github: GitHubServer, client: ProviderClient) -> None:
    oidc.document = {"authorization_endpoint": f"{oidc.url}/authorize?tenant=1#x"}
    for provider, scope in (
        (OpenIdConnect(registration(), client, oidc.url), "openid email profile"),
        (GitHub(registration("github"), client, site=github.url, api=github.api), "user:email"),
    ):
        url = await provider.authorize_url(
            attempt(), scopes='a,b c\tuser:email a"', extra=[("Prompt", "consent"), ("STATE", "evil"), ("scope", "x")]
        )
        found = query(url)
        wanted = " ".join(dict.fromkeys([*scope.split(), "a", "b", "c", "user:email"]))
        assert found["scope"] == wanted
        assert (found["state"], found["redirect_uri"], found["Prompt"]) == (attempt().state, CALLBACK, "consent")
        assert "STATE" not in found
        assert "#" not in url
    assert query(await OpenIdConnect(registration(), client, oidc.url).authorize_url(attempt()))["tenant"] == "1"

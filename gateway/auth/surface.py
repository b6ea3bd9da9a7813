"""The surface `/auth/v1`: from a request to what is done, and to its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson
from aiohttp import web

from gateway.auth import errors
from gateway.auth.accounts import asking, profile, refreshing, sign_in, sign_up, verification
from gateway.auth.accounts.context import Context
from gateway.auth.accounts.granting import granted, told_user
from gateway.auth.accounts.profile import Update
from gateway.auth.accounts.sign_up import SignUp
from gateway.auth.asked import Asked, admit
from gateway.auth.buckets import DEFAULT_RATES, Bucket
from gateway.auth.error_answers import AuthErrors
from gateway.auth.redirect_urls import Tokens, code_url, error_url, message_url, tokens_url
from gateway.auth.routes import Endpoint, Grant, find, read_grant
from gateway.auth.store.sessions import Scope
from gateway.auth.wire import Object
from gateway.errors import GatewayError
from gateway.identity import Authenticator
from gateway.limits import Demand, Limit, Limiter
from gateway.web import BytesResponse, Proxies, Request, raw_path_and_query

_JSON: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_JWKS: Final = {"Content-Type": "application/json", "Cache-Control": "public, max-age=600"}
_SCOPES: Final[Mapping[str, Scope]] = {"global": "global", "local": "local", "others": "others", "": "global"}
_OFFERED: Final = ("apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly", "github", "gitlab", "google",
    "kakao", "keycloak", "linkedin", "linkedin_oidc", "notion", "slack", "slack_oidc", "snapchat", "spotify", "twitch",
    "twitter", "workos", "zoom")  # fmt: skip


class AuthSurface:
    """Supabase's auth API under `prefix`. `context` answers what there is to work with, or raises 503 while there is
    nothing; `authenticator` knows API keys and tokens."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        prefix: str,
        context: Callable[[], Context],
        authenticator: Authenticator,
        limiter: Limiter | None,
        proxies: Proxies,
        render_error: AuthErrors,
    ) -> None:
        self.prefix = prefix
        self.render_error = render_error
        self._current = context
        self._authenticator = authenticator
        self._limiter = limiter
        self._proxies = proxies
        self._limits = {bucket: Limit(bucket.value, rate, "auth") for bucket, rate in DEFAULT_RATES.items()}
        self._endpoints: Mapping[Endpoint, Callable[[Asked], Awaitable[web.StreamResponse]]] = {
            Endpoint.SIGN_UP: self._sign_up,
            Endpoint.TOKEN: self._token,
            Endpoint.GET_USER: self._get_user,
            Endpoint.UPDATE_USER: self._update_user,
            Endpoint.SIGN_OUT: self._sign_out,
            Endpoint.RECOVER: self._recover,
            Endpoint.OTP: self._otp,
            Endpoint.MAGIC_LINK: self._otp,
            Endpoint.RESEND: self._resend,
            Endpoint.REAUTHENTICATE: self._reauthenticate,
            Endpoint.VERIFY: self._verify,
            Endpoint.FOLLOW_LINK: self._follow_link,
            Endpoint.PREVIEW_LINK: self._preview_link,
            Endpoint.SETTINGS: self._settings,
            Endpoint.HEALTH: self._health,
            Endpoint.JWKS: self._jwks,
        }

    @property
    def _context(self) -> Context:
        return self._current()

    async def handle(self, request: Request) -> web.StreamResponse:
        path, _ = raw_path_and_query(request)
        match = find(request.method, path[len(self.prefix) :] or "/")
        request.route = self.prefix + match.route.path
        asked = admit(request, match, self._authenticator, self._proxies)
        endpoint = self._endpoints.get(match.route.endpoint)
        if endpoint is None:
            raise errors.feature_disabled(match.route.endpoint.name.lower().replace("_", " "))
        if match.route.bucket is not None:
            await self._limit(asked, match.route.bucket)
        return await endpoint(asked)

    async def _limit(self, asked: Asked, bucket: Bucket) -> None:
        if self._limiter is None:
            return
        verdict = await self._limiter.check(asked.subject, [Demand(self._limits[bucket])])
        if not verdict.allowed:
            raise errors.over_request_rate_limit(verdict.retry_after or 1)

    # -- sign-up and sign-in ------------------------------------------------------------------------------------------

    async def _sign_up(self, asked: Asked) -> web.StreamResponse:
        body = await asked.body()
        data = body.metadata("data") or {}
        email, phone = body.email(), body.phone()
        if email is None and phone is None:
            await self._limit(asked, Bucket.ANONYMOUS)
            return _json(await sign_up.sign_in_anonymously(self._context, data, asked.client))
        if not self._context.rules.sign_up:
            raise errors.signup_disabled()
        password = body.text("password", longest=_LONGEST_PASSWORD)
        if password is None:
            raise errors.validation_failed("Signup requires a valid password")
        if email is None:
            raise errors.phone_signups_disabled()
        if phone is not None:
            raise errors.validation_failed("Only an email address or phone number should be provided on signup.")
        mail = asked.mail(self._context, "signup", body)
        wanted = SignUp(email, password, {k: v for k, v in data.items() if v is not None}, mail)
        return _json(await sign_up.sign_up(self._context, wanted, asked.client))

    async def _token(self, asked: Asked) -> web.StreamResponse:
        grant = read_grant(asked.query("grant_type"))
        if grant.bucket is not None:
            await self._limit(asked, grant.bucket)
        body = await asked.body()
        match grant:
            case Grant.PASSWORD:
                email, phone = body.email(), body.phone()
                if (email is None) == (phone is None):
                    raise errors.validation_failed("Only an email address or phone number should be provided on login.")
                if email is None:
                    raise errors.phone_logins_disabled()
                password = body.text("password", longest=_LONGEST_PASSWORD) or ""
                return _json(await sign_in.by_password(self._context, email, password, asked.client))
            case Grant.REFRESH_TOKEN:
                token = body.required_text("refresh_token")
                return _json(await refreshing.refresh_session(self._context, token, asked.client))
            case Grant.PKCE:
                code, verifier = body.text("auth_code"), body.text("code_verifier")
                if code is None or verifier is None:
                    raise errors.validation_failed(
                        "invalid request: both auth code and code verifier should be non-empty"
                    )
                return _json(await sign_in.by_flow(self._context, code, verifier, asked.client))
            case Grant.ID_TOKEN:
                raise errors.feature_disabled("Signing in with an ID token")

    async def _sign_out(self, asked: Asked) -> web.StreamResponse:
        scope = _SCOPES.get(asked.query("scope") or "")
        if scope is None:
            raise errors.validation_failed("Unsupported logout scope")
        await profile.find(self._context, asked.user.user_id, asked.user.session_id)
        await profile.sign_out(self._context, asked.user.user_id, asked.user.session_id, scope)
        return BytesResponse(204, {"Cache-Control": "no-store"})

    # -- the own account ----------------------------------------------------------------------------------------------

    async def _get_user(self, asked: Asked) -> web.StreamResponse:
        opened = await profile.find(self._context, asked.user.user_id, asked.user.session_id)
        return _json(told_user(opened.account))

    async def _update_user(self, asked: Asked) -> web.StreamResponse:
        body = await asked.body()
        if "app_metadata" in body:
            raise errors.not_admin()
        opened = await profile.find(self._context, asked.user.user_id, asked.user.session_id)
        wanted = Update(
            email=body.email(),
            password=body.text("password", longest=_LONGEST_PASSWORD),
            data=body.metadata("data"),
            mail=asked.mail(self._context, "email_change_new", body),
        )
        return _json(await profile.update(self._context, opened, wanted))

    async def _reauthenticate(self, asked: Asked) -> web.StreamResponse:
        opened = await profile.find(self._context, asked.user.user_id, asked.user.session_id)
        mail = asking.Request("reauthentication", asked.destination(self._context).url)
        await asking.reauthenticate(self._context, opened.account.user, mail)
        return _json({})

    # -- mails --------------------------------------------------------------------------------------------------------

    async def _recover(self, asked: Asked) -> web.StreamResponse:
        body = await asked.body()
        email = body.email()
        if email is None:
            raise errors.validation_failed("Password recovery requires an email")
        await asking.recover(self._context, email, asked.mail(self._context, "recovery", body))
        return _json({})

    async def _otp(self, asked: Asked) -> web.StreamResponse:
        body = await asked.body()
        email, phone = body.email(), body.phone()
        if email is not None and phone is not None:
            raise errors.validation_failed("Only an email address or phone number should be provided")
        if email is None:
            raise (
                errors.phone_signups_disabled()
                if phone
                else errors.validation_failed("One of email or phone must be set")
            )
        create = body.boolean("create_user")
        await asking.sign_in_by_mail(
            self._context,
            email,
            asked.mail(self._context, "magiclink", body),
            create_user=create is not False,
            data=body.metadata("data") or {},
        )
        return _json({})

    async def _resend(self, asked: Asked) -> web.StreamResponse:
        body = await asked.body()
        kind = body.choice("type", ("signup", "email_change", "sms", "phone_change"))
        email = body.email()
        if kind not in {"signup", "email_change"} or email is None:
            raise errors.validation_failed("Type provided requires an email address")
        await asking.resend(self._context, email, asked.mail(self._context, kind, body))
        return _json({})

    async def _verify(self, asked: Asked) -> web.StreamResponse:
        body = await asked.body()
        kind = body.text("type") or ""
        if kind not in verification.PURPOSES:
            raise errors.validation_failed("Verify requires a verification type")
        code, link, email = body.text("token"), body.text("token_hash"), body.email()
        if link is not None:
            if code is not None or email is not None:
                raise errors.validation_failed("Only the token_hash and type should be provided")
            return _json(await verification.by_link(self._context, link, kind, asked.client))
        if code is None or email is None:
            raise errors.validation_failed("Verify requires a token or a token hash")
        return _json(await verification.by_code(self._context, email, kind, code, asked.client))

    async def _follow_link(self, asked: Asked) -> web.StreamResponse:
        secret, kind = asked.query("token"), asked.query("type") or ""
        if not secret:
            raise errors.validation_failed("Verify requires a token or a token hash")
        if kind not in verification.PURPOSES:
            raise errors.validation_failed("Verify requires a verification type")
        destination = asked.destination(self._context).url
        pkce = secret.startswith("pkce_")
        try:
            followed = await verification.follow(self._context, secret, kind, asked.client)
        except GatewayError as error:
            return _to(error_url(destination, error, in_query=pkce))
        if followed.auth_code is not None:
            return _to(code_url(destination, followed.auth_code))
        if followed.opened is None:
            return _to(message_url(destination, verification.HALF_DONE, in_query=pkce))
        session = granted(self._context, followed.opened)
        tokens = Tokens(session.access_token, session.refresh_token, session.expires_in, session.expires_at, kind=kind)
        return _to(tokens_url(destination, tokens))

    async def _preview_link(self, asked: Asked) -> web.StreamResponse:
        return BytesResponse(200, {"Cache-Control": "no-store"})

    # -- descriptions -------------------------------------------------------------------------------------------------

    async def _settings(self, asked: Asked) -> web.StreamResponse:
        rules = self._context.rules
        external = dict.fromkeys(_OFFERED, False)
        return _json({
            "external": {**external, "anonymous_users": rules.anonymous, "email": True, "phone": False},
            "disable_signup": not rules.sign_up,
            "mailer_autoconfirm": not rules.confirms,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
            "saml_private_key_next_configured": False,
            "passkeys_enabled": False,
        })  # fmt: skip

    async def _health(self, asked: Asked) -> web.StreamResponse:
        return _json({"version": "passerelle", "name": "GoTrue", "description": "Passerelle's auth surface"})

    async def _jwks(self, asked: Asked) -> web.StreamResponse:
        return BytesResponse(200, _JWKS, self._context.keys.document)


_LONGEST_PASSWORD: Final = 4096


def _json(shape: Object) -> BytesResponse:
    return BytesResponse(200, _JSON, orjson.dumps(shape))


def _to(url: str) -> BytesResponse:
    """Send a browser there; what is in the URL is nobody else's."""
    return BytesResponse(303, {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

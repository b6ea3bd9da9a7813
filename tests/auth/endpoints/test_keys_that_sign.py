"""Tokens are accepted by the gateway that signed them, whatever key it was given."""

from __future__ import annotations

import json
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from gateway.embedded import EmbeddedPostgres
from tests.auth.endpoints.conftest import House
from tests.serving import start_gateway, stop_gateway

PRIVATE: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
KEYS = {
    "without a name": [PRIVATE],
    "with a name": [{**PRIVATE, "kid": "ours", "key_ops": ["sign", "verify"]}],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("secret", [None, "a secret of thirty-two characters"], ids=["alone", "beside a secret"])
async def test_a_key_of_ones_own(house: House, postgres: EmbeddedPostgres, keys: list[Any], secret: str | None) -> None:
    served = await start_gateway(
        postgres.dsn("accounts", user="authenticator"),
        auth_url=postgres.dsn("accounts", user="passerelle_auth"),
        auth_confirm_email=False,
        jwks=json.dumps({"keys": keys}),
        jwt_secret=secret,
    )
    try:
        body = {"email": f"{uuid.uuid4().hex[:10]}@b.co", "password": "correct horse"}
        told = await house.auth("/signup", body, served)
        token = told.body["access_token"]
        assert jwt.get_unverified_header(token)["alg"] == "ES256"
        assert await house.notes(token, served) == 200
        assert (await house.ask(served, "GET", "/auth/v1/user", bearer=token)).status == 200
        published = (await house.ask(served, "GET", "/auth/v1/.well-known/jwks.json")).body["keys"]
        assert [(key["kid"], "d" in key) for key in published] == [(jwt.get_unverified_header(token)["kid"], False)]
        public = published[0]["x"] + published[0]["y"]
        forged = jwt.encode(jwt.decode(token, options={"verify_signature": False}), public, "HS256")
        assert await house.notes(forged, served) == 401
    finally:
        await stop_gateway(served)

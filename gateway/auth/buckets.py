"""How often an address may call what costs something, or can be guessed at (auth-api reference, 15)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from gateway.rates import Rate


class Bucket(enum.Enum):
    """A limit of one address. Values are its name in keys and headers.

    Signing out has none: after a 429 the client stays signed in. Nor has refreshing: a whole office shares an address,
    and a 429 signs out whoever's token has expired; it is limited by session.
    """

    SIGN_UP = "auth_sign_up"
    ANONYMOUS = "auth_anonymous"
    """Sign-ups without an address, which only their body tells apart, count here instead."""
    SIGN_IN = "auth_sign_in"
    EXCHANGE = "auth_exchange"
    VERIFY = "auth_verify"
    RECOVER = "auth_recover"
    OTP = "auth_otp"
    MAGIC_LINK = "auth_magic_link"
    RESEND = "auth_resend"
    UPDATE = "auth_update"
    REAUTHENTICATE = "auth_reauthenticate"
    CHALLENGE = "auth_challenge"
    VERIFY_FACTOR = "auth_verify_factor"


_FEW: Final = Rate(360, 3600, 30)

DEFAULT_RATES: Final[Mapping[Bucket, Rate]] = {
    Bucket.SIGN_UP: _FEW,
    Bucket.ANONYMOUS: Rate(30, 3600, 30),
    Bucket.SIGN_IN: Rate(1800, 3600, 30),
    Bucket.EXCHANGE: Rate(1800, 3600, 30),
    Bucket.VERIFY: _FEW,
    Bucket.RECOVER: _FEW,
    Bucket.OTP: _FEW,
    Bucket.MAGIC_LINK: _FEW,
    Bucket.RESEND: _FEW,
    Bucket.UPDATE: _FEW,
    Bucket.REAUTHENTICATE: _FEW,
    Bucket.CHALLENGE: Rate(900, 3600, 30),
    Bucket.VERIFY_FACTOR: Rate(900, 3600, 30),
}
"""Upstream's numbers: 30 at once, then a steady trickle."""

"""Time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 seconds), as every authenticator app has them. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

SECRET_BYTES: Final = 20
"""As long as SHA-1's output (RFC 4226, section 4)."""
STEP_SECONDS: Final = 30
DIGITS: Final = 6
WINDOW: Final = 1
"""Steps by which the clocks of app and server may differ, to either side."""

_MOST_ISSUER: Final = 48
_MOST_ACCOUNT: Final = 96


def new_secret(*, random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    return random(SECRET_BYTES)


def base32(secret: bytes) -> str:
    """A secret as people type it into an app: upper case, no padding."""
    return base64.b32encode(secret).rstrip(b"=").decode()


def code_at(secret: bytes, step: int) -> str:
    """The code of a step of time (epoch seconds // 30)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def accepted_step(secret: bytes, code: str, *, now: float, last: int | None) -> int | None:
    """The step whose code this is, None if it is none that may be used now (`now` in epoch seconds).

    `last` is the step that this factor accepted last; whoever accepts must store the new one, under a condition that
    it is still greater, before anything else happens: a code works once (RFC 6238, section 5.2), and so does every
    earlier one. Spaces in the code are ignored, since apps show it in two groups.
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdecimal():
        return None
    current = int(now // STEP_SECONDS)
    found = None
    for step in range(max(current - WINDOW, 0), current + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step), digits):
            found = step  # the latest counts, lest the same code be accepted for it later
    return found if found is not None and (last is None or found > last) else None


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """The `otpauth:` URI that apps read from a QR code (Google Authenticator's key URI format).

    Colons separate issuer and account there and may be in neither; a host with a port becomes `host-port`. Texts are
    cut at 48 and 96 bytes of UTF-8, so that the QR code is drawn quickly and a camera can read it.
    """
    shown_issuer, shown_account = _label(issuer, _MOST_ISSUER), _label(account, _MOST_ACCOUNT)
    label = f"{shown_issuer}:{shown_account}" if shown_issuer else shown_account
    named = f"&issuer={shown_issuer}" if shown_issuer else ""
    settings = f"secret={base32(secret)}{named}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    return f"otpauth://totp/{label}?{settings}"


def _label(text: str, most: int) -> str:
    # Controls and lone surrogates (Cc, Cs) have no place in a name; format characters do, as in composed emoji.
    printable = "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cs"})
    short = printable.replace(":", "-").strip().encode()[:most]
    return quote(short.decode(errors="ignore"), safe="")

"""The second factor: codes of authenticator apps, their secrets at rest, and the QR code to enrol with.

`totp` and `qr` are used by their module names: `totp.accepted_step(…)`, `qr.svg(…)`.
"""

from gateway.auth.mfa import qr, totp
from gateway.auth.mfa.sealing import SecretUnreadable, seal, unseal

__all__ = ["SecretUnreadable", "qr", "seal", "totp", "unseal"]

"""What a new password must be."""

from __future__ import annotations

from gateway.auth import errors
from gateway.auth.accounts.context import AuthRules
from gateway.auth.passwords import unusable


def check_new(rules: AuthRules, password: str) -> None:
    """Raises `validation_failed` for what can be nobody's password, `weak_password` for a weak one."""
    why = unusable(password)
    if why is not None:
        raise errors.validation_failed(why)
    weak = rules.passwords.weakness(password)
    if weak is not None:
        raise errors.weak_password([reason.value for reason in weak.reasons], weak.message)

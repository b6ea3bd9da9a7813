"""Lint about columns that anonymous visitors may read and that look like secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from gateway.policies.lints.leaf import Openness
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, Table, words
from gateway.policies.problems import Severity

_ANONYMOUS: Final = "anon"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_SECRETS: Final = frozenset({
    "cvc", "cvv", "iban", "otp", "passcode", "passphrase", "passwd", "password", "pwd", "salt", "secret", "ssn", "totp",
    "token", "apikey", "secrets", "passwords", "tokens",
})  # fmt: skip
_PAIRS: Final = frozenset({
    ("access", "key"), ("api", "key"), ("card", "number"), ("encryption", "key"), ("hmac", "key"), ("master", "key"),
    ("private", "key"), ("refresh", "key"), ("secret", "key"), ("service", "key"), ("signing", "key"),
    ("social", "security"), ("tax", "id"), ("bank", "account"), ("account", "number"), ("recovery", "code"),
    ("recovery", "codes"), ("backup", "codes"), ("verification", "code"), ("reset", "code"), ("mfa", "code"),
    ("pin", "code"), ("session", "key"), ("webhook", "key"),
})  # fmt: skip
_HASHED: Final = frozenset({
    "key", "otp", "pass", "passwd", "password", "pin", "pwd", "refresh", "secret", "session", "token",
})  # fmt: skip
_DIGESTS: Final = frozenset({"digest", "hash", "hmac"})
_FORMS: Final = frozenset({"base64", "code", "encrypted", "hex", "plain", "plaintext", "raw", "text", "value"})
_HARMLESS_AFTER: Final = frozenset({
    "at", "attempts", "by", "changed", "count", "counts", "created", "enabled", "expires", "expiry", "hint", "id",
    "ids", "is", "issued", "kind", "last", "left", "length", "limit", "max", "min", "name", "policy", "quota",
    "required", "reset", "scope", "scopes", "set", "size", "status", "strength", "type", "types", "updated", "usage",
    "used",
    "verified", "version",
})  # fmt: skip
_HARMLESS_BEFORE: Final = frozenset({
    "completion", "count", "has", "input", "is", "last", "max", "min", "n", "num", "number", "output", "prompt",
    "remaining", "require", "requires", "spent", "total", "used",
})  # fmt: skip


def looks_secret(column: str) -> bool:
    """Whether a column's name says that it holds a secret: `password_hash` and `apiKey`, not `token_count`."""
    parts = [part.lower() for part in _WORD.findall(column)]
    pairs = list(pairwise(parts))
    if not parts or parts[0] in _HARMLESS_BEFORE:
        return False
    if parts[-1] in _DIGESTS:
        return len(parts) == 1 or bool(set(parts[:-1]) & _HASHED)
    if parts[-1] in _HARMLESS_AFTER:
        return bool(pairs) and pairs[-1] in _PAIRS
    return parts[-1] in _SECRETS or any(pair in _PAIRS for pair in pairs) or _is_form(parts)


def _is_form(parts: list[str]) -> bool:
    """A secret in one form or another: `otp_code`, `token_value`."""
    return parts[-1] in _FORMS and bool(set(parts[:-1]) & _SECRETS)


def _secrets(scene: Scene) -> Iterator[Finding]:
    if _ANONYMOUS not in scene.roles:
        return
    for table in scene.served:
        if not _shows_rows(scene, table):
            continue
        held = scene.granted(table, _ANONYMOUS, "select")
        columns = held if held is not None else table.relation.columns if table.relation is not None else ()
        found = [column for column in columns if looks_secret(column)]
        if found:
            message = f"anonymous visitors may read {words(sorted(found))} of {table.name}"
            yield Finding(str(table.name), message, table.grant_place(_ANONYMOUS, "select"))


def _shows_rows(scene: Scene, table: Table) -> bool:
    """Whether anonymous visitors get any row: a grant without a policy shows nothing."""
    if not scene.may_enter(_ANONYMOUS, table.name.schema):
        return False
    if not table.is_table or scene.passes(_ANONYMOUS, table):
        return True
    policies = scene.applicable(table, "select", _ANONYMOUS)
    wide = [
        each.using is None or each.using.condition.openness is not Openness.NEVER
        for each in policies
        if each.permissive
    ]
    return any(wide)


SECRET: Final = Lint.of(
    "L018",
    Severity.ERROR,
    "Anonymous visitors may read a column that looks secret",
    why="""
        The public key is in every copy of the application, so anon is the whole world. Password hashes can be tried at
        home, tokens can be used at once, and numbers of accounts and people cannot be taken back. The name alone
        raises this; nothing is read.
    """,
    fix="""
        Name the columns that visitors need: `grants: { anon: { select: [id, title] } }`. A single column that only
        looks secret is accepted with the reason.
    """,
    find=_secrets,
)

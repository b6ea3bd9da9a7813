"""A request's JSON body, and the typed values in it. Pure.

What is wrong with a body is told by the field's name, never by its value: bodies hold passwords.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias
from uuid import UUID

import orjson

from gateway.auth.contacts import email_address, phone_number
from gateway.auth.errors import bad_json, request_entity_too_large, validation_failed

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

SERVER_OWNED: Final = frozenset({"sub", "email", "email_verified", "phone_verified"})
"""Keys of `user_metadata` that the server writes; whoever submits them is not believed."""

LARGEST: Final = 128 * 1024
"""Bytes of a body. Upstream allows 1 MiB, but nothing larger than this could be stored, and parsing is not free."""

_LONGEST_TEXT: Final = 4096
_INT64: Final = range(-(2**63), 2**63)
_ESCAPED: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LONGEST_INTEGER: Final = 20
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")
_NOT_JSON: Final = "Request body must be JSON"


@dataclass(frozen=True, slots=True)
class MetadataLimits:
    """What `user_metadata` may be: `size` in bytes of compact UTF-8 JSON, `values` at all levels together, and levels.

    Access tokens carry the metadata in base64, one and a third times as long, and tokens beyond 16 KiB are refused.
    """

    size: int = 8192
    values: int = 1000
    depth: int = 8


METADATA_LIMITS: Final = MetadataLimits()


@dataclass(frozen=True, slots=True)
class CodeChallenge:
    """RFC 7636, 4.2 and 4.3; `method` is `s256` or `plain`."""

    challenge: str
    method: str


@dataclass(frozen=True, slots=True, repr=False)
class Body:
    """The members of a JSON object. Null counts as absent, and so does the empty text, since upstream cannot tell
    them apart. All getters raise `validation_failed` for a value of another type."""

    members: Mapping[str, Json]

    def __contains__(self, name: str) -> bool:
        return self.members.get(name) is not None

    def text(self, name: str, *, longest: int = _LONGEST_TEXT) -> str | None:
        """`longest` counts characters."""
        value = self.members.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise validation_failed(f"{name} must be a string")
        if len(value) > longest:
            raise validation_failed(f"{name} is longer than {longest} characters")
        return value

    def required_text(self, name: str, *, longest: int = _LONGEST_TEXT) -> str:
        value = self.text(name, longest=longest)
        if value is None:
            raise validation_failed(f"{name} is required")
        return value

    def choice(self, name: str, options: Collection[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in options:
            raise validation_failed(f"{name} must be one of {', '.join(sorted(options))}")
        return value

    def boolean(self, name: str) -> bool | None:
        value = self.members.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise validation_failed(f"{name} must be a boolean")

    def object(self, name: str) -> dict[str, Json] | None:
        value = self.members.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise validation_failed(f"{name} must be an object")

    def uuid(self, name: str) -> UUID | None:
        value = self.text(name)
        if value is None:
            return None
        found = read_uuid(value)
        if found is None:
            raise validation_failed(f"{name} must be a UUID")
        return found

    def email(self, name: str = "email") -> str | None:
        """In lower case; see `gateway.auth.contacts`."""
        value = self.text(name)
        if value is None:
            return None
        address = email_address(value)
        if address is None:
            raise validation_failed("Unable to validate email address: invalid format")
        return address

    def phone(self, name: str = "phone") -> str | None:
        """Digits only."""
        value = self.text(name)
        if value is None:
            return None
        number = phone_number(value)
        if number is None:
            raise validation_failed("Invalid phone number format (E.164 required)")
        return number

    def metadata(
        self, name: str, limits: MetadataLimits = METADATA_LIMITS, *, ignored: Collection[str] = SERVER_OWNED
    ) -> dict[str, Json] | None:
        """An object for `user_metadata` or `app_metadata` without the keys that are `ignored`; values may be null,
        which deletes a key. What it is merged into needs `check_metadata` as well."""
        found = self.object(name)
        if found is None:
            return None
        check_metadata(name, found, limits)
        return {key: value for key, value in found.items() if key not in ignored and key != "__proto__"}

    def code_challenge(self) -> CodeChallenge | None:
        return read_code_challenge(self.text("code_challenge"), self.text("code_challenge_method"))


EMPTY: Final = Body({})


def read_body(body: bytes, content_type: str | None, *, may_be_empty: bool = False) -> Body:
    """Raises `bad_json` for what is not one JSON object in UTF-8, `request_entity_too_large` for too many bytes.
    `may_be_empty` takes no bytes at all for an empty object, whatever the type: clients send POST without a body.

    Refused although they are JSON: repeated names, of which nobody knows which one counts; NUL and halves of surrogate
    pairs, which PostgreSQL cannot store; numbers beyond 64 bits; some hundred levels.
    """
    if not body and may_be_empty:
        return EMPTY
    if len(body) > LARGEST:
        raise request_entity_too_large()
    if not _is_json(content_type):
        raise bad_json(f"{_NOT_JSON}, with the content type application/json")
    try:
        text = body.decode()
        parsed: Json = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_float=_finite, parse_constant=_refused
        )
    except (ValueError, RecursionError):
        raise bad_json() from None
    if not isinstance(parsed, dict):
        raise bad_json(f"{_NOT_JSON}, an object")
    if _ESCAPED.search(text):
        _check_texts(parsed)
    return Body(parsed)


def check_metadata(name: str, metadata: Mapping[str, Json], limits: MetadataLimits = METADATA_LIMITS) -> None:
    """Raises `validation_failed` for metadata that would make tokens too large."""
    values = 0
    for value, depth in _walk(dict(metadata)):
        if isinstance(value, dict | list):
            if depth > limits.depth:
                raise validation_failed(f"{name} is nested too deeply")
            values += len(value)
            if values > limits.values:
                raise validation_failed(f"{name} has more than {limits.values} values")
    if len(orjson.dumps(metadata)) > limits.size:
        raise validation_failed(f"{name} is larger than {limits.size} bytes")


def read_uuid(text: str) -> UUID | None:
    """The canonical form only: PostgreSQL and Python each know a few more."""
    return UUID(text) if _UUID.fullmatch(text) else None


def read_code_challenge(challenge: str | None, method: str | None) -> CodeChallenge | None:
    """PKCE's parameters, of a body or a query; None if there are none. Raises `validation_failed`."""
    if not challenge and not method:
        return None
    if not challenge or not method:
        raise validation_failed("PKCE flow requires code_challenge_method and code_challenge")
    if not _CHALLENGE.fullmatch(challenge):
        raise validation_failed("code challenge must be 43 to 128 characters of A-Z, a-z, 0-9 and -._~")
    named = method.lower()
    if named not in {"s256", "plain"}:
        raise validation_failed("Invalid code_challenge_method")
    return CodeChallenge(challenge, named)


def _is_json(content_type: str | None) -> bool:
    kind = (content_type or "application/json").partition(";")[0].strip().lower()
    return _JSON_TYPE.fullmatch(kind) is not None


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or (number := int(digits)) not in _INT64:
        raise ValueError("more than 64 bits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and infinities are the library's own idea


def _check_texts(root: Json) -> None:
    for value, _ in _walk(root):
        texts = value if isinstance(value, dict) else (value,)
        if not all(_storable(each) for each in texts if isinstance(each, str)):
            raise validation_failed("Request body holds characters that cannot be stored")


def _walk(root: Json) -> Iterator[tuple[Json, int]]:
    """All values and how many objects and arrays are around each, itself included. No recursion."""
    ahead: list[tuple[Json, int]] = [(root, 1)]
    while ahead:
        value, depth = ahead.pop()
        yield value, depth
        if isinstance(value, dict):
            ahead.extend((each, depth + 1) for each in value.values())
        elif isinstance(value, list):
            ahead.extend((each, depth + 1) for each in value)


def _storable(text: str) -> bool:
    return "\0" not in text and not _SURROGATE.search(text)

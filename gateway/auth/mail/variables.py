"""What a template may name, and how a value comes out of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

NAMES: Final = ("ConfirmationURL", "Token", "TokenHash", "SiteURL", "Email", "NewEmail", "Data", "RedirectTo")
"""The names that Supabase's templates have."""

_LONGEST: Final = 200
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
"""Control characters, line ends, and what hides or turns round the text beside it."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The values of one mail. `data` is the user's own metadata: whoever signs up chooses it, so what comes of it is
    one short line."""

    email: str
    confirmation_url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_hash: str = field(default="", repr=False)
    site_url: str = ""
    new_email: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    redirect_to: str = ""

    def value(self, name: str) -> str:
        """The value of a name of `NAMES`, or of ``Data.<member>``; empty where there is none."""
        if name == "Data":
            return one_line(orjson.dumps(dict(self.data), default=str).decode())
        head, _, member = name.partition(".")
        if head == "Data":
            found = self.data.get(member)
            return one_line(str(found)) if isinstance(found, str | int | float) else ""
        return _UNFIT.sub("", str(getattr(self, _FIELDS[name])))


def one_line(text: str) -> str:
    """Without line ends and invisible characters, and of 200 characters at most."""
    line = _UNFIT.sub(" ", text[: 4 * _LONGEST]).strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


_FIELDS: Final = {
    "ConfirmationURL": "confirmation_url",
    "Token": "token",
    "TokenHash": "token_hash",
    "SiteURL": "site_url",
    "Email": "email",
    "NewEmail": "new_email",
    "RedirectTo": "redirect_to",
}

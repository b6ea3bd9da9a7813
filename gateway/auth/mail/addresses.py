"""E-mail addresses that a mail can be sent to. Pure.

Plain ones (RFC 5322's dot-atom, also beyond ASCII as in RFC 6531): whoever writes quotes, comments or IP addresses into
one is rather trying something.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 255
_ATOM: Final = r"[^\s\x00-\x20\x7f-\xa0()<>@,;:\\\"\[\].\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
_MAILBOX: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENCODED_WORD: Final = "=?"
"""In a header it would begin another text (RFC 2047)."""


def is_address(text: str) -> bool:
    """Whether that is exactly one address."""
    mailbox, _, domain = text.rpartition("@")
    return (
        len(text) <= _LONGEST
        and _MAILBOX.fullmatch(mailbox) is not None
        and _ENCODED_WORD not in mailbox
        and _DOMAIN.fullmatch(ascii_domain(domain)) is not None
    )


def deliverable(address: str) -> str:
    """The address with its domain in ASCII, which every server takes."""
    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox}@{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """The domain as the DNS has it (IDNA); as it is, if it can be none."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain

"""Email addresses and phone numbers as they are stored and compared. Pure."""

from __future__ import annotations

import re
from typing import Final

LONGEST_EMAIL: Final = 255

_LONGEST_LOCAL_PART: Final = 64
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# What browsers accept in <input type=email> (HTML, "valid e-mail address"): ASCII only, so that no two addresses look
# alike, and nothing in it means anything to SMTP, to headers or to HTML but `&` and `'`. Domains in other scripts
# come in their ASCII form, as browsers send them.
_EMAIL: Final = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*")
_PHONE: Final = re.compile(r"[1-9][0-9]{1,14}")


def email_address(text: str) -> str | None:
    """The address in lower case, without spaces around it; None if it is none, or longer than 255 characters."""
    address = text.strip(" ")
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        return None
    if address.index("@") > _LONGEST_LOCAL_PART:
        return None
    return address.lower()


def phone_number(text: str) -> str | None:
    """The number of E.164 without `+` and spaces; None if it is none."""
    digits = text.replace(" ", "").removeprefix("+")
    return digits if _PHONE.fullmatch(digits) else None

"""The mails there are."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a mail is for; also the name of its files. A change of address concerns two: the address that is left and
    the one that is to come."""

    SIGNUP = "signup"
    INVITE = "invite"
    RECOVERY = "recovery"
    MAGICLINK = "magiclink"
    EMAIL_CHANGE_OLD = "email_change_old"
    EMAIL_CHANGE_NEW = "email_change_new"
    REAUTHENTICATION = "reauthentication"

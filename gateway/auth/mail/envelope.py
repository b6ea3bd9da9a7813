"""A mail in the form that a mail server takes (RFC 5322). Pure, but for the id that is given."""

from __future__ import annotations

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from gateway.auth.mail.addresses import ascii_domain, deliverable, is_address
from gateway.auth.mail.message import Message


class SenderUnfit(ValueError):
    """That is not an address that mails can come from."""


def sender_address(text: str) -> Address:
    """What ``Name <name@host>`` or ``name@host`` says. Raises SenderUnfit."""
    name, specification = parseaddr(text)
    try:
        address = Address(display_name=name, addr_spec=specification)
    except (MessageError, ValueError, IndexError):
        raise SenderUnfit("is not an e-mail address; expected name@host or Name <name@host>") from None
    if not is_address(specification) or not text.isprintable():
        raise SenderUnfit("is not an e-mail address; expected name@host or Name <name@host>")
    return address


def envelope(message: Message, sender: Address, *, identifier: str, at: datetime) -> EmailMessage:
    """The mail with both parts. `identifier` stays the same when it is sent again, so that whoever gets it twice sees
    it once. Out-of-office notes are asked to stay away (RFC 3834)."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = deliverable(message.to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{identifier}@{ascii_domain(sender.domain)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail

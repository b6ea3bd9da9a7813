"""Mails: their texts, and who carries them."""

from gateway.auth.mail.addresses import is_address
from gateway.auth.mail.envelope import SenderUnfit
from gateway.auth.mail.kinds import Kind
from gateway.auth.mail.library import LANGUAGES, Library, load_library
from gateway.auth.mail.mailer import MailCounts, Mailer
from gateway.auth.mail.message import AddressUnfit, Message, compose, language_of
from gateway.auth.mail.outbox import Kept, Outbox
from gateway.auth.mail.outbox_page import PAGE_HEADERS, listing_page, mail_page
from gateway.auth.mail.sender import Sender
from gateway.auth.mail.template import TemplateError
from gateway.auth.mail.variables import Variables

__all__ = [
    "LANGUAGES",
    "PAGE_HEADERS",
    "AddressUnfit",
    "Kept",
    "Kind",
    "Library",
    "MailCounts",
    "Mailer",
    "Message",
    "Outbox",
    "Sender",
    "SenderUnfit",
    "TemplateError",
    "Variables",
    "compose",
    "is_address",
    "language_of",
    "listing_page",
    "load_library",
    "mail_page",
]

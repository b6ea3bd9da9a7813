"""From templates and values to a mail. Pure: what cannot be a mail is refused here, not by a server."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.auth.mail.addresses import is_address
from gateway.auth.mail.kinds import Kind
from gateway.auth.mail.library import LANGUAGES, Library
from gateway.auth.mail.template import Template
from gateway.auth.mail.variables import Variables, one_line


class AddressUnfit(ValueError):
    """That is not one e-mail address."""

    def __init__(self) -> None:
        super().__init__("not an e-mail address that a message can be sent to")


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one address. What it says is kept out of its `repr`: codes and links belong in no log."""

    kind: Kind
    to: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)

    @property
    def domain(self) -> str:
        """Of the address it goes to."""
        return self.to.rpartition("@")[2]


def compose(library: Library, kind: Kind, language: str, variables: Variables) -> Message:
    """The mail of a kind. It goes to `variables.email`, and to `new_email` where that is to be confirmed.

    Values are escaped in HTML and never end a line of the subject. Raises AddressUnfit.
    """
    to = variables.new_email if kind is Kind.EMAIL_CHANGE_NEW else variables.email
    if not is_address(to):
        raise AddressUnfit
    templates = library.mail(language, kind)
    subject = one_line(templates.subject.render(variables.value))
    content = templates.html.render(lambda name: html.escape(variables.value(name)))
    return Message(
        kind,
        to,
        subject,
        templates.text.render(variables.value),
        content if templates.layout is None else _document(templates.layout, subject, content),
    )


def language_of(metadata: Mapping[str, Any], default: str) -> str:
    """The language a user's metadata asks for (`locale` or `lang`, such as ``fr-CA``), if mails are written in it."""
    for name in ("locale", "lang"):
        wanted: Any = metadata.get(name)
        if isinstance(wanted, str):
            language = re.split(r"[-_.@]", wanted.strip()[:32].lower(), maxsplit=1)[0]
            if language in LANGUAGES:
                return language
    return default


def _document(layout: Template, subject: str, content: str) -> str:
    return layout.render({"Subject": html.escape(subject), "Content": content}.__getitem__)

"""The templates of all mails in all languages: the gateway's own, and an operator's files in their place.

<language>/<kind>.txt     its first line is ``Subject: …``; after an empty line, the plain text
<language>/<kind>.html    the mail's content; a whole document, if it begins with <!doctype or <html
<language>/layout.html    the document around contents, with {{ .Content }} and {{ .Subject }}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from gateway.auth.mail.kinds import Kind
from gateway.auth.mail.template import Template, TemplateError, parse_template

LANGUAGES: Final = ("en", "fr")

_LAYOUT: Final = "layout.html"
_NAMES: Final = frozenset({_LAYOUT, *(f"{kind}.{form}" for kind in Kind for form in ("txt", "html"))})
_LARGEST: Final = 256 * 1024
_SUBJECT: Final = re.compile(r"Subject:[ \t]*(\S.*)\n(?:[ \t]*\n)+")
_DOCUMENT: Final = re.compile(r"\s*(?:<!doctype|<html)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MailTemplates:
    """The parts of one mail. `layout` None: `html` is a document by itself."""

    subject: Template
    text: Template
    html: Template
    layout: Template | None


@dataclass(frozen=True, slots=True)
class Library:
    """Every kind of mail in every language of `LANGUAGES`."""

    mails: Mapping[tuple[str, Kind], MailTemplates]

    def mail(self, language: str, kind: Kind) -> MailTemplates:
        """The templates of a mail. `language` is one of `LANGUAGES`."""
        return self.mails[language, kind]


def load_library(folder: Path | None = None) -> Library:
    """Read the templates; files in `folder` take the place of the gateway's own.

    Raises TemplateError also for a file there that no mail would use: its name may be a slip.
    """
    own = _overriding(folder) if folder is not None else {}
    packaged = resources.files("gateway.auth.mail").joinpath("templates")
    mails: dict[tuple[str, Kind], MailTemplates] = {}
    for language in LANGUAGES:
        sources = {
            name: own.get(f"{language}/{name}") or _read(packaged.joinpath(language, name), f"{language}/{name}")
            for name in _NAMES
        }
        layout = parse_template(sources[_LAYOUT][1], file=sources[_LAYOUT][0], names=("Content", "Subject"))
        for kind in Kind:
            mails[language, kind] = _mail(sources[f"{kind}.txt"], sources[f"{kind}.html"], layout)
    return Library(mails)


def _mail(text: tuple[str, str], html: tuple[str, str], layout: Template) -> MailTemplates:
    file, source = text
    head = _SUBJECT.match(source)
    if head is None:
        raise TemplateError(file, 1, "the first line must be 'Subject: …', and the second empty")
    return MailTemplates(
        parse_template(head.group(1).strip(), file=file),
        parse_template(source[head.end() :], file=file, line=1 + source.count("\n", 0, head.end())),
        parse_template(html[1], file=html[0]),
        None if _DOCUMENT.match(html[1]) else layout,
    )


def _overriding(folder: Path) -> dict[str, tuple[str, str]]:
    if not folder.is_dir():
        raise TemplateError(str(folder), 1, "there is no such folder")
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        language, _, file = name.partition("/")
        if language not in LANGUAGES or file not in _NAMES:
            expected = f"<language>/<kind>.txt or .html, with {' or '.join(LANGUAGES)} and one of {', '.join(Kind)}"
            raise TemplateError(str(path), 1, f"no mail uses this file; expected {expected}, or <language>/{_LAYOUT}")
        found[name] = _read(path, str(path))
    return found


def _read(path: Traversable, name: str) -> tuple[str, str]:
    """The file's name for messages, and its text."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise TemplateError(name, 1, f"cannot be read: {error.strerror}") from None
    if len(raw) > _LARGEST:
        raise TemplateError(name, 1, f"is larger than {_LARGEST} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(name, 1 + raw.count(b"\n", 0, error.start), "is not UTF-8") from None
    return name, text.replace("\r\n", "\n")

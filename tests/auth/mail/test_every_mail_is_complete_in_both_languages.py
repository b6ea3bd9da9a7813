"""Each kind of mail in each language: a subject, a text and HTML that say the same, with one button and the code."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gateway.auth.mail import LANGUAGES, Kind, Message, Variables, compose, language_of, load_library

LINK = "https://api.example.com/auth/v1/verify?token=abc&type=signup&redirect_to=https%3A%2F%2Fapp"
VARIABLES = Variables(
    email="ann@example.com",
    new_email="ann@example.org",
    confirmation_url=LINK,
    token="042137",
    site_url="https://app.example.com",
)
LIBRARY = load_library()


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.language = ""
        self.title = ""
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs)["href"] or "")
        if tag == "html":
            self.language = dict(attrs)["lang"] or ""
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
            self._in_title = False


def mail(kind: Kind, language: str) -> Message:
    return compose(LIBRARY, kind, language, VARIABLES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_it_has_a_button_the_code_and_a_plain_text(kind: Kind, language: str) -> None:
    message = mail(kind, language)
    page = Links(message.html)

    assert "042137" in message.text
    assert "042137" in message.html
    assert page.found == ([] if kind is Kind.REAUTHENTICATION else [LINK])
    assert (LINK in message.text) == (kind is not Kind.REAUTHENTICATION)
    assert page.language == language
    assert page.title == message.subject
    assert "{{" not in message.subject + message.text + message.html
    assert message.text.startswith({"en": "Hello,", "fr": "Bonjour,"}[language])
    assert "042137" not in repr(message)
    assert LINK not in repr(VARIABLES)


def test_no_two_kinds_share_a_subject() -> None:
    assert len({mail(kind, language).subject for kind in Kind for language in LANGUAGES}) >= 2 * len(Kind) - 1


@pytest.mark.parametrize(
    ("kind", "to"), [(kind, "ann@example.org" if kind is Kind.EMAIL_CHANGE_NEW else "ann@example.com") for kind in Kind]
)
def test_it_goes_to_whom_it_concerns(kind: Kind, to: str) -> None:
    assert mail(kind, "en").to == to


def test_the_new_address_learns_nothing_of_the_old_one() -> None:
    for language in LANGUAGES:
        message = mail(Kind.EMAIL_CHANGE_NEW, language)
        assert "ann@example.com" not in message.subject + message.text + message.html


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, "en"),
        ({"locale": "fr"}, "fr"),
        ({"locale": "FR_ca.UTF-8"}, "fr"),
        ({"lang": " fr-CH "}, "fr"),
        ({"locale": "de", "lang": "fr"}, "fr"),
        ({"locale": "frr"}, "en"),
        ({"locale": "../fr"}, "en"),
        ({"locale": ["fr"], "lang": None}, "en"),
        ({"locale": "fr" * 10_000}, "en"),
    ],
)
def test_the_language_is_the_users_if_it_is_one_of_ours(metadata: dict[str, object], language: str) -> None:
    assert language_of(metadata, "en") == language

"""The outbox of development: it keeps the last mails, and its pages run nothing that a mail contains."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

from gateway.auth.mail import PAGE_HEADERS, Kind, Mailer, Message, Outbox, listing_page, mail_page

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVIL = "\"><script>alert(1)</script>'<img src=x onerror=y>"


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def outbox(*messages: Message, kept: int = 100) -> Outbox:
    box = Outbox(kept=kept, clock=lambda: AT)
    assert all(box.send(message) for message in messages)
    return box


def mail(to: str = "ann@example.com", subject: str = "S", text: str = "T", html: str = "<b>H</b>") -> Message:
    return Message(Kind.INVITE, to, subject, text, html)


def test_it_keeps_the_last_ones() -> None:
    box = outbox(*(mail(f"{number}@example.com") for number in range(150)))

    assert [kept.message.to for kept in box.mails()] == [f"{number}@example.com" for number in range(149, 49, -1)]
    assert (box.mail(50), box.counts.sent) == (None, {Kind.INVITE: 150})
    found = box.mail(51)
    assert found is not None
    assert found.message.to == "50@example.com"
    assert box.mails("149@example.com") == box.mails()[:1]
    box.clear()
    assert box.mails() == []


def test_its_json() -> None:
    (kept,) = outbox(mail()).mails()
    assert kept.json() == {
        "id": 1,
        "at": "2026-01-02T03:04:05+00:00",
        "kind": "invite",
        "to": "ann@example.com",
        "subject": "S",
        "text": "T",
        "html": "<b>H</b>",
    }


async def test_it_is_a_mailer() -> None:
    mailer: Mailer = Outbox()
    await mailer.start()
    assert mailer.send(mail())
    assert mailer.waiting == 0
    await mailer.stop()


def test_pages_escape_all_of_it() -> None:
    (kept,) = outbox(mail(EVIL, EVIL, f"{EVIL} https://x.example/?a=1&b={EVIL}", EVIL)).mails()

    for page in (listing_page([kept]), mail_page(kept)):
        elements = Elements(page)
        assert not {"script", "img"} & {tag for tag, _ in elements.tags}
        assert not any(name.startswith("on") for _, attributes in elements.tags for name in attributes)
    frames = [attributes for tag, attributes in Elements(mail_page(kept)).tags if tag == "iframe"]
    assert frames == [{"sandbox": None, "title": "HTML", "srcdoc": EVIL}]
    assert "script-src" not in PAGE_HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in PAGE_HEADERS["Content-Security-Policy"]


def test_the_list_leads_to_mails_whose_links_can_be_followed() -> None:
    (kept,) = outbox(mail(text="Go: https://x.example/?a=1&b=2 and on; javascript:alert(1)")).mails()

    links = [
        [attributes["href"] for tag, attributes in Elements(page).tags if tag == "a"]
        for page in (listing_page([kept]), mail_page(kept))
    ]

    assert links == [["?id=1"], ["?", "https://x.example/?a=1&b=2"]]
    assert "No mail" in listing_page([])

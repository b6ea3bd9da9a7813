"""The outbox as pages for a developer's browser. Pure: text in, everything escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.auth.mail.outbox import Kept

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""To be sent with both pages."""

_URL: Final = re.compile(r"https?://[^\s<>\"']+")
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#22262a}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .8rem .4rem 0;"
    "border-bottom:1px solid #ddd}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f1;padding:1rem}"
    "iframe{width:100%;height:36rem;border:1px solid #ddd}"
)


def listing_page(mails: Sequence[Kept]) -> str:
    """All mails; each leads to ``?id=<number>`` of the same page."""
    rows = "".join(
        f'<tr><td>{kept.at:%H:%M:%S}</td><td>{html.escape(kept.message.to)}</td><td><a href="?id={kept.number}">'
        f"{html.escape(kept.message.subject) or '(no subject)'}</a></td></tr>"
        for kept in mails
    )
    table = f"<table><tr><th>UTC</th><th>To</th><th>Subject</th></tr>{rows}</table>"
    return _page("Outbox", table if mails else "<p>No mail was sent yet.</p>")


def mail_page(kept: Kept) -> str:
    """One mail: its text, whose links can be followed, and its HTML in a frame that may do nothing."""
    message = kept.message
    return _page(
        message.subject,
        f'<p><a href="?">All mails</a></p><p>To {html.escape(message.to)}, {kept.at:%Y-%m-%d %H:%M:%S} UTC</p>'
        f"<pre>{_with_links(message.text)}</pre>"
        f'<iframe sandbox title="HTML" srcdoc="{html.escape(message.html)}"></iframe>',
    )


def _page(title: str, body: str) -> str:
    name = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{name}</h1>{body}</body></html>"
    )


def _with_links(text: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _URL.finditer(text):
        url = html.escape(found.group())
        parts += [html.escape(text[done : found.start()]), f'<a href="{url}">{url}</a>']
        done = found.end()
    return "".join([*parts, html.escape(text[done:])])

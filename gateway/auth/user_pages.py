"""Pages of the list of users: what is asked for, and the headers that the client takes apart. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.auth.errors import validation_failed

MOST_PER_PAGE: Final = 1000

_PER_PAGE: Final = 50
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 1."""

    number: int = 1
    size: int = _PER_PAGE

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


def read_page(page: str | None, per_page: str | None) -> Page:
    """The parameters `page` and `per_page`; the client sends empty ones for "as usual". Raises `validation_failed`."""
    return Page(_positive("page", page, 1), min(MOST_PER_PAGE, _positive("per_page", per_page, _PER_PAGE)))


def page_headers(page: Page, total: int) -> dict[str, str]:
    """`X-Total-Count` and `Link`, which is always there: without it the client takes the total for 0.

    Its parser wants `page` to be the first parameter and the relation in double quotes.
    """
    last = max(1, -(-total // page.size))
    links = [_link(page.number + 1, page.size, "next")] if page.number < last else []
    links.append(_link(last, page.size, "last"))
    return {"X-Total-Count": str(total), "Link": ", ".join(links)}


def _link(number: int, size: int, relation: str) -> str:
    return f'</admin/users?page={number}&per_page={size}>; rel="{relation}"'


def _positive(name: str, text: str | None, default: int) -> int:
    if not text:
        return default
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise validation_failed(f"{name} must be a number from 1")
    return int(text)

"""What the tests over HTTP know of the médiathèque's gateways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.serving import Answer, Served, token

SETTINGS: dict[str, Any] = {
    "schemas": "api,archive",
    "extra_search_path": "public",
    "anon_role": "rest_anon",
    "aggregates_enabled": True,
    "plan_enabled": True,
}


MEMBER = token("rest_member", sub="ines")
STAFF = token("rest_staff", sub="boss")


@dataclass(frozen=True, slots=True)
class Mediatheque:
    """Two gateways on one database: `careful` runs a function before each request, and so every read in a
    transaction of its own. `dsn` is the superuser's."""

    fast: Served
    careful: Served
    dsn: str


def ids(*numbers: int) -> list[dict[str, int]]:
    return [{"id": number} for number in numbers]


def titles(*texts: str) -> list[dict[str, str]]:
    return [{"title": text} for text in texts]


async def both(mediatheque: Mediatheque, target: str, **options: Any) -> Answer:
    """The answer, which both gateways must give."""
    one = await mediatheque.fast.get(target, **options)
    other = await mediatheque.careful.get(target, **options)
    assert (one.status, one.body) == (other.status, other.body)
    assert {k: v for k, v in one.headers.items() if k != "Date"} == {
        k: v for k, v in other.headers.items() if k != "Date"
    }
    return one

"""How hostile requests are sent and their answers judged."""

from __future__ import annotations

from urllib.parse import quote

from tests.rest.mediatheque import Mediatheque
from tests.rest.raw_http import RawAnswer, get

SECONDS = 5.0
"""What no test of hostile input may take. (The slowest takes a fifth of it on two busy cores.)"""

BASE = b"/rest/v1"


def refused(answer: RawAnswer, *codes: str) -> None:
    """A 4xx in PostgREST's shape; with `codes`, one of these."""
    assert 400 <= answer.status < 500, (answer.status, answer.body[:300])
    assert list(answer.json) == ["code", "details", "hint", "message"]
    assert not codes or answer.json["code"] in codes, answer.json
    assert b"Traceback" not in answer.body


def sane(answer: RawAnswer) -> None:
    """Refused, or answered as data. PostgreSQL's own limits (SQLSTATE class 54: columns of a result, dimensions of an
    array, depth of a tsquery) are the one exception: PostgREST's table of statuses makes them a 500."""
    if answer.status == 500 and answer.json["code"].startswith("54"):
        return
    if answer.status not in (200, 206):
        refused(answer)


async def ask(mediatheque: Mediatheque, target: str, *headers: bytes, method: bytes = b"GET") -> RawAnswer:
    """Both gateways must judge alike."""
    sent = BASE + quote(target, safe="/?&=:(){},.!_-~*$%'+;@\"").encode()
    one = await get(mediatheque.fast.url, sent, *headers, method=method)
    other = await get(mediatheque.careful.url, sent, *headers, method=method)
    assert (one.status, one.body) == (other.status, other.body)
    return one

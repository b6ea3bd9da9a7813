"""Reads whose query string is the body: the method QUERY, and POST with a content type of our own (docs/reads.md).

URLs have a length that servers and proxies accept; a list of a thousand ids is longer. Pure: bytes in, text out.
"""

from __future__ import annotations

from gateway.rest.read_errors import not_a_query, query_not_text, query_writes_nothing

QUERY = "QUERY"
"""The method (RFC draft-ietf-httpbis-safe-method-w-body): safe and idempotent as GET is, with a body."""

QUERY_TYPE = "application/vnd.passerelle.query"
_FORM = "application/x-www-form-urlencoded"


def is_query(method: str, content_type: str | None) -> bool:
    """Whether a request is a read by body. By POST only our own content type is: forms are rows to insert.

    Raises PGRSTX55 for other methods with that type. DELETE has no body for us, so that the filters in it would be
    ignored and all rows deleted.
    """
    if method == QUERY:
        return True
    if content_type is None or _media_type(content_type) != QUERY_TYPE:
        return False
    if method != "POST":
        raise query_writes_nothing(method)
    return True


def joined_query(raw_query: str, body: bytes, content_type: str | None) -> str:
    """The query string of the URL followed by that of the body, both percent-encoded as they came.

    Raises PGRSTX53 (415) for a body of another type, PGRSTX54 for one that is no text. A line break at the end, as
    files have it, does not count.
    """
    if _media_type(content_type or "") not in (QUERY_TYPE, _FORM):
        raise not_a_query((QUERY_TYPE, _FORM))
    try:
        text = body.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise query_not_text() from None
    return "&".join(part for part in (raw_query, text) if part)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()

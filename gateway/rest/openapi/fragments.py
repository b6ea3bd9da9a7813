"""Small pieces that paths and definitions share."""

from __future__ import annotations

from gateway.rest.openapi.jsontypes import Json


def reference(section: str, name: str) -> Json:
    """A reference to an entry of `section`; the name is escaped as RFC 6901, sections 3 and 6 ask."""
    return {"$ref": f"#/{section}/{name.replace('~', '~0').replace('/', '~1').replace('%', '%25')}"}


def split_comment(comment: str) -> tuple[str, str]:
    """A comment's first line, and what follows it without leading blank lines."""
    first, _, rest = comment.partition("\n")
    return first, rest.lstrip("\n")


def operation(tag: str, comment: str | None, parts: Json) -> Json:
    """An operation whose summary is the first line of a comment; `parts` are its other keys."""
    told: Json = {"tags": [tag]}
    if comment is not None:
        summary, description = split_comment(comment)
        told["summary"] = summary
        if description:
            told["description"] = description
    return {**told, **parts}

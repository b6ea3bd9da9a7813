"""Media types: what a client accepts and how a result is rendered (PostgREST docs: "Resource Representation")."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from gateway.catalog import Catalog, MediaHandler, Name
from gateway.rest.errors import no_media_type

_UTF8 = "; charset=utf-8"
_TEXTUAL = frozenset(
    {"application/json", "application/openapi+json", "application/geo+json", "text/csv", "text/plain", "text/xml"}
)
_PLAN = re.compile(r"application/vnd\.pgrst\.plan(?:\+(?P<format>text|json))?$")
_REMEMBERED = 512
"""Characters of a header that may be kept with its reading."""
_MOST_RANGES = 64
_PLAN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")


class Form(enum.Enum):
    """How the rows become a body."""

    JSON = "json"
    OBJECT = "object"
    CSV = "csv"
    GEOJSON = "geojson"
    CUSTOM = "custom"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """`options` are those of EXPLAIN, in the order sent; `as_json` is the plan's own format."""

    as_json: bool
    options: tuple[str, ...]
    media_type: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """`content_type` is the header to send; `strip_nulls` drops null fields. CUSTOM applies the aggregate
    `handler`; RAW is a function whose single value is the body. `media_type` has no parameters."""

    form: Form
    media_type: str
    content_type: str
    strip_nulls: bool = False
    handler: MediaHandler | None = None
    explain: ExplainRequest | None = None


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header: `name` is lower case, `text` is as sent, without `;q=` and what follows."""

    name: str
    text: str
    parameters: tuple[tuple[str, str], ...] = ()


def read_accept(header: str | None) -> tuple[MediaRange, ...]:
    """The accepted types, the most wanted first: by q, then the more specific. No header means anything. Of very many,
    only the first count: plans are kept by them."""
    if not header:
        return (MediaRange("*/*", "*/*"),)
    return _remembered(header) if len(header) <= _REMEMBERED else _accepted(header)


@lru_cache(maxsize=512)
def _remembered(header: str) -> tuple[MediaRange, ...]:
    return _accepted(header)


def _accepted(header: str) -> tuple[MediaRange, ...]:
    weighted: list[tuple[float, int, MediaRange]] = []
    for part in _split(header, ",")[:_MOST_RANGES]:
        text, quality = _quality(part.strip())
        if text:
            weighted.append((-quality, text.count("*") - text.count(";"), _media_range(text)))
    weighted.sort(key=lambda item: item[:2])
    return tuple(item[2] for item in weighted)


def _split(text: str, separator: str) -> list[str]:
    """Split outside of double quotes."""
    return re.findall(rf'(?:[^{separator}"]|"[^"]*"?)+', text)


def _quality(text: str) -> tuple[str, float]:
    match = re.search(r";\s*q=([0-9.]*)", text, re.IGNORECASE)
    if match is None:
        return text, 1.0
    try:
        quality = float(match.group(1))
    except ValueError:
        quality = 0.0
    return text[: match.start()].strip(), quality


def _media_range(text: str) -> MediaRange:
    name, *parameters = (part.strip() for part in _split(text, ";"))
    pairs = (part.partition("=") for part in parameters)
    return MediaRange(
        name.lower(), text, tuple((key.strip().lower(), value.strip().strip('"')) for key, _, value in pairs)
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """What is rendered: rows of `relation` (None if they are of no relation), or the single value of a function
    returning the media type `raw`. `default_select` tells whether whole rows were asked for; `scalar` is true for
    functions that return neither rows nor composites, one value or many (`setof`)."""

    relation: Name | None
    default_select: bool
    raw: str | None = None
    scalar: bool = False


def negotiate(accepted: Sequence[MediaRange], subject: Subject, catalog: Catalog, *, plans: bool) -> Rendering:
    """The rendering of the first accepted type that there is one for. Raises PGRST107."""
    for media in accepted:
        rendering = _rendering(media, subject, catalog, plans=plans)
        if rendering is not None:
            return rendering
    raise no_media_type(media.text for media in accepted)


def _rendering(media: MediaRange, subject: Subject, catalog: Catalog, *, plans: bool) -> Rendering | None:
    plan = _PLAN.match(media.name)
    if plan is not None:
        return _plan(media, plan["format"] == "json", subject, catalog) if plans else None
    stripped = ("nulls", "stripped") in media.parameters
    match media.name:
        case "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object":
            kind = "application/vnd.pgrst.object+json" + (";nulls=stripped" if stripped else "")
            return Rendering(Form.OBJECT, kind, kind + _UTF8, stripped)
        case "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" if stripped:
            kind = "application/vnd.pgrst.array+json;nulls=stripped"
            return Rendering(Form.JSON, kind, kind + _UTF8, strip_nulls=True)
        case "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array":
            return _builtin("application/json")
        case _:
            return _handled(media, subject, catalog) or _builtin(media.name)


def _builtin(name: str) -> Rendering | None:
    forms = {
        "*/*": (Form.JSON, "application/json"),
        "application/json": (Form.JSON, "application/json"),
        "text/csv": (Form.CSV, "text/csv"),
        "application/geo+json": (Form.GEOJSON, "application/geo+json"),
    }
    if name not in forms:
        return None
    form, kind = forms[name]
    return Rendering(form, kind, kind + _UTF8)


def content_type(media_type: str) -> str:
    """The header for a custom type: only well-known textual types get a charset."""
    return media_type + _UTF8 if media_type in _TEXTUAL else media_type


def _handled(media: MediaRange, subject: Subject, catalog: Catalog) -> Rendering | None:
    """A rendering that the database declares: of this relation or function, whatever is accepted; of this relation
    and type; of this type for any relation."""
    if subject.raw in ("*/*", media.name):
        kind = "application/octet-stream" if subject.raw == "*/*" else media.name
        return Rendering(Form.RAW, kind, content_type(kind))
    for relation, wanted in ((subject.relation, "*/*"), (subject.relation, media.name), (None, media.name)):
        if relation is None and wanted == "*/*":
            continue
        for handler in catalog.media_handlers:
            own = handler.relation is not None
            if handler.relation == relation and handler.media_type == wanted and (subject.default_select or not own):
                kind = "application/octet-stream" if wanted == "*/*" else wanted
                return Rendering(Form.CUSTOM, kind, content_type(kind), handler=handler)
    return None


def _plan(media: MediaRange, as_json: bool, subject: Subject, catalog: Catalog) -> Rendering | None:
    parameters = dict(media.parameters)
    explained = parameters.get("for", "application/json")
    inner = next((r for m in read_accept(explained) if (r := _rendering(m, subject, catalog, plans=False))), None)
    if inner is None:
        return None
    wanted = parameters.get("options", "").split("|")
    options = tuple(option for option in _PLAN_OPTIONS if option in wanted)
    kind = f'application/vnd.pgrst.plan+{"json" if as_json else "text"}; for="{inner.media_type}"'
    if options:
        kind += f"; options={'|'.join(options)}"
    return replace(inner, content_type=kind + _UTF8, explain=ExplainRequest(as_json, options, kind))

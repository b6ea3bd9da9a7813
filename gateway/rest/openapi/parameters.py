"""The parameters that all paths refer to."""

from __future__ import annotations

from gateway.rest.openapi.jsontypes import Json

_RETURN = ("return=representation", "return=minimal", "return=none")
_RESOLUTION = ("resolution=ignore-duplicates", "resolution=merge-duplicates")
_PAGING = "Limiting and Pagination"


def shared_parameters() -> dict[str, Json]:
    """Preferences, and the query and header parameters of tables, by the names they are referred to by."""
    return {
        "preferParams": _prefer(),
        "preferReturn": _prefer(*_RETURN),
        "preferCount": _prefer("count=none"),
        "preferPost": _prefer(*_RETURN, *_RESOLUTION),
        "select": _text("select", "query", "Filtering Columns"),
        "on_conflict": _text("on_conflict", "query", "On Conflict"),
        "order": _text("order", "query", "Ordering"),
        "range": _text("Range", "header", _PAGING),
        "rangeUnit": {**_text("Range-Unit", "header", _PAGING), "default": "items"},
        "offset": _text("offset", "query", _PAGING),
        "limit": _text("limit", "query", _PAGING),
    }


def filter_parameter(column: str, description: str | None) -> Json:
    """A condition on a column."""
    return _text(column, "query", description)


def _prefer(*choices: str) -> Json:
    parameter = _text("Prefer", "header", "Preference")
    return {**parameter, "enum": list(choices)} if choices else parameter


def _text(name: str, place: str, description: str | None) -> Json:
    told: Json = {"description": description} if description is not None else {}
    return {"name": name, **told, "required": False, "in": place, "type": "string"}

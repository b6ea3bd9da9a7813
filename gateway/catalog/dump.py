"""The catalog as JSON, for people: the admin port's `/schema_cache`, with PostgREST's top-level keys."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, cast

from gateway.catalog.model import Catalog, Name


def dump(catalog: Catalog) -> dict[str, Any]:
    """What the catalog holds, as dictionaries, lists and scalars. Names are written `schema.name`."""
    return {
        "dbTables": _plain(catalog.relations),
        "dbRelationships": _plain(catalog.relationships),
        "dbRoutines": _plain(catalog.functions),
        "dbRepresentations": _plain(list(catalog.representations.values())),
        "dbMediaHandlers": _plain(catalog.media_handlers),
        "dbMediaDomains": _plain(catalog.media_domains),
        "dbRoleSettings": _plain(catalog.role_settings),
        "opaqueOperators": catalog.opaque_operators,
        "serverVersion": catalog.server_version,
        "version": catalog.version,
    }


def _plain(value: object) -> Any:
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in cast("list[object]", value)]
    return value

"""defaults.yaml -> Defaults."""

from __future__ import annotations

from gateway.policies.files.documents import Document
from gateway.policies.files.rules.answers import read_cache, read_limits, read_realtime
from gateway.policies.model import Defaults


def read_defaults(document: Document) -> Defaults:
    """What holds where a file of the set says nothing else."""
    reading, fields = document.reading, document.fields
    base = Defaults()
    reading.description(fields)

    def names(key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        node = fields.node(key)
        read = reading.role if key == "roles" else reading.name
        return (reading.each(node, f"`{key}`", read) if node else None) or default

    return Defaults(
        schemas=names("schemas", base.schemas),
        roles=names("roles", base.roles),
        search_path=names("search_path", base.search_path),
        realtime=read_realtime(reading, fields.node("realtime"), base.realtime),
        cache=read_cache(reading, fields.node("cache"), base.cache),
        limits=read_limits(reading, fields.node("limits"), base.limits),
    )

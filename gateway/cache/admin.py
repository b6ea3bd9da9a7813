"""The cache over the admin port: how it does, and giving up what it keeps. Bodies and answers are JSON values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from gateway.bus import Bus
from gateway.cache.coherence import Coherence
from gateway.catalog import Caching, Catalog, Name
from gateway.errors import GatewayError


class CacheAbsent(GatewayError):
    """409: there is nothing that could be flushed."""

    def __init__(self, reason: str) -> None:
        super().__init__(409, "cache_absent", reason)


class CacheRequestInvalid(GatewayError):
    """400: the body of a flush is not what it has to be."""

    def __init__(self, reason: str) -> None:
        hint = 'Send {} to flush everything, or {"tables": ["public.name"]}.'
        super().__init__(400, "cache_request_invalid", reason, hint=hint)


class TableUnknown(GatewayError):
    """404: the database has no relation of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(404, "cache_table_unknown", f"There is no table or view {name}")


@dataclass(frozen=True, slots=True)
class CacheAdmin:
    """The operations of the admin port. `reports` tells how the cache of each worker does. Without Redis there is
    neither `bus` nor `coherence`. `catalog` answers the current snapshot, or raises."""

    reports: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]
    bus: Bus | None
    coherence: Coherence | None
    catalog: Callable[[], Catalog]

    def routes(self) -> Mapping[str, Mapping[str, Callable[[bytes], Awaitable[Any]]]]:
        """Path -> method -> what answers; each takes the request body and gives JSON values."""
        return {"/cache": {"GET": self.report}, "/cache/flush": {"POST": self.flush}}

    async def report(self, _: bytes) -> dict[str, Any]:
        """How it does, worker by worker."""
        return {"workers": list(await self.reports())}

    async def flush(self, body: bytes) -> dict[str, Any]:
        """Give up what depends on the tables that the body names, or everything. Returns when no instance serves it any
        more; `instances` counts those that hold a lease then. Raises BusError if that is not certain."""
        asked = _parsed(body)
        if self.bus is None or self.coherence is None:
            raise CacheAbsent("Without Redis nothing is kept")
        tables = None if asked is None else _tables(asked, self.catalog().caching)
        oids = None if tables is None else tables.values()
        await self.coherence.flush(oids)
        told = "everything" if tables is None else sorted(map(str, tables))
        return {"flushed": told, "instances": len((await self.bus.members()).holdings)}


def _parsed(body: bytes) -> list[str] | None:
    """Names, or None for everything."""
    try:
        sent: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CacheRequestInvalid(f"the body is not JSON: {error}") from error
    if not isinstance(sent, dict):
        raise CacheRequestInvalid("the body is not a JSON object")
    fields = cast("dict[str, Any]", sent)
    unknown = sorted(fields.keys() - {"tables"})
    if unknown:
        raise CacheRequestInvalid(f"the body has an unknown key: {unknown[0]}")
    if "tables" not in fields:
        return None
    tables = fields["tables"]
    listed = cast("list[Any]", tables) if isinstance(tables, list) else []
    if not listed or not all(isinstance(name, str) for name in listed):
        raise CacheRequestInvalid("`tables` is a list of at least one name")
    return listed


def _tables(asked: Iterable[str], caching: Caching | None) -> dict[Name, int]:
    """The tables by OID; those behind a view in its place. A name without a schema is one of schema public."""
    if caching is None:
        raise CacheAbsent("No policy file in force has a `cache:` rule, or changes are not recorded: nothing is kept")
    found: dict[Name, int] = {}
    for text in asked:
        written = text if "." in text else f"public.{text}"
        named = [name for name in caching.oids if str(name) == written]
        if not named:
            raise TableUnknown(written)
        for name in named:
            read = caching.footprints.of_relation(caching.oids[name], None).tables
            found |= {each: caching.oids[each] for each in ((name,) if name in read else read) if each in caching.oids}
    return found

"""What may be kept of answers, as policy files say, and what tells that it is out of date."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from gateway.catalog.code import Code
from gateway.catalog.footprint import Annotation, Footprints, Rules
from gateway.catalog.model import Name
from gateway.catalog.rows import Row

_LONGEST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class CacheTerms:
    """Seconds: how long an answer may be kept; how long past that it may stand in for a failing database; how old one
    may be that depends on the clock. None is not at all."""

    ttl: float
    stale_if_error: float | None = None
    clock: float | None = None


@dataclass(frozen=True, slots=True)
class Caching:
    """What a cache has to know of one database.

    `definitions` stands for everything that decides answers beside the tables' contents: an answer that was asked for
    under one value is not valid under another, and no value comes again (`sql/definitions.sql` says within which
    limits). It is never newer than the catalog it belongs to. `relations` and `functions` are those with a `cache:`
    rule in force, by OID. `tracked` are OIDs of tables all of whose changes are on record; an answer may be kept only
    if every table of its footprint is among them. `oids` has every table that a footprint can name. `footprints`
    know what the files vouch for; they are not for use by several threads.
    """

    definitions: str
    relations: Mapping[int, CacheTerms]
    functions: Mapping[int, CacheTerms]
    tracked: frozenset[int]
    oids: Mapping[Name, int]
    footprints: Footprints


@dataclass(frozen=True, slots=True)
class CachingFacts:
    """What was read for it: rows of `sql/cache_terms.sql`, OIDs of `sql/tracked.sql`."""

    definitions: str
    terms: Sequence[Row]
    tracked: frozenset[int]
    rules: Rules


def caching(facts: CachingFacts, code: Code) -> Caching:
    """Pure. `code` is of the same snapshot."""
    oids = {Name(relation.schema, relation.name): relation.oid for relation in code.relations}
    return Caching(
        definitions=facts.definitions,
        relations={row["oid"]: _terms(row) for row in facts.terms if not row["is_function"]},
        functions={row["oid"]: _terms(row) for row in facts.terms if row["is_function"] and row["ttl"] is not None},
        tracked=facts.tracked,
        oids=oids,
        footprints=Footprints(code, facts.rules, vouched(facts.terms, oids)),
    )


def vouched(terms: Iterable[Row], tables: Iterable[Name]) -> dict[int, Annotation]:
    """What is vouched for, by OID of the function. A document of another form than applying files writes vouches for
    nothing."""
    written = list(tables)
    often = Counter(map(str, written))
    names = {str(name): name for name in written if often[str(name)] == 1}
    found = {row["oid"]: _annotation(row["reads"], names) for row in terms if row["reads"] is not None}
    return {oid: annotation for oid, annotation in found.items() if annotation is not None}


def _terms(row: Row) -> CacheTerms:
    return CacheTerms(row["ttl"], row["stale_if_error"], row["clock"])


def _annotation(reads: str, names: Mapping[str, Name]) -> Annotation | None:
    document = cast("dict[str, Any]", json.loads(reads))
    tables, claims, clock = document.get("tables", []), document.get("claims", []), document.get("clock")
    if not _texts(tables) or not _texts(claims) or not names.keys() >= set(tables):
        return None
    if clock is not None and not (isinstance(clock, int | float) and 0 <= clock <= _LONGEST):
        return None
    bound = timedelta(seconds=clock) if clock is not None else None
    return Annotation(frozenset(names[table] for table in tables), frozenset(claims), bound)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))

"""Catalog rows as the queries in ``sql/`` return them, keyed by OID and column number. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Row(Protocol):
    """A row that is looked up by column name: an `asyncpg.Record`, or a dictionary in tests."""

    def __getitem__(self, key: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class RelationRow:
    """`columns` maps column numbers to names; `event_bits` is the mask of `pg_relation_is_updatable` of an exposed
    view or foreign table, else None. `row_types` are its row type and the array of it, whose name is `row_array`;
    `user_types` the user-defined types of its columns. `forced` row security holds for the owner, too; an `invoker`
    view reads as whoever asks, any other one as its owner."""

    oid: int
    schema: str
    name: str
    kind: str
    is_partition: bool
    description: str | None
    event_bits: int | None
    columns: Mapping[int, str]
    row_types: tuple[int, ...] = ()
    user_types: tuple[int, ...] = ()
    row_array: str | None = None
    owner: int = 0
    row_security: bool = False
    forced: bool = False
    invoker: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key constraint from `relation` to `target` (OIDs); `pairs` are column numbers in constraint order."""

    name: str
    relation: int
    target: int
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A primary key or unique constraint; `columns` are numbers in constraint order."""

    relation: int
    columns: tuple[int, ...]
    primary: bool


@dataclass(frozen=True, slots=True)
class ComputedRow:
    """A function from one row of `origin` to rows of `target` (OIDs)."""

    oid: int
    schema: str
    name: str
    origin: int
    target: int
    single_row: bool

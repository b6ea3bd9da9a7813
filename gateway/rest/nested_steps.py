"""A nested insert, step by step: a generator that says what to run next and is sent what came of it. Pure."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from gateway.catalog import Relation
from gateway.rest.exact_json import Json, parse, text_of
from gateway.rest.own_errors import linked_column, not_linkable
from gateway.rest.plan.nested import Level, Nested, refers
from gateway.rest.plan.write import WrittenColumn
from gateway.rest.sql.nested import level_statement

Keys = Mapping[str, Json]
"""Columns of a row that was written."""


@dataclass(frozen=True, slots=True)
class Step:
    """`path` is where the rows stand in the body: one row, or (`many`) an array of rows."""

    sql: str
    arguments: Sequence[str]
    path: str
    many: bool = False


Steps = Generator[Step, Sequence[str], list[Keys]]
"""Yields a step, is sent the texts that its statement answered, and returns the keys of the root's rows."""


def nested_steps(nested: Nested) -> Steps:
    """Writes the rows of `nested`: what is referred to before what refers to it. Raises PGRSTX12, PGRSTX14."""
    written = yield from _Writer(nested).level(nested.root, _nothing(nested.root), frozenset(nested.answered))
    return [keys for keys in written if keys is not None]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where rows go, and where they stand in the body: together, and each."""

    relation: Relation
    columns: tuple[WrittenColumn, ...]
    path: str
    rows: tuple[str, ...]

    @classmethod
    def of(cls, level: Level, relation: Relation, columns: tuple[WrittenColumn, ...]) -> _Target:
        return cls(relation, columns, level.path, tuple(row.path for row in level.rows))


class _Writer:
    def __init__(self, nested: Nested) -> None:
        self._nested = nested

    def level(
        self, level: Level, given: Sequence[Keys], wanted: frozenset[str]
    ) -> Generator[Step, Sequence[str], list[Keys | None]]:
        """Writes a level with those below it; `given` are columns of each row that its parent set. Answers the columns
        `wanted` of each row, None for a row that a trigger dropped."""
        linked = [dict(keys) for keys in given]
        for parents in level.parents:
            assert parents.relationship is not None
            pairs = parents.relationship.columns
            keys = yield from self.level(parents, _nothing(parents), frozenset(its for _, its in pairs))
            for row, key in zip(parents.rows, keys, strict=True):
                _link(linked[row.parent], pairs, key, row.path)
        rows: list[Json] = [
            {**dict.fromkeys(row.absent), **row.values, **links} for row, links in zip(level.rows, linked, strict=True)
        ]
        wanted = wanted.union(*map(_referred, level.children))
        written = yield from self._insert(_Target.of(level, level.relation, level.columns), rows, wanted)
        for children in level.children:
            yield from self._below(children, written)
        return written

    def _below(self, level: Level, above: Sequence[Keys | None]) -> Generator[Step, Sequence[str], None]:
        relationship = level.relationship
        assert relationship is not None
        junction = relationship.junction
        links: list[dict[str, Json]] = [{} for _ in level.rows]
        for row, link in zip(level.rows, links, strict=True):
            pairs = junction.origin_columns if junction else relationship.columns
            _link(link, [(there, here) for here, there in pairs], above[row.parent], row.path)
        if junction is None:
            yield from self.level(level, links, frozenset())
            return
        assert level.junction is not None
        relation, columns = level.junction
        targets = yield from self.level(level, _nothing(level), frozenset(here for here, _ in junction.target_columns))
        for row, link, target in zip(level.rows, links, targets, strict=True):
            _link(link, [(there, here) for here, there in junction.target_columns], target, row.path)
        yield from self._insert(_Target.of(level, relation, columns), list[Json](links), frozenset())

    def _insert(
        self, target: _Target, rows: Sequence[Json], wanted: frozenset[str]
    ) -> Generator[Step, Sequence[str], list[Keys | None]]:
        # RETURNING promises no order, and triggers may change any key: a key is known to be a row's only alone
        single = bool(wanted) or self._nested.one_by_one or len(rows) == 1
        if not rows:
            return []
        statement = level_statement(
            target.relation, target.columns, sorted(wanted), single=single, defaults=self._nested.defaults
        )
        if not single:
            yield Step(statement.text, statement.bind([text_of(list(rows))]), target.path, many=True)
            return []
        written: list[Keys | None] = []
        for row, place in zip(rows, target.rows, strict=True):
            answered = yield Step(statement.text, statement.bind([text_of(row)]), place)
            written.append(cast("Keys", parse(answered[0])) if wanted and answered else None)
        return written


def _nothing(level: Level) -> list[Keys]:
    return [{} for _ in level.rows]


def _referred(children: Level) -> frozenset[str]:
    """The columns that the rows below take over from these."""
    relationship = children.relationship
    assert relationship is not None
    assert not refers(relationship)
    pairs = relationship.junction.origin_columns if relationship.junction else relationship.columns
    return frozenset(here for here, _ in pairs)


def _link(row: dict[str, Json], pairs: Sequence[tuple[str, str]], key: Keys | None, path: str) -> None:
    """Sets the columns of `row` that refer to `key`; `pairs` are (column of the row, column of the key)."""
    for own, its in pairs:
        value = key.get(its) if key is not None else None
        if value is None:
            raise not_linkable(path)
        if row.setdefault(own, value) != value:
            raise linked_column(own, path, "Two relationships set it to different values.")

"""Which columns and relations an expression names, and in which subquery they stand. Pure.

PostgreSQL looks for a column in the innermost query first and in the policy's own table last. Without a catalog only
some of that is certain; the rest is taken generously.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp

from gateway.policies.expressions.syntax import Syntax
from gateway.sqltext import Token

Name = tuple[str | None, str]
"""A schema, if it is written, and a name."""


class Column(NamedTuple):
    """`name` is `*` for a whole row. `qualifier` is what is written before it. If it is not `is_own`, it belongs to one
    of `relations`, or to another source of a subquery, or, without a qualifier, to the policy's own table after all."""

    name: str
    qualifier: tuple[str, ...]
    start: int
    end: int
    is_own: bool
    relations: tuple[Name, ...] = ()


class Relation(NamedTuple):
    """A table or view that a subquery reads."""

    schema: str | None
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Names:
    columns: tuple[Column, ...] = ()
    relations: tuple[Relation, ...] = ()


class _Source(NamedTuple):
    """Something in FROM. `alias` is what columns call it, None if that is not known; `relation` is None for a subquery,
    a function, and a relation whose columns get other names."""

    alias: str | None
    relation: Name | None = None


def names(found: Syntax, tree: exp.Expr | None) -> Names:
    """The names of a tree whose identifiers are masked, read from the text where they stand."""
    if tree is None:
        return Names()
    reader = _Reader(found)
    columns: list[Column] = []
    relations: list[Relation] = []
    for node in tree.find_all(exp.Column, exp.Join, exp.Star, exp.Table):
        if isinstance(node, exp.Table):
            relations += reader.relations(node)
        else:
            columns += reader.columns(node)
    return Names(tuple(sorted(columns, key=_start)), tuple(sorted(relations, key=_start)))


def _start(name: Column | Relation) -> int:
    return name.start


class _Reader:
    def __init__(self, found: Syntax) -> None:
        self._tokens = {token.start: token for token in found.tokens}
        self._sources: dict[int, tuple[_Source, ...]] = {}

    def relations(self, table: exp.Table) -> Iterator[Relation]:
        if name := self._relation(table):
            parts = [self._token(part) for part in table.parts]
            yield Relation(*name, parts[0].start, parts[-1].end)

    def columns(self, node: exp.Expr) -> Iterator[Column]:
        """What a column, a `*` or a join names itself."""
        if isinstance(node, exp.Column):
            parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
            yield from self._column(node, parts, whole=isinstance(node.this, exp.Star))
        elif isinstance(node, exp.Join):
            for name in node.args.get("using") or ():
                yield from self._column(node, [name], whole=False)
        elif isinstance(node.parent, exp.Select) and "start" in node.meta:
            start = node.meta["start"]
            relations = _relations(self._sources_of(node.parent))
            yield Column("*", (), start, start + 1, is_own=False, relations=relations)

    def _column(self, node: exp.Expr, parts: list[exp.Identifier], *, whole: bool) -> Iterator[Column]:
        tokens = [self._token(part) for part in parts]
        words = tuple(token.text for token in tokens)
        qualifier, name = (words, "*") if whole else (words[:-1], words[-1])
        start, end = tokens[0].start, node.this.meta["end"] + 1 if whole else tokens[-1].end
        query = node.find_ancestor(exp.Query)
        if isinstance(query, exp.SetOperation):
            # Its ORDER BY can only name what it returns.
            return
        scopes = list(self._scopes(node))
        if not scopes:
            yield Column(name, qualifier, start, end, is_own=True)
            return
        if qualifier:
            source = _by_alias(scopes, qualifier)
            yield Column(name, qualifier, start, end, source is None, _relations([source] if source else []))
            return
        around = _relations(source for scope in scopes for source in scope)
        yield Column(name, (), start, end, is_own=False, relations=around)
        row = _by_alias(scopes, (name,), guess=False)
        if row is not None and row.relation:
            yield Column("*", (name,), start, end, is_own=False, relations=(row.relation,))

    def _scopes(self, node: exp.Expr) -> Iterator[tuple[_Source, ...]]:
        """What the queries around a node read, the innermost first."""
        above = node.parent
        while above is not None:
            if isinstance(above, exp.With):
                # A query of WITH does not see what the query after it reads.
                above = above.parent
            elif isinstance(above, exp.Select):
                yield self._sources_of(above)
            above = above.parent if above else None

    def _sources_of(self, query: exp.Select) -> tuple[_Source, ...]:
        if id(query) not in self._sources:
            self._sources[id(query)] = tuple(self._from(query))
        return self._sources[id(query)]

    def _from(self, query: exp.Expr) -> Iterator[_Source]:
        clause = query.args.get("from_")
        for node in (*([clause.this] if clause else ()), *(query.args.get("laterals") or ())):
            yield from self._source(node)
        yield from self._joined(query)

    def _joined(self, node: exp.Expr) -> Iterator[_Source]:
        for join in node.args.get("joins") or ():
            yield from self._source(join.this)

    def _source(self, node: exp.Expr) -> Iterator[_Source]:
        alias = node.args.get("alias")
        name = self._token(alias.this).text if alias and alias.this else None
        is_bracketed = isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Subquery)
        if is_bracketed and name is None:
            yield from self._source(node.this)
        elif isinstance(node, exp.Table):
            is_renamed = bool(alias and alias.columns)
            yield _Source(name or self._table_name(node), None if is_renamed else self._relation(node))
        else:
            yield _Source(name)
        yield from self._joined(node)

    def _relation(self, table: exp.Table) -> Name | None:
        """The name of a relation; None for a function and for a query of a WITH."""
        if not isinstance(table.this, exp.Identifier):
            return None
        name = self._token(table.this).text
        if table.args.get("db"):
            return self._token(table.args["db"]).text, name
        return None if self._is_common(table, name) else (None, name)

    def _table_name(self, table: exp.Table) -> str | None:
        return self._token(table.this).text if isinstance(table.this, exp.Identifier) else None

    def _is_common(self, table: exp.Table, name: str) -> bool:
        """Whether a WITH around the table has a query of that name. One that is not recursive sees those before it."""
        node: exp.Expr = table
        while above := node.parent:
            clause = above.args.get("with_")
            if isinstance(above, exp.With):
                queries = above.expressions if above.args.get("recursive") else above.expressions[: node.index]
            else:
                queries = clause.expressions if clause and clause is not node else ()
            if name in self._common_names(queries):
                return True
            node = above
        return False

    def _common_names(self, queries: Iterable[exp.Expr]) -> Iterator[str]:
        for query in queries:
            yield self._token(query.args["alias"].this).text

    def _token(self, identifier: exp.Expr) -> Token:
        return self._tokens[identifier.meta["start"]]


def _by_alias(scopes: list[tuple[_Source, ...]], qualifier: tuple[str, ...], *, guess: bool = True) -> _Source | None:
    """The source that a qualifier means; with `guess`, else one whose alias is not known."""
    sources = [source for scope in scopes for source in scope]
    for source in sources:
        if source.alias == qualifier[-1] and (len(qualifier) == 1 or _may_be_in(source, qualifier[-2])):
            return source
    return next((source for source in sources if source.alias is None), None) if guess else None


def _may_be_in(source: _Source, schema: str) -> bool:
    return source.relation is not None and source.relation[0] in (None, schema)


def _relations(sources: Iterable[_Source]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys(source.relation for source in sources if source.relation))

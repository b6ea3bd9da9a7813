"""Lint about columns that policies look rows up by, without an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.database import quote_identifier
from gateway.policies.lints.calls import is_large
from gateway.policies.lints.leaf import Leaf, Side
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Policy, Rule, Scene, Table
from gateway.policies.problems import Severity


class _Lookup(NamedTuple):
    """A policy that looks rows of `table` up by `column`."""

    policy: Policy
    rule: Rule
    table: Table
    column: str


def _without_index(scene: Scene) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[_Lookup]] = defaultdict(list)
    for lookup in _lookups(scene):
        found[str(lookup.table.name), lookup.column].append(lookup)
    for (name, column), lookups in found.items():
        policy, rule, table, _ = lookups[0]
        policies = list(dict.fromkeys(str(each.policy) for each in lookups))
        others = f" (and {len(policies) - 1} more)" if len(policies) > 1 else ""
        message = f"{policy}{others} looks rows of {name} up by {column}, and no index begins with it"
        fix = f"create index concurrently on {_name(table)} ({quote_identifier(column)});"
        yield Finding(name, message, policy.spot(rule, column), fix)


def _lookups(scene: Scene) -> Iterator[_Lookup]:
    """Those that no index helps."""
    for policy in scene.policies:
        table, rule = scene.tables[policy.table], policy.using
        if rule is None or not table.is_table:
            continue
        for branch in rule.condition.branches():
            columns = [column for leaf in branch for column in _looked_up(leaf)]
            if _lacks_index(table, columns):
                yield _Lookup(policy, rule, table, columns[0])
        for inner, columns in _inner(scene, rule):
            if _lacks_index(inner, columns):
                yield _Lookup(policy, rule, inner, columns[0])


def _looked_up(leaf: Leaf) -> Iterator[str]:
    comparison = leaf.comparison
    if comparison is not None and comparison.operator == "=" and not leaf.negated and comparison.other is Side.CALLER:
        yield comparison.column


def _lacks_index(table: Table, columns: list[str]) -> bool:
    """Whether no index begins with any of columns that are compared together."""
    relation = table.relation
    if not columns or relation is None or not relation.is_table or not is_large(table):
        return False
    keys = (relation.primary_key, *relation.unique_keys, *relation.indexes)
    return not {key[0] for key in keys if key} & set(columns)


def _name(table: Table) -> str:
    return f"{quote_identifier(table.name.schema)}.{quote_identifier(table.name.name)}"


def _inner(scene: Scene, rule: Rule) -> Iterator[tuple[Table, list[str]]]:
    """The relations that subqueries read, each with its columns that are compared with something from outside of it."""
    reading = rule.condition.reading
    aliases = {source.alias: scene.relation(source.schema, source.name) for source in reading.sources}
    compared: dict[str, list[str]] = defaultdict(list)
    for leaf in rule.condition.inner():
        split = reading.comparison(leaf.first, leaf.end)
        if split is None or split[1] != "=" or leaf.negated:
            continue
        sides = [_column(leaf, side, aliases) for side in (split[0], split[2])]
        for one, other in (sides, sides[::-1]):
            if one is not None and (other is None or other[0] != one[0]):
                compared[one[0]].append(one[1])
    for alias, columns in compared.items():
        table = aliases[alias]
        if table is not None:
            yield table, columns


def _column(leaf: Leaf, side: tuple[int, int], aliases: dict[str, Table | None]) -> tuple[str, str] | None:
    """Alias and column, if a side is just that."""
    found = leaf.reading.found
    first, end = leaf.reading.bare(*side)
    texts = [token.text for token in found.tokens[first:end]]
    return (texts[0], texts[2]) if len(texts) == 3 and texts[1] == "." and texts[0] in aliases else None  # noqa: PLR2004


WITHOUT_INDEX: Final = Lint.of(
    "L017",
    Severity.WARNING,
    "A policy looks rows up without an index",
    why="""
        A policy becomes a condition of every query on its table. Without an index on the compared column PostgreSQL
        reads the whole table, also for a caller who owns three rows of it; and if the column belongs to a table that a
        subquery asks, it may read that whole table again and again. Only tables of more than 1,000 rows, or that were
        never analysed, are reported.
    """,
    fix="`create index concurrently on schema.table (column);`",
    find=_without_index,
    needs_database=True,
    varies=True,
)

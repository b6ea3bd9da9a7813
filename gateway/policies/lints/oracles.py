"""Lints about constraints whose errors tell of rows that nobody may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, Table, words
from gateway.policies.lints.writes import holds, writes
from gateway.policies.problems import Severity

_GUESSLESS: Final = ("uuid",)


def _free_writers(scene: Scene, table: Table, columns: Iterable[str]) -> Iterator[str]:
    """The roles that may write any values into the columns: no policy says what one of them must be."""
    listed = list(columns)
    found = list(writes(scene, table))
    for role in scene.roles:
        for verb in ("insert", "update"):
            rules = [each for each in found if each.role == role and each.verb == verb and each.new]
            some = (verb == "update" and any) or all
            if not some(scene.may(table, role, verb, column) for column in listed):
                continue
            held = [
                each.rule.condition.everywhere(lambda leaf: any(holds(leaf, column) for column in listed))
                for each in rules
            ]
            permissive = [is_held for each, is_held in zip(rules, held, strict=True) if each.policy.permissive]
            restrictive = [is_held for each, is_held in zip(rules, held, strict=True) if not each.policy.permissive]
            if permissive and not all(permissive) and not any(restrictive):
                yield role
                break


def _keys_of_others(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        for key in table.relation.foreign_keys if table.relation is not None else ():
            target = scene.tables.get(key.target)
            if target is None:
                continue
            roles = [role for role in _free_writers(scene, table, key.columns) if not scene.sees_all(role, target)]
            if roles:
                columns = ", ".join(key.columns)
                message = (
                    f"{words(roles)} can find out which keys {key.target} has: {table.name} takes {columns} if the row "
                    f"exists and fails with 23503 if not, seen or unseen"
                )
                fix = f"Ask for the row in `check`: `exists (select from {key.target} t where t.… = {columns})`."
                yield Finding(str(table.name), message, table.grant_place(roles[0], "insert"), fix)


def _values_of_others(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        relation = table.relation
        if relation is None or not relation.is_table:
            continue
        for key in dict.fromkeys((relation.primary_key, *relation.unique_keys)):
            if not key or not all(map(relation.columns.__contains__, key)):
                continue
            columns = [relation.columns[name] for name in key]
            if any(column.type in _GUESSLESS or column.generated or column.has_default for column in columns):
                continue
            roles = [role for role in _free_writers(scene, table, key) if not scene.sees_all(role, table)]
            if roles:
                message = (
                    f"{words(roles)} can find out which {', '.join(key)} {table.name} has: a value that is taken fails "
                    f"with 23505, also in rows that they may not see"
                )
                yield Finding(str(table.name), message, table.grant_place(roles[0], "insert"))


FOREIGN_KEY: Final = Lint.of(
    "L015",
    Severity.WARNING,
    "A foreign key confirms invisible keys",
    why="""
        Foreign keys look past row security (PostgreSQL documentation, Row Security Policies: referential integrity
        checks "always bypass row security"). Somebody who may write the referencing column freely learns from success
        or 23503 whether a row exists that they may not see, and hangs their row on it.
    """,
    fix="""
        Ask in the writing policy's `check` whether the caller may see the row: `check: user_id = auth.uid() and
        resource_id in (select id from public.resources)`, where the table's own policies then hold.
    """,
    find=_keys_of_others,
    needs_database=True,
)

UNIQUE: Final = Lint.of(
    "L016",
    Severity.WARNING,
    "A unique constraint confirms invisible values",
    why="""
        Unique constraints look past row security (PostgreSQL documentation, Row Security Policies). Whoever may
        insert a value that can be guessed, such as an address or a number, learns from 23505 that somebody else has it.
        Keys with a uuid, with a default, or with a column that a policy holds to the caller are not reported.
    """,
    fix="""
        Make the constraint span the owner's column (`unique (user_id, name)`), or let a function insert that answers
        the same either way. Accept it where the value must be unique among all and is no secret.
    """,
    find=_values_of_others,
    needs_database=True,
)

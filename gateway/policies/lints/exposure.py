"""Lints about relations that are open, whatever their policies say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, Table, grouped, words
from gateway.policies.model import VERBS
from gateway.policies.problems import Severity

_PAST_ROWS: Final = ("truncate", "references", "trigger", "maintain")
_COPIES: Final = {"m": "materialized view", "f": "foreign table"}


def _holders(scene: Scene, table: Table) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The roles of requests that may do something with a table, and what."""
    return grouped(
        {
            role: tuple(verb for verb in VERBS if scene.may(table, role, verb))
            for role in scene.roles
            if scene.may_enter(role, table.name.schema)
        }
    )


def _without_row_security(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        if table.is_table and not table.row_security and not _protected_parent(scene, table):
            for roles, verbs in _holders(scene, table):
                message = f"{words(roles)} may {words(verbs)} every row of {table.name}: it has no row security"
                yield Finding(str(table.name), message, table.grant_place(roles[0], verbs[0]))


def _protected_parent(scene: Scene, table: Table) -> Table | None:
    """The nearest ancestor with row security, which the table's rows belong to."""
    parent = table
    while parent.relation is not None and parent.relation.parent is not None:
        above = scene.tables.get(parent.relation.parent)
        if above is None or above is table:
            return None
        parent = above
        if parent.row_security:
            return parent
    return None


def _partitions(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        parent = _protected_parent(scene, table)
        if parent is None or table.row_security:
            continue
        for roles, verbs in _holders(scene, table):
            what = f"may {words(verbs)} in {table.name} itself, past the policies of {parent.name}"
            fix = f"Take the grants of {table.name} away; {parent.name} reaches its rows, under its own policies."
            place = table.grant_place(roles[0], verbs[0])
            yield Finding(str(table.name), f"{words(roles)} {what}", place, fix)


def _copies(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        if table.kind in _COPIES:
            for roles, verbs in _holders(scene, table):
                what = f"may {words(verbs)} all of {table.name}: a {_COPIES[table.kind]} has no row security"
                yield Finding(str(table.name), f"{words(roles)} {what}", table.grant_place(roles[0], verbs[0]))


def _past_rows(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        if not table.is_table:
            continue
        held = {role: tuple(each for each in _PAST_ROWS if scene.may(table, role, each)) for role in scene.roles}
        for roles, privileges in grouped(held):
            verb = "holds" if len(roles) == 1 else "hold"
            what = f"{verb} {words(map(str.upper, privileges))} on {table.name}, which row security does not rule"
            yield Finding(str(table.name), f"{words(roles)} {what}", table.grant_place(roles[0], privileges[0]))


EXPOSED_TABLE: Final = Lint.of(
    "L001",
    Severity.ERROR,
    "A table is exposed without row security",
    why="""
        Without row security a grant opens every row, also those that are written later. This is the
        best-known failure of applications that talk to a database from the browser: CVE-2025-48757 was 170 of
        1,645 scanned projects, readable with the public key.
    """,
    fix="""
        Say `row_security: true` and who may reach which rows under `rows:`; or take the grants away.
    """,
    find=_without_row_security,
)

PARTITION: Final = Lint.of(
    "L013",
    Severity.ERROR,
    "A partition or inheritance child is granted by itself",
    why="""
        PostgreSQL applies the policies of the table that a request names. Whoever may name a partition or a
        child reaches its rows without being asked what the parent's policies ask.
    """,
    fix="""
        Revoke the grants on the partition: `revoke all on schema.partition from anon, authenticated;`. Rows
        are reached through the parent.
    """,
    find=_partitions,
    needs_database=True,
)

COPY: Final = Lint.of(
    "L006",
    Severity.WARNING,
    "A materialized view or a foreign table is exposed",
    why="""
        Neither can have row security. A materialized view keeps the rows that its owner saw when it was
        refreshed; a foreign table asks another server as whoever its user mapping says. Everybody with a
        grant sees all of it.
    """,
    fix="""
        Grant nothing on it, and offer a function or a view with `security_invoker = true` that filters; or
        accept it if all of it is meant for everybody.
    """,
    find=_copies,
    needs_database=True,
)

PAST_ROWS: Final = Lint.of(
    "L022",
    Severity.WARNING,
    "A privilege that row security does not rule",
    why="""
        TRUNCATE empties a table whatever its policies say, REFERENCES lets keys of other people's rows be
        tried, and with TRIGGER one's own code runs whenever somebody else writes (PostgreSQL documentation,
        Row Security Policies: "Operations that apply to the whole table, such as TRUNCATE and REFERENCES,
        are not subject to row security"). The REST API has no use for any of them, but a function may.
    """,
    fix="""
        Leave `truncate`, `references`, `trigger` and `maintain` out of `grants:`.
    """,
    find=_past_rows,
)

"""Lint about views that read as their owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, Table, words
from gateway.policies.problems import Severity


def read_as_owner(scene: Scene, view: Table) -> Iterator[tuple[Table, str]]:
    """The tables that a view reads as somebody else than its reader, and as whom. A view inside a view asks as its own
    owner, or with security_invoker as the reader."""
    seen: set[int] = set()
    waiting = [view]
    while waiting:
        current = waiting.pop().relation
        if current is None or current.oid in seen:
            continue
        seen.add(current.oid)
        below = [scene.by_oid[oid] for oid in sorted(current.view_oids) if oid in scene.by_oid]
        waiting += [table for table in below if table.kind == "v"]
        if not current.security_invoker:
            yield from ((table, current.owner) for table in below if table.is_table)


def opened(scene: Scene, role: str, table: Table, owner: str, *, writes: bool = False) -> bool:
    """Whether what runs as `owner` gives a role rows that it could not read itself, or may write past its policies."""
    if table.row_security:
        closed = not scene.passes(role, table) and (writes or not scene.sees_all(role, table))
        return closed and scene.passes(owner, table)
    return table.name.schema in scene.exposed and not scene.may(table, role, "select")


def _owner_views(scene: Scene) -> Iterator[Finding]:
    for view in scene.served:
        if view.kind != "v":
            continue
        for role in scene.roles:
            if not (scene.may(view, role, "select") and scene.may_enter(role, view.name.schema)):
                continue
            tables = {
                str(table.name) for table, owner in read_as_owner(scene, view) if opened(scene, role, table, owner)
            }
            if tables:
                message = f"{view.name} shows {role} rows of {words(sorted(tables))} as its owner sees them"
                fix = f"alter view {view.name} set (security_invoker = true);"
                yield Finding(str(view.name), message, view.grant_place(role, "select"), fix)


OWNER_VIEW: Final = Lint.of(
    "L005",
    Severity.ERROR,
    "A view passes row security",
    why="""
        A view reads its tables as its owner unless it has `security_invoker`, and row security lets owners of
        tables, superusers and roles with BYPASSRLS through. So whoever may read the view sees every row that
        it selects (PostgreSQL documentation, CREATE VIEW: Notes). Views made in a hosted console belong to
        such a role.
    """,
    fix="""
        `alter view schema.name set (security_invoker = true);`, and grant the tables behind it as far as the
        view needs.
    """,
    find=_owner_views,
    needs_database=True,
)

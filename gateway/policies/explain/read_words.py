"""What reads come to, as lines of text like those of an explanation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.policies.explain.reads import Calling, Count, Reading
from gateway.policies.explain.words import INDENT, NO, OPEN, YES, privilege_line


def reading_lines(reading: Reading) -> Iterator[str]:
    """One relation: its name, grant, policies with their SQL, and rows; for views, what is behind."""
    how = f" — {reading.touched.how}" if reading.touched.how else ""
    yield f"{reading.relation.name}{how}"
    for line in _body(reading):
        yield f"{INDENT}{line}"


def calling_lines(callings: Iterable[Calling]) -> Iterator[str]:
    """Functions that are called."""
    for calling in callings:
        rights = f"with the rights of {calling.runs_as}" if calling.runs_as else "with the rights of the caller"
        yield f"{YES if calling.held else NO} execute: {calling.signature}, which runs {rights}"


def reading_document(reading: Reading) -> dict[str, Any]:
    """The same as JSON values."""
    privilege = reading.privilege
    return {
        "relation": str(reading.relation.name),
        "how": reading.touched.how,
        "role": reading.role,
        "columns": sorted(reading.touched.columns) if reading.touched.columns is not None else None,
        "granted": privilege.held if privilege is not None else None,
        "missing": list(privilege.missing) if privilege is not None else None,
        "unfiltered": reading.unfiltered or None,
        "policies": [
            {
                "name": policy.name,
                "permissive": policy.permissive,
                "roles": list(policy.roles),
                "using": policy.using,
                "place": str(place) if place is not None else None,
            }
            for policy, place in reading.policies
        ],
        "visible": reading.visible.rows if reading.visible is not None else None,
        "total": reading.total.rows if reading.total is not None else None,
        "behind": [reading_document(behind) for behind in reading.behind],
    }


def _body(reading: Reading) -> Iterator[str]:
    if reading.standing is None or reading.privilege is None:
        yield f"{OPEN} read as {reading.role}, which the connected role may not become"
        return
    yield privilege_line(reading.privilege, reading.standing, reading.relation.name.schema)
    if not reading.privilege.held and not reading.relation.is_table:
        return
    yield from _row_security(reading)
    yield from _rows(reading)
    for behind in reading.behind:
        yield from reading_lines(behind)


def _row_security(reading: Reading) -> Iterator[str]:
    relation = reading.relation
    if relation.kind == "v":
        whose = "its reader" if relation.security_invoker else f"its owner {relation.owner}"
        yield f"· a view: the tables behind it are read with the rights of {whose}"
    elif relation.kind == "m":
        yield f"· a materialized view: it holds what its owner {relation.owner} saw when it was refreshed"
    elif reading.unfiltered:
        yield f"{YES} no row security: {reading.unfiltered}"
    elif not any(policy.permissive for policy, _ in reading.policies):
        yield f"{NO} row security is on and no permissive policy for select is for {reading.role}: no rows"
    for policy, place in sorted(reading.policies, key=lambda each: (not each[0].permissive, each[0].name)):
        kind = "" if policy.permissive else "restrictive "
        where = f" ({place.file}:{place.line})" if place is not None else ""
        using = f"using ({' '.join(policy.using.split())})" if policy.using is not None else "has no condition"
        yield f"· {kind}{policy.name}{where}: {using}"


def _rows(reading: Reading) -> Iterator[str]:
    if reading.visible is None and reading.total is None:
        return
    yield f"rows: {_count(reading.visible)} visible of {_count(reading.total)}"


def _count(count: Count | None) -> str:
    if count is None:
        return "none"
    return str(count.rows) if count.rows is not None else f"({count.reason})"

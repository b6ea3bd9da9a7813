"""What decides, beside code, which rows a role reads: rows of the `sql/rules_*.sql` queries, whose columns these fields
are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.catalog.model import Name
from gateway.catalog.rows import RelationRow

PUBLIC = 0
"""As the OID of a policy's role: everybody."""

_READS = frozenset({"r", "*"})


@dataclass(frozen=True, slots=True)
class PolicyCode:
    """`roles` are OIDs; `command` is r, a, w, d or * as in `pg_policy.polcmd`; `using` and `check` are trees."""

    relation: int
    name: str
    command: str
    permissive: bool
    roles: Sequence[int]
    using: str | None
    check: str | None

    @property
    def reads(self) -> bool:
        """Whether it has a say in what SELECT sees."""
        return self.command in _READS and self.using is not None


@dataclass(frozen=True, slots=True)
class RoleCode:
    """`holds` are the roles whose privileges it has, itself too, among all that policies name or that own something."""

    oid: int
    name: str
    superuser: bool
    bypasses: bool
    holds: Sequence[int]


Role = RoleCode | None
"""Whose rights are asked. None is any role at all: every policy may hold, and nothing is exempt."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`stable` names PostgreSQL's own STABLE functions, `system` its own relations, by OID."""

    policies: Sequence[PolicyCode]
    roles: Sequence[RoleCode]
    stable: Mapping[int, str]
    system: Mapping[int, Name]


def holds(policy: PolicyCode, role: Role) -> bool:
    """Whether PostgreSQL applies the policy to what `role` does."""
    return role is None or PUBLIC in policy.roles or not set(role.holds).isdisjoint(policy.roles)


def exempt(relation: RelationRow, role: Role) -> bool:
    """Whether PostgreSQL leaves row security aside when `role` reads the table (`check_enable_rls`)."""
    if not relation.row_security:
        return True
    if role is None:
        return False
    return role.superuser or role.bypasses or (relation.owner in role.holds and not relation.forced)

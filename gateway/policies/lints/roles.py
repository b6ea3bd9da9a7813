"""Lint about roles of requests that row security does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.database import quote_identifier
from gateway.policies.database.state import RoleState, State
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, words
from gateway.policies.problems import Severity

_LOGIN: Final = "authenticator"


def _unheld(scene: Scene) -> Iterator[Finding]:
    state = scene.state
    if state is None:
        return
    for name in scene.roles:
        role = state.roles.get(name)
        if role is None:
            continue
        if _passes(role):
            kind, fix = ("a superuser", "nosuperuser") if role.superuser else ("past row security", "nobypassrls")
            yield Finding(name, f"{name} is {kind}", fix=f"alter role {quote_identifier(name)} {fix};")
        yield from _memberships(state, name)
        yield from _owned(scene, name)
    yield from _heir(state)


def _passes(role: RoleState) -> bool:
    return role.superuser or role.bypasses_row_security


def _memberships(state: State, name: str) -> Iterator[Finding]:
    for role in state.roles.values():
        if _passes(role) and name in role.members | role.heirs:
            message = f"{name} may become {role.name}, which passes row security"
            yield Finding(name, message, fix=f"revoke {quote_identifier(role.name)} from {quote_identifier(name)};")


def _owned(scene: Scene, name: str) -> Iterator[Finding]:
    identities = scene.identities(name)
    owned = [
        table
        for table in scene.tables.values()
        if table.relation is not None and table.relation.is_table and table.relation.owner in identities
    ]
    unforced = sorted(str(table.name) for table in owned if table.relation is not None and not table.relation.forced)
    if unforced:
        message = f"{name} has the rights of the owner of {words(unforced)}, whom no policy holds"
        yield Finding(name, message, fix=f"alter table {unforced[0]} owner to a role that no request comes as;")


def _heir(state: State) -> Iterator[Finding]:
    """The login role becomes others by saying so; what it inherits, it has before it says anything."""
    for role in state.roles.values():
        if _passes(role) and _LOGIN in role.heirs:
            message = f"the login role {_LOGIN} inherits {role.name}, and so holds its rights before it becomes anybody"
            fix = f"alter role {_LOGIN} noinherit; revoke {quote_identifier(role.name)} from {_LOGIN}; "
            fix += f"grant {quote_identifier(role.name)} to {_LOGIN};"
            yield Finding(_LOGIN, message, fix=fix)


UNHELD: Final = Lint.of(
    "L019",
    Severity.ERROR,
    "Requests come as a role that row security does not hold",
    why="""
        Superusers, roles with BYPASSRLS and the owners of tables (unless the table forces it) see and change every row,
        whatever the policies say (PostgreSQL documentation, Row Security Policies). A membership is a way there:
        with SET ROLE, or without it where the member inherits. `service_role` is meant for servers only.
    """,
    fix="""
        `revoke service_role from anon, authenticated;`, `alter role authenticated nobypassrls;`, and let tables belong
        to a role that no request comes as.
    """,
    find=_unheld,
    needs_database=True,
)

"""Lints about policies and grants that do not meet, or meet twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Policy, Scene, Table, grouped, words
from gateway.policies.model import PUBLIC, VERBS
from gateway.policies.problems import Severity


def _several(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        groups: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for role in scene.roles:
            for verb in VERBS:
                found = [each for each in scene.applicable(table, verb, role) if each.permissive]
                if len(found) > 1:
                    groups[tuple(each.name for each in found)][verb].append(role)
        for names, verbs in groups.items():
            roles = words(role for role in scene.roles if any(role in able for able in verbs.values()))
            second = next(policy for policy in table.policies if policy.name == names[1])
            message = (
                f"policies {words(names)} on {table.name} all decide what {roles} may {words(verbs)}: one is enough"
            )
            yield Finding(str(table.name), message, second.place)


def _dead(scene: Scene) -> Iterator[Finding]:
    for policy in scene.policies:
        table, roles = scene.tables[policy.table], _asked(scene, policy)
        if roles and not any(scene.may(table, role, verb) for role in roles for verb in policy.verbs):
            message = f"{policy} never applies: {words(policy.roles)} may not {words(policy.verbs, 'or')} there at all"
            fix = f"Grant it (`grants: {{ {roles[0]}: {{ {policy.verbs[0]}: all }} }}`), or leave the policy out."
            yield Finding(str(policy.table), message, policy.place, fix)


def _asked(scene: Scene, policy: Policy) -> list[str]:
    """The roles that a policy is for and that row security holds; none if the grants of one are not known."""
    if scene.state is None:
        roles = [role for role in policy.roles if role != PUBLIC] or list(scene.roles)
        return roles if set(roles) <= set(scene.roles) else []
    named = [role for role in policy.roles if role != PUBLIC] or [*scene.roles, *scene.state.roles]
    table = scene.tables[policy.table]
    return [role for role in dict.fromkeys(named) if not (scene.passes(role, table) and table.row_security)]


def _closed(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        # Without a database, what has no policies may as well be a view.
        if not (table.is_table and table.row_security) or not (table.relation or table.policies):
            continue
        held = {role: tuple(_without_rows(scene, table, role)) for role in scene.roles}
        for roles, verbs in grouped(held):
            message = f"{words(roles)} may {words(verbs)} on {table.name}, but no policy lets any row through"
            yield Finding(str(table.name), message, table.grant_place(roles[0], verbs[0]))


def _without_rows(scene: Scene, table: Table, role: str) -> Iterator[str]:
    for verb in VERBS if not scene.passes(role, table) else ():
        is_open = any(policy.permissive for policy in scene.applicable(table, verb, role))
        if scene.may(table, role, verb) and not is_open:
            yield verb


def _for_everybody(scene: Scene) -> Iterator[Finding]:
    for policy in scene.policies:
        if policy.permissive and PUBLIC in policy.roles:
            message = f"{policy} is for every role of the database, also those that are made later"
            yield Finding(str(policy.table), message, policy.place)


SEVERAL: Final = Lint.of(
    "L021",
    Severity.WARNING,
    "Several permissive policies decide about one verb",
    why="""
        Permissive policies are joined by OR: a row passes if any of them lets it, so each new one opens more and none
        narrows another. PostgreSQL evaluates all of them. The usual cause is a policy `for: all` beside one
        `for: select`.
    """,
    fix="Write one policy with `or`, or say `restrictive: true` if it was meant to narrow.",
    find=_several,
)

DEAD: Final = Lint.of(
    "L023",
    Severity.WARNING,
    "A policy never applies",
    why="""
        A policy only chooses among rows that a grant opens. Without the grant it protects and allows nothing, and
        whoever reads the file believes that it does; a grant that comes later makes it live unlooked at.
    """,
    fix="Grant the verb to the role under `grants:`, or leave the policy out.",
    find=_dead,
)

CLOSED: Final = Lint.of(
    "L024",
    Severity.WARNING,
    "A grant without a policy reaches no row",
    why="""
        With row security and no policy for the role and verb, reading answers with no rows and writing fails. Nothing
        is open, but a policy may have been forgotten; and the next policy `to: [public]` is in force at once.
    """,
    fix="""
        Add a policy for the role and verb under `rows:`, or take the grant away. Accept it where an empty answer is
        wanted instead of a refusal.
    """,
    find=_closed,
)

FOR_EVERYBODY: Final = Lint.of(
    "L029",
    Severity.WARNING,
    "A policy is for every role",
    why="""
        `to: [public]`, which is also what CREATE POLICY takes when it says nothing, includes anon, roles of reports and
        jobs, and every role that is made later. PostgreSQL asks the policy for all of them, so its condition has to
        keep visitors out by itself, and costs time even for those whom it can never let through. Restrictive policies
        are meant for everybody.
    """,
    fix="Name the roles: `to: [authenticated]`.",
    find=_for_everybody,
)

"""Lints about policies that let too much be written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.policies.lints.leaf import Leaf, Openness, Side
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Policy, Rule, Scene, Table, words
from gateway.policies.problems import Severity

_WRITES: Final = ("insert", "update", "delete")
_HOLDING: Final = ("=", "in", "is", "is not distinct from")
_OWNING: Final = ("=", "in")


class Write(NamedTuple):
    """A rule that decides about a write of a role: about the row as it is, or (`new`) as it will be."""

    policy: Policy
    role: str
    verb: str
    rule: Rule
    new: bool


def writes(scene: Scene, table: Table) -> Iterator[Write]:
    """Everything that decides about what roles of requests may write."""
    if not (table.is_table and table.row_security):
        return
    for role in scene.roles:
        for verb in _WRITES:
            if not scene.may(table, role, verb) or scene.passes(role, table):
                continue
            for policy in scene.applicable(table, verb, role):
                old, new = policy.old_row(verb), policy.new_row(verb)
                if old is not None:
                    yield Write(policy, role, verb, old, new=False)
                if new is not None:
                    yield Write(policy, role, verb, new, new=True)


def holds(leaf: Leaf, column: str) -> bool:
    """Whether a leaf says what a column must be, or asks something of the caller that not everybody fulfils."""
    if leaf.is_guard:
        return True
    comparison = leaf.comparison
    if comparison is not None and comparison.column == column:
        return comparison.operator in _HOLDING and not leaf.negated
    return column in leaf.columns


def _open(scene: Scene, openness: Openness) -> Iterator[Finding]:
    """Permissive rules that are exactly that open, unless a restrictive policy narrows them."""
    for table in scene.served:
        found = list(writes(scene, table))
        narrowed = {
            (each.role, each.verb, each.new)
            for each in found
            if not each.policy.permissive and each.rule.condition.openness < openness
        }
        said: dict[tuple[str, str], list[Write]] = defaultdict(list)
        for each in found:
            is_open = each.policy.permissive and each.rule.condition.openness is openness
            if is_open and (each.role, each.verb, each.new) not in narrowed:
                said[each.policy.name, each.rule.condition.reading.text].append(each)
        for group in said.values():
            yield _opened(scene, group)


def _opened(scene: Scene, group: list[Write]) -> Finding:
    policy, rule = group[0].policy, group[0].rule
    old = list(dict.fromkeys(each.verb for each in group if not each.new or each.verb == "insert"))
    what = [f"{words(old)} any row"] if old else []
    if any(each.new and each.verb == "update" for each in group) and "update" not in old:
        what.append("turn the rows that they update into anything")
    who = words(role for role in scene.roles if any(each.role == role for each in group))
    message = f"{policy} lets {who} {words(what)}: `{rule.text}` says nothing about the row"
    return Finding(str(policy.table), message, policy.spot(rule))


def _always(scene: Scene) -> Iterator[Finding]:
    return _open(scene, Openness.ALWAYS)


def _signed_in(scene: Scene) -> Iterator[Finding]:
    return _open(scene, Openness.SIGNED_IN)


def _owning(rule: Rule) -> Iterator[tuple[str, str]]:
    """Columns that a rule compares with who the caller is, and the text of the comparison."""
    for leaf in rule.condition.leaves:
        comparison = leaf.comparison
        if comparison is None or leaf.negated or comparison.operator not in _OWNING:
            continue
        if comparison.other is Side.CALLER:
            yield comparison.column, leaf.text


def _given_away(scene: Scene) -> Iterator[Finding]:
    for table in scene.served:
        found = [each for each in writes(scene, table) if each.rule.condition.openness <= Openness.DEPENDS]
        for verb, other in (("update", "insert"), ("insert", "update")):
            yield from _not_held(scene, table, found, verb, other)


def _not_held(scene: Scene, table: Table, found: list[Write], verb: str, other: str) -> Iterator[Finding]:
    """Where a row written by `verb` may belong to anybody, though it must be one's own for `other`."""
    said: dict[tuple[str, str], tuple[Write, str, list[str]]] = {}
    for role in scene.roles:
        mine = [each for each in found if each.role == role]
        decisive = (other, verb) if verb == "update" else (other,)
        owners = dict(own for kind in decisive for each in mine if _decides(each, kind) for own in _owning(each.rule))
        rules = [each for each in mine if each.verb == verb and each.new]
        for column, owning in sorted(owners.items()):
            if not scene.may(table, role, verb, column) or _is_held(column, rules):
                continue
            for each in rules:
                if each.policy.permissive and not _says(each.rule, column):
                    said.setdefault((each.policy.name, column), (each, owning, []))[2].append(role)
    for (_, column), (each, owning, roles) in said.items():
        yield _loose(each, column, owning, roles)


def _decides(write: Write, verb: str) -> bool:
    """Whether the rule says who owns a row: what is inserted, or what there is to update."""
    return write.verb == verb and write.policy.permissive and write.new == (verb == "insert")


def _is_held(column: str, rules: list[Write]) -> bool:
    """Whether a restrictive policy holds the column, whatever permissive ones say."""
    return any(not each.policy.permissive and _says(each.rule, column) for each in rules)


def _says(rule: Rule, column: str) -> bool:
    return rule.condition.everywhere(lambda leaf: holds(leaf, column))


def _loose(write: Write, column: str, owning: str, roles: list[str]) -> Finding:
    policy, verb = write.policy, write.verb
    what = "give a row to somebody else, or take it" if verb == "update" else "insert rows in the name of others"
    message = f"{policy} lets {words(roles)} {what}: it does not hold {column} in every case"
    fix = (
        f"Let its `check` say `and {owning}`, or leave {column} out of `grants: {{ {roles[0]}: {{ {verb}: [...] }} }}`."
    )
    return Finding(str(policy.table), message, policy.spot(write.rule), fix)


ALWAYS: Final = Lint.of(
    "L002",
    Severity.ERROR,
    "A policy lets every row be written",
    why="""
        A write policy that is `true`, or true for every row in another way (`1 = 1`, `id is not null`), lets
        everybody of its roles change or delete what belongs to others; as `check` it lets rows be made into
        anything. Anonymous visitors have the role anon, and anybody can sign up for authenticated.
    """,
    fix="""
        Compare a column with the caller: `using: user_id = auth.uid()`. If everybody may insert (a contact
        form), accept it with the reason.
    """,
    find=_always,
)

SIGNED_IN: Final = Lint.of(
    "L003",
    Severity.WARNING,
    "A write policy asks only whether somebody signed in",
    why="""
        `auth.uid() is not null` and `auth.role() = 'authenticated'` hold for every account, for every row.
        Where sign-up is open, that is everybody. The role is better named under `to:`, where PostgreSQL
        checks it without a claim.
    """,
    fix="""
        Say `to: [authenticated]`, and compare a column with the caller: `using: user_id = auth.uid()`.
    """,
    find=_signed_in,
)

GIVEN_AWAY: Final = Lint.of(
    "L004",
    Severity.WARNING,
    "A written row need not belong to the writer",
    why="""
        `using` says which rows may be changed, `check` what they may be changed into; without a `check`
        PostgreSQL takes `using` for both (documentation: CREATE POLICY). Where one of several ways through
        the condition does not look at the owner's column, somebody who may edit a row may give it away or
        take it over. The same holds for an insert that does not look at it: rows appear in the name of
        others.
    """,
    fix="""
        Say in `check` that the owner's column must be the caller, or do not grant the column for that verb,
        or keep it with a trigger and accept the finding.
    """,
    find=_given_away,
)

"""The entries of `rows` in a table's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, cast

from gateway.policies.files.codes import Code
from gateway.policies.files.schema.keys import ROW_POLICY
from gateway.policies.files.values.expressions import read_expression
from gateway.policies.files.values.names import NotAName, check_name
from gateway.policies.files.values.nodes import Fields, Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node, Scalar
from gateway.policies.model import VERBS, Expression, RowPolicy, Verb

ALL: Final = "all"

Expand = Callable[[Expression | None], Expression | None]
"""Puts the predicates that hold in a file into an expression of it."""


def read_row_policies(reading: Reading, node: Node | None, expand: Expand) -> tuple[RowPolicy, ...]:
    """The row policies of a table. The names of what they compile to are checked, too."""
    found: list[RowPolicy] = []
    taken: dict[str, RowPolicy] = {}
    for item in reading.items(node, "`rows`"):
        fields = reading.fields(item, ROW_POLICY)
        policy = _row_policy(reading, fields, expand) if fields else None
        if policy is None or fields is None:
            continue
        found.append(policy)
        _check_names(reading, fields.start_of("name"), policy, taken)
    return tuple(found)


def compiled_names(policy: RowPolicy) -> tuple[str, ...]:
    """The names of its PostgreSQL policies."""
    if len(policy.verbs) in (1, len(VERBS)):
        return (policy.name,)
    return tuple(f"{policy.name}_{verb}" for verb in policy.verbs)


def _row_policy(reading: Reading, fields: Fields, expand: Expand) -> RowPolicy | None:
    name = reading.name(fields.node("name"), "the name of a row policy")
    to, verbs = fields.node("to"), _verbs(reading, fields.node("for"))
    roles = reading.each(to, "`to`", reading.role) if to else None
    restrictive = reading.boolean(fields.node("restrictive"), "`restrictive`") if "restrictive" in fields else False
    using = expand(read_expression(reading, fields.node("using"), "`using`"))
    check = expand(read_expression(reading, fields.node("check"), "`check`"))
    if verbs:
        _check_clauses(reading, fields, verbs)
    if name is None or not roles or not verbs:
        return None
    return RowPolicy(name, roles, verbs, bool(restrictive), using, check, reading.place(fields.start))


def _verbs(reading: Reading, node: Node | None) -> tuple[Verb, ...]:
    if node is None:
        return ()
    if isinstance(node, Scalar) and node.value == ALL:
        return VERBS
    found = reading.each(node, "`for`", lambda item, what: reading.choice(item, what, VERBS)) or ()
    return tuple(verb for verb in VERBS if verb in cast("Iterable[Verb]", found))


def _check_clauses(reading: Reading, fields: Fields, verbs: tuple[Verb, ...]) -> None:
    """PostgreSQL has no such clauses."""
    if "using" in fields and verbs == ("insert",):
        message = "a policy for insert alone has no `using`: there is no row before"
        reading.refuse(Code.WRONG_CLAUSE, fields.start_of("using"), message, "name it `check`")
    if "check" in fields and not {"insert", "update"}.intersection(verbs):
        message = f"a policy for {' and '.join(verbs)} has no `check`: no row results"
        reading.refuse(Code.WRONG_CLAUSE, fields.start_of("check"), message, "name it `using`")


def _check_names(reading: Reading, start: int, policy: RowPolicy, taken: dict[str, RowPolicy]) -> None:
    for name in compiled_names(policy):
        other = taken.setdefault(name, policy)
        if other is not policy:
            message = f"the policy {shown(name)} is defined in {other.place} already"
            if name != policy.name:
                message = f"{shown(policy.name)} becomes one policy for each verb, {shown(name)} is in {other.place}"
            reading.refuse(Code.DEFINED_TWICE, start, message, "rename one of them")
        elif name != policy.name:
            try:
                check_name(name)
            except NotAName as refused:
                message = f"{shown(policy.name)} becomes one policy for each verb, and {shown(name)} is no name"
                reading.refuse(Code.NOT_A_NAME, start, message, str(refused))

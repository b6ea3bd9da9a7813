"""Whatever files rule changes the digest; nothing else does."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from types import MappingProxyType
from typing import Any

import pytest

from gateway.policies.database import (
    ColumnState,
    FunctionState,
    PolicyState,
    RelationState,
    RoleState,
    SequenceState,
    State,
    state_digest,
)
from gateway.policies.model import QualifiedName

NOTES, TAGS = QualifiedName("public", "notes"), QualifiedName("public", "tags")
POLICY = PolicyState("own", "select", True, ("anon", "member"), "(id = 1)", None)
SEQUENCE = SequenceState(QualifiedName("public", "notes_id_seq"), "id", frozenset({"member", "stranger"}))
RELATION = RelationState(
    oid=1,
    name=NOTES,
    kind="r",
    owner="owner",
    row_security=True,
    forced=False,
    columns={"id": ColumnState("id", "integer", False, True, False)},
    grants={("anon", "select"): frozenset({"id", "title"}), ("stranger", "delete"): None, ("public", "insert"): None},
    policies=(POLICY, PolicyState("all", "all", False, ("public",), None, "true")),
    sequences=(SEQUENCE,),
    triggers=("passerelle_changes_v1",),
)
FUNCTION = FunctionState(
    oid=7,
    name=QualifiedName("public", "f"),
    signature="public.f(integer)",
    kind="f",
    language="sql",
    volatility="s",
    security_definer=False,
    search_path=None,
    returns_set=False,
    returns="integer",
    is_trigger=False,
    owner="owner",
    executors=frozenset({"anon", "stranger"}),
)
ROLES = ("anon", "member")


def state(relation: RelationState = RELATION, function: FunctionState = FUNCTION, **others: Any) -> State:
    tags = dataclasses.replace(RELATION, oid=2, name=TAGS)
    values: dict[str, Any] = {
        "server_version": 180000,
        "me": "owner",
        "relations": MappingProxyType({NOTES: relation, TAGS: tags}),
        "functions": MappingProxyType({7: function}),
        "roles": {},
        "resolved": {},
    }
    return State(**{**values, **others})


def digest(state: State) -> str:
    return state_digest(state, [NOTES], [7], ROLES)


def relation(**changes: Any) -> State:
    return state(dataclasses.replace(RELATION, **changes))


def policy(**changes: Any) -> State:
    return relation(policies=(dataclasses.replace(POLICY, **changes), *RELATION.policies[1:]))


def grants(**changes: Any) -> State:
    return relation(grants={**RELATION.grants, **{tuple(key.split("_")): value for key, value in changes.items()}})


def function(**changes: Any) -> State:
    return state(function=dataclasses.replace(FUNCTION, **changes))


RULED = {
    "row security": relation(row_security=False),
    "forced row security": relation(forced=True),
    "a policy's name": policy(name="other"),
    "its verb": policy(verb="delete"),
    "its kind": policy(permissive=False),
    "its roles": policy(roles=("anon",)),
    "what it shows": policy(using="(id = 2)"),
    "that it shows": policy(using=None),
    "what it lets in": policy(check="(id = 1)"),
    "using as check": policy(using=None, check="(id = 1)"),
    "one policy less": relation(policies=(POLICY,)),
    "fewer columns": grants(anon_select=frozenset({"id"})),
    "no columns": grants(anon_select=frozenset()),
    "a whole table": grants(anon_select=None),
    "another privilege": grants(member_select=None),
    "a privilege of everybody": grants(public_delete=None),
    "everybody's columns": grants(public_insert=frozenset({"id"})),
    "a trigger": relation(triggers=()),
    "a sequence": relation(sequences=()),
    "its users": relation(sequences=(dataclasses.replace(SEQUENCE, users=frozenset({"anon"})),)),
    "its column": relation(sequences=(dataclasses.replace(SEQUENCE, column="other"),)),
    "who executes": function(executors=frozenset({"member"})),
    "everybody executes": function(executors=FUNCTION.executors | {"public"}),
    "another function": function(signature="public.f(text)"),
    "a table less": state(relations={}),
    "a function less": state(functions={}),
}
NOT_RULED = {
    "oids": relation(oid=99, view_oids=frozenset({3})),
    "grants of other roles": grants(stranger_select=None),
    "order of policies": relation(policies=tuple(reversed(RELATION.policies))),
    "order of grants": relation(grants=dict(reversed(RELATION.grants.items()))),
    "columns, owner, size": relation(columns={}, owner="other", rows=12.0, indexes=(("id",),)),
    "other users of a sequence": relation(
        sequences=(dataclasses.replace(SEQUENCE, users=frozenset({"member", "other"})),)
    ),
    "another relation": state(
        relations={NOTES: RELATION, TAGS: dataclasses.replace(RELATION, name=TAGS, row_security=False)}
    ),
    "another function": state(functions={7: FUNCTION, 8: dataclasses.replace(FUNCTION, oid=8)}),
    "other executors": function(executors=frozenset({"anon"})),
    "a function's body": function(source="select 2", volatility="v"),
    "who is connected": state(me="other", server_version=150000),
    "roles": state(roles={"anon": RoleState("anon", False, False, False)}),
}


@pytest.mark.parametrize("name", RULED)
def test_what_files_rule(name: str) -> None:
    assert digest(RULED[name]) != digest(state())


def test_each_change_has_its_own_digest() -> None:
    assert len({digest(changed) for changed in RULED.values()}) == len(RULED)


@pytest.mark.parametrize("name", NOT_RULED)
def test_what_files_do_not_rule(name: str) -> None:
    assert digest(NOT_RULED[name]) == digest(state())


def test_the_order_of_what_is_asked_does_not_matter() -> None:
    one = state_digest(state(), [NOTES, TAGS, NOTES], [7, 8], ROLES)
    assert one == state_digest(state(), {TAGS, NOTES}, [8, 7, 7], reversed(ROLES))  # type: ignore[arg-type]
    assert one != state_digest(state(), [NOTES], [7, 8], ROLES)
    assert one != state_digest(state(), [NOTES, TAGS], [7], ROLES)


def test_another_process_finds_the_same() -> None:
    """Sets and dictionaries of names have another order there."""
    program = f"from {__name__} import digest, state; print(digest(state()))"
    for seed in ("1", "2", "3"):
        found = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        )
        assert found.stdout.strip() == digest(state())
    assert len(digest(state())) == 64

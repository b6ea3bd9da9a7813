"""What PostgreSQL asks of a statement before it touches a row: privileges, then policies. Pure.

The rules are those of CREATE POLICY's table "Policies Applied by Command Type", for commands that name their rows: an
update or delete with a WHERE reads columns, and so needs SELECT and asks the policies for it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from gateway.policies.database.state import PolicyState, RelationState
from gateway.policies.explain.model import Clause, Condition, Considered, Image, Privilege, Standing, Step
from gateway.policies.model import PUBLIC, Verb
from gateway.policies.problems import Place

Asked = tuple[Verb, Clause, Image]
"""The policies of which verb, by which clause, about which row."""

Conditions = Callable[[str, Image], Condition]
"""What became of an expression on a row."""

Places = Mapping[str, Place]
"""Where the files have each policy of a table, by name."""

_STEPS: Final[Mapping[Verb, tuple[Asked, ...]]] = {
    "select": (("select", "using", "existing"),),
    "insert": (("insert", "check", "new"),),
    "update": (
        ("select", "using", "existing"),
        ("update", "using", "existing"),
        ("update", "check", "new"),
        ("select", "using", "new"),
    ),
    "delete": (("select", "using", "existing"), ("delete", "using", "existing")),
}
_READING_BACK: Final[tuple[Asked, ...]] = (*_STEPS["insert"], ("select", "using", "new"))


def steps_of(verb: Verb, *, reading_back: bool = False) -> tuple[Asked, ...]:
    """What row security asks, in order: verb and clause of the policies, and the row. `reading_back` is for an insert
    that returns the new row."""
    return _READING_BACK if reading_back else _STEPS[verb]


def unfiltered(relation: RelationState, standing: Standing) -> str:
    """Why row security does not hold for the role, in words; empty if it does."""
    if standing.filtered:
        return ""
    if standing.superuser:
        return f"{standing.role} is a superuser, past row security"
    if not relation.row_security:
        return "row security is off for this table: whoever holds a grant reaches every row"
    if standing.bypasses_row_security:
        return f"{standing.role} has BYPASSRLS, past row security"
    owner = "owns the table" if standing.role == relation.owner else f"has the rights of the owner {relation.owner}"
    return f"{standing.role} {owner}, and row security is not forced"


def expression_of(policy: PolicyState, clause: Clause) -> str | None:
    """The expression that a policy has for a clause: without a check of its own, its USING checks new rows as well."""
    if clause == "check" and policy.check is not None:
        return policy.check
    return policy.using


def expressions(relation: RelationState, standing: Standing, steps: Collection[Asked]) -> Iterator[tuple[str, Image]]:
    """All expressions that are asked, with the row that each is asked about; the same one may come twice."""
    for verb, clause, image in steps:
        for policy in _for_verb(relation, verb):
            expression = expression_of(policy, clause)
            if expression is not None and is_meant(policy, standing):
                yield expression, image


def step(
    relation: RelationState,
    standing: Standing,
    asked: Asked,
    *,
    conditions: Conditions,
    places: Places,
) -> Step:
    """A step with what became of each condition. Permissive policies come first, then restrictive ones, by name."""
    verb, clause, image = asked
    considered: list[Considered] = []
    for policy in sorted(_for_verb(relation, verb), key=lambda policy: (not policy.permissive, policy.name)):
        place = places.get(policy.name)
        if not is_meant(policy, standing):
            considered.append(Considered(policy, place, f"for {', '.join(policy.roles)}"))
            continue
        expression = expression_of(policy, clause)
        condition = conditions(expression, image) if expression is not None else None
        considered.append(Considered(policy, place, "", condition))
    return Step(verb, clause, image, tuple(considered))


def is_meant(policy: PolicyState, standing: Standing) -> bool:
    """Whether a policy is for the role: for itself, for PUBLIC, or for a role whose privileges it has."""
    return PUBLIC in policy.roles or not standing.acts_as.isdisjoint(policy.roles)


def _for_verb(relation: RelationState, verb: Verb) -> list[PolicyState]:
    return [policy for policy in relation.policies if policy.verb in (verb, "all")]


def privileges(
    relation: RelationState, standing: Standing, verb: Verb, written: Collection[str], *, reading_back: bool = False
) -> tuple[Privilege, ...]:
    """What the role needs for a statement that names its rows and writes the columns `written`."""
    found: list[Privilege] = []
    if verb == "select" or reading_back:
        found.append(_on_columns(relation, standing, "select", ()))
    if verb in ("insert", "update"):
        found.append(_on_columns(relation, standing, verb, sorted(written)))
    if verb == "insert":
        for sequence in relation.sequences:
            if sequence.column not in written:
                held = sequence.column in standing.numbers
                found.append(Privilege("usage", None, held, sequence=sequence.name))
    if verb == "delete":
        held = standing.enters_schema and "delete" in standing.on_table
        found.append(Privilege("delete", None, held, (), _holders(relation, standing, "delete")))
    if verb in ("update", "delete"):
        found.append(_on_columns(relation, standing, "select", ()))
    return tuple(found)


def reading(relation: RelationState, standing: Standing, columns: Collection[str]) -> Privilege:
    """What the role needs to read `columns`, or just to count rows if there are none."""
    return _on_columns(relation, standing, "select", sorted(columns))


def _on_columns(relation: RelationState, standing: Standing, name: Verb, columns: Collection[str]) -> Privilege:
    held = standing.on_columns.get(name, ())
    missing = tuple(column for column in columns if column not in held)
    suffices = not missing if columns else bool(held) or name in standing.on_table
    holders = _holders(relation, standing, name)
    return Privilege(name, tuple(columns) or None, suffices and standing.enters_schema, missing, holders)


def _holders(relation: RelationState, standing: Standing, name: str) -> tuple[tuple[str, frozenset[str] | None], ...]:
    """The grants that a role profits from. Superusers, owners and predefined roles need none."""
    return tuple(
        (role, columns)
        for (role, privilege), columns in sorted(relation.grants.items(), key=lambda item: item[0])
        if privilege == name and (role == PUBLIC or role in standing.acts_as)
    )

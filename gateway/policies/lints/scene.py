"""What lints look at: tables, policies, grants and functions as they will be in force. Pure.

That is what the files ask for, and for all that they do not rule, what the database has. Without a database it is the
files alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.policies.database.state import Columns, FunctionState, RelationState, State
from gateway.policies.expressions.calls import Call
from gateway.policies.lints.bodies import Bodies
from gateway.policies.lints.condition import Condition
from gateway.policies.lints.leaf import Openness
from gateway.policies.model import (
    PUBLIC,
    VERBS,
    Expression,
    FunctionRules,
    PolicySet,
    QualifiedName,
    RowPolicy,
    TableRules,
)
from gateway.policies.problems import Place
from gateway.sqltext import NotUnderstood, Token, tokens

NO_COLUMNS: Columns = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A condition, and what the files say if it comes from there."""

    condition: Condition
    origin: Expression | None = None

    @property
    def text(self) -> str:
        return self.origin.source if self.origin is not None else self.condition.reading.text

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.condition.reading.calls

    def place(self, word: str = "") -> Place | None:
        """Where it stands in a file; where `word` stands in it, if that is a name or part of a literal there."""
        if self.origin is None:
            return None
        try:
            found = (token.start for token in tokens(self.origin.text) if _is(token, word))
            return self.origin.place(next(found, 0))
        except NotUnderstood:
            return self.origin.place()


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One PostgreSQL policy. `verb` is one of the four or `all`."""

    table: QualifiedName
    name: str
    verb: str
    permissive: bool
    roles: tuple[str, ...]
    using: Rule | None
    check: Rule | None
    origin: RowPolicy | None = None

    @property
    def place(self) -> Place | None:
        return self.origin.place if self.origin is not None else None

    def spot(self, rule: Rule, word: str = "") -> Place | None:
        """Where `word` of a rule stands, or the policy if that is in another file (a predicate that many use)."""
        place = rule.place(word)
        elsewhere = place is not None and self.place is not None and place.file != self.place.file
        return self.place if place is None or elsewhere else place

    @property
    def rules(self) -> Iterator[Rule]:
        """Both conditions, each once."""
        if self.using is not None:
            yield self.using
        if self.check is not None and (
            self.using is None or self.check.condition.reading.text != self.using.condition.reading.text
        ):
            yield self.check

    @property
    def verbs(self) -> tuple[str, ...]:
        return VERBS if self.verb == "all" else (self.verb,)

    def covers(self, verb: str) -> bool:
        return self.verb in (verb, "all")

    def old_row(self, verb: str) -> Rule | None:
        """What a row that is there must fulfil."""
        return self.using if verb != "insert" else None

    def new_row(self, verb: str) -> Rule | None:
        """What a row that is written must fulfil: without a check, PostgreSQL takes `using` for it."""
        return (self.check or self.using) if verb in ("insert", "update") else None

    def __str__(self) -> str:
        return f"policy {self.name} on {self.table}"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A relation. `grants` are those in force for all roles; `relation` is None without a database, `rules` if no file
    lists it."""

    name: QualifiedName
    row_security: bool
    policies: tuple[Policy, ...]
    grants: Mapping[tuple[str, str], Columns]
    rules: TableRules | None = None
    relation: RelationState | None = None

    @property
    def place(self) -> Place | None:
        return self.rules.place if self.rules is not None else None

    @property
    def kind(self) -> str:
        """`pg_class.relkind`; an ordinary table where nobody can tell."""
        return self.relation.kind if self.relation is not None else "r"

    @property
    def is_table(self) -> bool:
        return self.kind in ("r", "p")

    def grant_place(self, role: str, privilege: str) -> Place | None:
        """Where a file grants it, or else where the file names the table."""
        grants = self.rules.grants if self.rules is not None else ()
        found = (grant.place for grant in grants if grant.role in (role, PUBLIC) and grant.privilege == privilege)
        return next(found, self.place)


@dataclass(frozen=True, eq=False)
class Scene:
    """`roles` are those that requests come as; `executors` who may call each function, `function_rules` what files
    say of it, both by OID. `exposed` are schemas that the gateway serves."""

    policy_set: PolicySet
    tables: Mapping[QualifiedName, Table]
    roles: tuple[str, ...]
    exposed: frozenset[str]
    executors: Mapping[int, frozenset[str]]
    function_rules: Mapping[int, FunctionRules]
    state: State | None = None

    @cached_property
    def served(self) -> tuple[Table, ...]:
        """The tables that requests can reach: listed by files, or in an exposed schema and granted."""
        identities = frozenset({PUBLIC}).union(*map(self.identities, self.roles))

        def is_granted(table: Table) -> bool:
            is_extension = table.relation is not None and table.relation.extension is not None
            return not is_extension and any(role in identities for role, _ in table.grants)

        return tuple(
            table
            for table in self.tables.values()
            if table.rules is not None or (table.name.schema in self.exposed and is_granted(table))
        )

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """Every policy of a served table."""
        return tuple(policy for table in self.served for policy in table.policies)

    @cached_property
    def by_oid(self) -> Mapping[int, Table]:
        return {table.relation.oid: table for table in self.tables.values() if table.relation is not None}

    @cached_property
    def bodies(self) -> Bodies:
        """What functions reach."""
        functions = self.state.functions if self.state is not None else dict[int, FunctionState]()
        names = {oid: table.name for oid, table in self.by_oid.items()}
        return Bodies(functions, names, self._found, self.policy_set.defaults.search_path)

    @cached_property
    def _functions(self) -> Mapping[str, tuple[FunctionState, ...]]:
        found: dict[str, list[FunctionState]] = {}
        for function in self.state.functions.values() if self.state is not None else ():
            found.setdefault(function.name.name, []).append(function)
        return {name: tuple(functions) for name, functions in found.items()}

    def functions(self, schema: str | None, name: str) -> tuple[FunctionState, ...]:
        """The functions that a call may mean, overloads all of them."""
        return self._found(schema, name, self.policy_set.defaults.search_path)

    def _found(self, schema: str | None, name: str, path: Iterable[str]) -> tuple[FunctionState, ...]:
        named = self._functions.get(name, ())
        schemas = path if schema is None else (schema,)
        return tuple(each for each in named if each.name.schema in schemas)

    def relation(self, schema: str | None, name: str) -> Table | None:
        """The relation that a FROM clause names."""
        schemas = self.policy_set.defaults.search_path if schema is None else (schema,)
        found = (self.tables.get(QualifiedName(each, name)) for each in schemas)
        return next((table for table in found if table is not None), None)

    @cached_property
    def _identities(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for role in self.state.roles.values() if self.state is not None else ():
            for heir in role.heirs:
                found.setdefault(heir, set()).add(role.name)
        return {name: frozenset({name, PUBLIC, *roles}) for name, roles in found.items()}

    def identities(self, role: str) -> frozenset[str]:
        """The role, everybody, and the roles whose rights it has without asking for them."""
        return self._identities.get(role) or frozenset({role, PUBLIC})

    def granted(self, table: Table, role: str, privilege: str) -> Columns:
        """The columns on which a role holds a privilege; None for the whole table, empty for none."""
        columns: set[str] = set()
        for identity in self.identities(role):
            held = table.grants.get((identity, privilege), NO_COLUMNS)
            if held is None:
                return None
            columns |= held
        return frozenset(columns)

    def may(self, table: Table, role: str, privilege: str, column: str | None = None) -> bool:
        """Whether a role holds a privilege on a table, or on one column of it."""
        held = self.granted(table, role, privilege)
        return held is None or (column in held if column is not None else bool(held))

    def may_enter(self, role: str, schema: str) -> bool:
        """Whether a role has USAGE of a schema; yes where nobody can tell."""
        if self.state is None or schema not in self.state.schema_users:
            return True
        return bool(self.identities(role) & self.state.schema_users[schema])

    def may_call(self, role: str, function: FunctionState) -> bool:
        return bool(self.identities(role) & self.executors.get(function.oid, frozenset()))

    def passes(self, role: str, table: Table) -> bool:
        """Whether row security lets a role through unasked."""
        state = self.state.roles.get(role) if self.state is not None else None
        if not table.row_security or (state is not None and (state.superuser or state.bypasses_row_security)):
            return True
        relation = table.relation
        return relation is not None and not relation.forced and relation.owner in self.identities(role)

    def applicable(self, table: Table, verb: str, role: str) -> tuple[Policy, ...]:
        """The policies that decide about a verb of a role."""
        identities = self.identities(role)
        return tuple(each for each in table.policies if each.covers(verb) and identities & set(each.roles))

    def sees_all(self, role: str, table: Table) -> bool:
        """Whether no row of a table is hidden from a role."""
        if not (self.may_enter(role, table.name.schema) and self.may(table, role, "select")):
            return False
        return self.passes(role, table) or self.lets_through(table, "select", role, Openness.ALWAYS)

    def lets_through(self, table: Table, verb: str, role: str, openness: Openness) -> bool:
        """Whether policies let a role reach every row, if `openness` is the widest that is asked of it."""
        policies = self.applicable(table, verb, role)
        wide = [each.using is not None and each.using.condition.openness >= openness for each in policies]
        permissive = [each for each, is_wide in zip(policies, wide, strict=True) if each.permissive and is_wide]
        return bool(permissive) and all(
            each.permissive or is_wide for each, is_wide in zip(policies, wide, strict=True)
        )

    def affected(self, policy: Policy) -> tuple[str, ...]:
        """The roles of requests to which a policy applies."""
        return tuple(role for role in self.roles if self.identities(role) & set(policy.roles))


def _is(token: Token, word: str) -> bool:
    return token.text == word or (token.kind == "string" and bool(word) and word in token.text)


def words(items: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    listed = list(items)
    return f" {last} ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def grouped(held: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Roles together that hold the same, and what they hold; not those that hold nothing."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for role, privileges in held.items():
        if privileges:
            groups.setdefault(privileges, []).append(role)
    for privileges, roles in groups.items():
        yield tuple(roles), privileges

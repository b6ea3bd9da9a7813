"""What each object of a database does by itself, and what it leads to, as whoever runs it. Pure.

Two roles go with every object. Row security asks for `reader`: the owner of the view or of the SECURITY DEFINER
function that a table is read through, else the caller. Functions run as `caller`, even those that a view calls; only
SECURITY DEFINER changes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gateway.catalog.code import FIRST_USER_OID, Code, FunctionCode
from gateway.catalog.footprint.claim_functions import claim_functions, is_plain
from gateway.catalog.footprint.functions import SQL, compiled, is_compiled
from gateway.catalog.footprint.model import Annotation, Footprint, Sum
from gateway.catalog.footprint.reading import EVERY_COLUMN, Reading
from gateway.catalog.footprint.rules import PolicyCode, Role, Rules, exempt, holds
from gateway.catalog.footprint.texts import TextReader
from gateway.catalog.footprint.trees import TreeReader
from gateway.catalog.graph import CodeGraph, Node
from gateway.catalog.model import Name
from gateway.catalog.rows import RelationRow
from gateway.catalog.trust import known

ANYONE = -1
"""As the OID of a role: any one at all."""


class Stop(NamedTuple):
    """An object as somebody uses it; `reader` and `caller` are OIDs of roles."""

    node: Node
    reader: int
    caller: int


@dataclass(frozen=True, slots=True)
class Step:
    """`own` is what the object depends on by itself; `onward` are the objects that it leads to, each with the name of
    what mentions it, empty if that need not be told."""

    own: Footprint
    onward: tuple[tuple[Stop, str], ...]


class Steps:
    """Steps are computed when they are asked for, and kept."""

    def __init__(self, code: Code, rules: Rules, annotations: Mapping[int, Annotation]) -> None:
        self.graph = graph = CodeGraph(code, rules.stable)
        self.rules = rules
        self.policies = _by_relation(rules.policies)
        self.roles: Mapping[int, Role] = {role.oid: role for role in rules.roles}
        self._annotations = annotations
        self._types = {type_.oid: type_ for type_ in code.types}
        self._names = {Name(relation.schema, relation.name): relation.oid for relation in code.relations}
        self._claims = claim_functions(graph)
        whole = {oid: claims for oid, claims in self._claims.items() if not isinstance(claims, frozenset)}
        self._trees = TreeReader(graph, whole)
        self._texts = TextReader(graph, plain=is_plain(graph), whole=whole, system=list(rules.system.values()))
        self._readings: dict[str, Reading] = {}
        self._bodies: dict[int, Reading] = {}
        self._kept: dict[Stop, Step] = {}
        self._parents: dict[int, list[int]] = defaultdict(list)
        for part in code.storage:
            if part.child:
                self._parents[part.child].append(part.relation)
        # Those that are stored hold what the last write put there; indexes, statistics and constraints decide how an
        # answer is found, and not what it is.
        self._generated: dict[int, list[str]] = defaultdict(list)
        for expression in code.expressions:
            if expression.label.startswith("generated column "):
                self._generated[expression.relation].append(expression.tree)
        for function in code.functions:
            graph.link_types(("function", function.oid), function.types)
            graph.link(("function", function.oid), "function", [function.support] if function.support else [])

    def step(self, stop: Stop) -> Step:
        """What `stop` does and leads to."""
        found = self._kept.get(stop)
        if found is None:
            found = self._kept[stop] = self._step(stop)
        return found

    def of_policy(self, policy: PolicyCode, reader: int, caller: int, *, check: bool = True) -> Step:
        """What the policy's expressions do; without `check`, only what decides which rows are read."""
        step = _Builder(self, f'policy "{policy.name}" of {self._label(policy.relation)}', reader, caller)
        for tree in (policy.using, policy.check if check else None):
            if tree is not None:
                step.read(self.tree(tree), owner=policy.relation)
        return step.build()

    def tree(self, text: str) -> Reading:
        """What a tree does; each is read once."""
        found = self._readings.get(text)
        if found is None:
            found = self._readings[text] = self._trees.read(text)
        return found

    def columns(self, oid: int, number: int) -> Iterator[tuple[Name, str]]:
        """A column by its number; every one for `EVERY_COLUMN`. None of views: they hold no data."""
        relation = self.graph.relations.get(oid)
        if relation is not None and relation.kind != "v":
            for position, column in relation.columns.items():
                if number in (EVERY_COLUMN, position):
                    yield Name(relation.schema, relation.name), column

    def _label(self, oid: int) -> str:
        return self.graph.labels.get(("relation", oid), f"relation {oid}")

    def _step(self, stop: Stop) -> Step:
        kind, oid = stop.node
        label = self.graph.labels.get(stop.node, f"{kind} {oid}")
        step = _Builder(self, label, stop.reader, stop.caller)
        if stop.node in self.graph.faults:
            step.fail(self.graph.faults[stop.node])
        if kind == "relation":
            self._relation(step, oid)
        elif kind == "storage":
            self._storage(step, self.graph.relations[oid])
        elif kind == "function" and self._vouched(step, oid):
            return step.build()
        elif kind == "function":
            self._function(step, oid, self.graph.functions.get(oid))
        elif kind == "type":
            for tree in self._checks(oid):
                step.read(self.tree(tree))
        step.follow(self.graph.edges.get(stop.node, ()))
        return step.build()

    def _checks(self, oid: int) -> Iterable[str]:
        return self._types[oid].checks if oid in self._types else ()

    def _relation(self, step: _Builder, oid: int) -> None:
        relation = self.graph.relations.get(oid)
        if relation is None:
            name = self.rules.system.get(oid)
            step.fail(f"{name} is PostgreSQL's own" if name else f"relation {oid} is not known")
        elif relation.kind == "v":
            tree = self.graph.code.views.get(oid)
            if tree is None:
                step.fail(f"{step.label} has no rule")
            else:
                step.read(self.tree(tree), reader=step.caller if relation.invoker else relation.owner)
        else:
            reader = self.roles.get(step.reader)
            if not exempt(relation, reader):
                for policy in self.policies.get(oid, ()):
                    if policy.reads and holds(policy, reader):
                        step.join(self.of_policy(policy, step.reader, step.caller, check=False))

    def _storage(self, step: _Builder, relation: RelationRow) -> None:
        if relation.kind == "f":
            step.fail(f"{step.label} is a foreign table")
        elif relation.kind == "m":
            step.fail(f"{step.label} is a materialized view: nobody tells when it is refreshed")
        if relation.kind != "v":
            step.tables(Name(found.schema, found.name) for found in self._with_parents(relation))
        for tree in self._generated.get(relation.oid, ()):
            step.read(self.tree(tree), owner=relation.oid)

    def _with_parents(self, relation: RelationRow) -> Iterator[RelationRow]:
        """A write to a parent may reach the table, and only the parent's triggers tell of it."""
        found = {relation.oid}
        waiting = [relation.oid]
        while waiting:
            oid = waiting.pop()
            if oid in self.graph.relations:
                yield self.graph.relations[oid]
            new = [parent for parent in self._parents.get(oid, ()) if parent not in found]
            found.update(new)
            waiting.extend(new)

    def _vouched(self, step: _Builder, oid: int) -> bool:
        """Whether the function's effect is known without a look at its code."""
        function = self.graph.functions.get(oid)
        step.functions({oid})
        annotation = self._annotations.get(oid)
        if function is None or (annotation is None and oid not in self._claims):
            return False
        if annotation is None:
            step.add(Footprint(claims=self._claims[oid]))
            return True
        step.add(Footprint(claims=annotation.claims, bound=annotation.clock))
        if function.defaults:
            step.read(self.tree(function.defaults))
        if function.volatility == "v":
            step.add(Footprint(volatile=f"{step.label} is declared VOLATILE, and nobody can vouch for such a one"))
        runner = function.owner if function.definer else step.caller
        for name in sorted(annotation.tables):
            if name in self._names:
                step.onward.append((Stop(("relation", self._names[name]), runner, runner), step.label))
            else:
                step.fail(f"{step.label} is said to read {name}, which does not exist")
        return True

    def _function(self, step: _Builder, oid: int, function: FunctionCode | None) -> None:
        if function is None or function.language != SQL or function.kind == "a":
            step.read(compiled(oid, function, self.rules.stable))
            if function is not None and oid >= FIRST_USER_OID and function.extension is not None:
                table = known.EXTENSION_TABLES.get(function.extension)
                step.follow(node for node in self.graph.by_name["name"].get(table or "", ()) if node[0] == "relation")
            return
        for clause in function.settings or ():
            name = clause.partition("=")[0].lower()
            if name not in known.HARMLESS_CLAUSES:
                step.fail(f"{step.label} sets {name}")
        if function.defaults:
            step.read(self.tree(function.defaults))
        runner = function.owner if function.definer else step.caller
        step.read(self._body(function), reader=runner, caller=runner)

    def _body(self, function: FunctionCode) -> Reading:
        if function.tree:
            return self.tree(function.tree)
        found = self._bodies.get(function.oid)
        if found is None:
            found = self._bodies[function.oid] = self._texts.read(function)
        return found


class _Builder:
    """A step in the making."""

    def __init__(self, steps: Steps, label: str, reader: int, caller: int) -> None:
        self.label = label
        self.reader = reader
        self.caller = caller
        self.onward: list[tuple[Stop, str]] = []
        self._steps = steps
        self._own = Sum()

    def build(self) -> Step:
        return Step(self._own.footprint(), tuple(self.onward))

    def add(self, footprint: Footprint) -> None:
        self._own.add(footprint)

    def join(self, step: Step) -> None:
        self.add(step.own)
        self.onward.extend(step.onward)

    def fail(self, reason: str) -> None:
        self.add(Footprint(opaque=reason))

    def tables(self, names: Iterable[Name]) -> None:
        self.add(Footprint(tables=frozenset(names)))

    def functions(self, oids: Iterable[int]) -> None:
        found = [self._steps.graph.functions.get(oid) for oid in oids if oid >= FIRST_USER_OID]
        names = (Name(function.schema, function.name) for function in found if function and not is_compiled(function))
        self.add(Footprint(functions=frozenset(names)))

    def follow(self, nodes: Iterable[Node]) -> None:
        """Whatever functions lie behind these run as the caller. A relation and its storage are one to people."""
        labels = self._steps.graph.labels
        for node in sorted(nodes):
            through = "" if labels.get(node) == self.label else self.label
            self.onward.append((Stop(node, self.caller, self.caller), through))

    def read(
        self, reading: Reading, *, owner: int | None = None, reader: int | None = None, caller: int | None = None
    ) -> None:
        """What a tree or body does becomes what this object does; `owner` is the relation that an expression belongs
        to. Another `reader` or `caller` is that of the tree only."""
        reader = self.reader if reader is None else reader
        caller = self.caller if caller is None else caller
        numbered = {*reading.columns, *((owner, number) for number in reading.own if owner is not None)}
        self.functions(reading.seen)
        self.add(
            Footprint(
                columns=frozenset(column for oid, number in numbered for column in self._steps.columns(oid, number)),
                claims=reading.claims,
                clock=reading.clock,
                volatile=f"{self.label} {reading.volatile}" if reading.volatile else None,
                opaque=f"{self.label} {reading.opaque}" if reading.opaque else None,
                request=reading.request,
                settings=frozenset(reading.settings),
            )
        )
        self.onward.extend((Stop(("relation", oid), reader, caller), self.label) for oid in sorted(reading.relations))
        self.onward.extend((Stop(node, caller, caller), self.label) for node in sorted(reading.targets))


def _by_relation(policies: Iterable[PolicyCode]) -> dict[int, list[PolicyCode]]:
    found: dict[int, list[PolicyCode]] = defaultdict(list)
    for policy in policies:
        found[policy.relation].append(policy)
    return found

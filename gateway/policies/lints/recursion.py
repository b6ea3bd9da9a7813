"""Lint about policies that lead back to their own table.

PostgreSQL puts the policies of every table that a policy's subqueries read into the query, and refuses if it comes to a
table again that it is just at, provided that the table's policies have a subquery themselves (a scalar subquery around
`auth.uid()` is one). What a function reads is another query: there a circle ends only when the stack is full, unless
the function runs as somebody whom row security lets through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from gateway.policies.database.state import FunctionState
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Policy, Rule, Scene, Table
from gateway.policies.model import QualifiedName
from gateway.policies.problems import Severity

_WRITES: Final = ("insert", "update", "delete")
_DOING: Final = {"select": "reading", "insert": "inserting into", "update": "updating", "delete": "deleting from"}


class _Node(NamedTuple):
    """Reading a table with the rights of `role`, while `user` is who the statement runs as: a view may differ."""

    table: QualifiedName
    role: str
    user: str


class _Edge(NamedTuple):
    """A policy that reads a table, `through` a view or a function. What a function reads is another query."""

    policy: Policy
    rule: Rule
    through: str
    target: _Node
    same_query: bool


class _Graph:
    """Which reading leads to which, for one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.edges = cache(self._edges)
        self.written = cache(self._written)

    def starts(self) -> list[_Node]:
        """What requests name, and what reading and writing it leads to."""
        served = (table for table in self._scene.served if table.is_table)
        named = [_Node(table.name, role, role) for table in served for role in self._scene.roles]
        waiting = deque(named)
        waiting.extend(edge.target for node in named for verb in _WRITES for edge in self.written(node, verb))
        found: dict[_Node, None] = {}
        while waiting:
            node = waiting.popleft()
            if node not in found:
                found[node] = None
                waiting.extend(edge.target for edge in self.edges(node))
        return list(found)

    def has_subquery(self, node: _Node) -> bool:
        return any(rule.condition.reading.has_subquery for _, rule in self._rules(node, "select"))

    def _edges(self, node: _Node) -> tuple[_Edge, ...]:
        """Where the policies of reading lead to."""
        return tuple(self._from(node, "select"))

    def _written(self, node: _Node, verb: str) -> tuple[_Edge, ...]:
        """Where the policies of a write lead to."""
        return tuple(self._from(node, verb))

    def _from(self, node: _Node, verb: str) -> Iterator[_Edge]:
        for policy, rule in self._rules(node, verb):
            reading = rule.condition.reading
            for source in reading.sources:
                table = self._scene.relation(source.schema, source.name)
                if table is not None:
                    for found, reader, through in self._tables(table, node.role, node.user):
                        yield _Edge(policy, rule, through, _Node(found.name, reader, node.user), same_query=True)
            for call in reading.calls:
                for function in self._scene.functions(call.schema, call.name):
                    yield from self._function(policy, rule, function, node.user)

    def _rules(self, node: _Node, verb: str) -> Iterator[tuple[Policy, Rule]]:
        """The conditions that PostgreSQL adds for a role: none where no permissive policy applies."""
        table = self._scene.tables[node.table]
        if not table.is_table or self._scene.passes(node.role, table):
            return
        policies = self._scene.applicable(table, verb, node.role)
        if any(policy.permissive for policy in policies):
            for policy in policies:
                for rule in dict.fromkeys((policy.old_row(verb), policy.new_row(verb))):
                    if rule is not None:
                        yield policy, rule

    def _tables(
        self, table: Table, reader: str, user: str, through: str = "", depth: int = 0
    ) -> Iterator[tuple[Table, str, str]]:
        """The tables behind a relation, with whose rights they are read, and through which view. A view with
        security_invoker asks as the user, whoever the view around it belongs to."""
        relation = table.relation
        if table.is_table:
            yield table, reader, through
        elif table.kind == "v" and relation is not None and depth < len(self._scene.tables):
            owner = user if relation.security_invoker else relation.owner
            for oid in sorted(relation.view_oids):
                if oid in self._scene.by_oid:
                    below = self._scene.by_oid[oid]
                    yield from self._tables(below, owner, user, f" through the view {table.name}", depth + 1)

    def _function(self, policy: Policy, rule: Rule, function: FunctionState, user: str) -> Iterator[_Edge]:
        bodies, through = self._scene.bodies, f" through the function {function.signature}"
        seen: set[tuple[int, str]] = set()
        waiting = [(function, user)]
        while waiting:
            current, caller = waiting.pop()
            runs_as = current.owner if current.security_definer else caller
            if (current.oid, runs_as) in seen or current.extension is not None:
                continue
            seen.add((current.oid, runs_as))
            body = bodies[current.oid]
            for name in sorted(body.relations):
                for table, reader, _ in self._tables(self._scene.tables[name], runs_as, runs_as):
                    yield _Edge(policy, rule, through, _Node(table.name, reader, runs_as), same_query=False)
            waiting += [(bodies.functions[oid], runs_as) for oid in sorted(body.functions) if oid in bodies.functions]


def _recursions(scene: Scene) -> Iterator[Finding]:
    graph = _Graph(scene)
    starts = graph.starts()
    told: set[tuple[frozenset[QualifiedName], str]] = set()
    for node in starts:
        yield from _circle(graph, node, "select", told, same_query=True)
    circular = frozenset[QualifiedName]().union(*(tables for tables, _ in told))
    for node in starts:
        yield from _circle(graph, node, "select", told, same_query=False)
        for verb in _WRITES:
            if node.table not in circular and scene.may(scene.tables[node.table], node.role, verb):
                yield from _circle(graph, node, verb, told, same_query=True)


def _circle(
    graph: _Graph, node: _Node, verb: str, told: set[tuple[frozenset[QualifiedName], str]], *, same_query: bool
) -> Iterator[Finding]:
    """The shortest circle that a verb gets into, unless one through the same tables was told."""
    path = _back(
        graph, node, graph.edges(node) if verb == "select" else graph.written(node, verb), same_query=same_query
    )
    key = frozenset(edge.target.table for edge in path), verb
    if path and key not in told:
        told.add(key)
        yield _told(verb, node, path)


def _back(graph: _Graph, node: _Node, first: tuple[_Edge, ...], *, same_query: bool) -> list[_Edge]:
    """The shortest way from a table back to it, empty if there is none. Within one query PostgreSQL refuses any reading
    of the same table that has a subquery; from one query to the next only the same reading goes on without end."""
    origin: dict[_Node, tuple[_Node | None, _Edge]] = {}
    waiting: deque[tuple[_Node | None, _Edge]] = deque((None, edge) for edge in first)
    while waiting:
        before, edge = waiting.popleft()
        target = edge.target
        if target in origin or (same_query and not edge.same_query):
            continue
        origin[target] = (before, edge)
        is_same = target.table == node.table and graph.has_subquery(target)
        if is_same if same_query else target == node:
            return _path(origin, target)
        waiting.extend((target, each) for each in graph.edges(target))
    return []


def _path(origin: dict[_Node, tuple[_Node | None, _Edge]], end: _Node) -> list[_Edge]:
    path: list[_Edge] = []
    at: _Node | None = end
    while at is not None:
        at, edge = origin[at]
        path.append(edge)
    return path[::-1]


def _told(verb: str, node: _Node, path: list[_Edge]) -> Finding:
    first = path[0]
    steps = [f"{first.policy} reads {first.target.table}{first.through}"]
    steps += [f"whose policy {edge.policy.name} reads {edge.target.table}{edge.through}" for edge in path[1:]]
    if not all(edge.same_query for edge in path):
        end = " again, until the stack is full (54001)"
    elif verb == "select":
        end = " again, which PostgreSQL refuses (42P17)"
    else:
        end = " again, whose own policies have a subquery, which PostgreSQL refuses (42P17)"
    message = f"{_DOING[verb]} {node.table} as {node.role} leads back to it: {', '.join(steps)}{end}"
    return Finding(str(node.table), message, first.policy.spot(first.rule, first.target.table.name))


RECURSION: Final = Lint.of(
    "L010",
    Severity.ERROR,
    "Policies lead back to their own table",
    why="""
        To read a table PostgreSQL asks its policies; if one of them reads a table whose policies lead back, there is no
        end. It notices only when somebody sends such a request: 42P17, infinite recursion detected in policy, every
        time. A write already fails if its policy reads the table itself and the policies for reading have a subquery,
        such as the one around `auth.uid()`. Through functions that run as the caller nothing is noticed until the stack
        is full (54001).
    """,
    fix="""
        Ask the question in a SECURITY DEFINER function that belongs to the tables' owner, which row security lets
        through: `create function app.in_team(team uuid) returns boolean language sql stable security definer set
        search_path = '' as $$ select exists (select from public.members m where m.team_id = team and m.user_id =
        auth.uid()) $$;`
    """,
    find=_recursions,
)

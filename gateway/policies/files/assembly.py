"""The files of a set -> PolicySet. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.documents import DEFAULTS_NAME, Document, Subject, read_document
from gateway.policies.files.probes.fixtures import read_given, read_rows
from gateway.policies.files.probes.matrix import read_matrix
from gateway.policies.files.probes.single import Implied, Stage, read_tests
from gateway.policies.files.rules.acceptances import read_acceptances
from gateway.policies.files.rules.defaults import read_defaults
from gateway.policies.files.rules.functions import function_name, read_functions
from gateway.policies.files.rules.row_policies import Expand
from gateway.policies.files.rules.tables import read_table
from gateway.policies.files.scopes import Scopes, read_scopes
from gateway.policies.files.values.names import NotAName, qualified_name, signature
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.predicates import Predicates
from gateway.policies.files.yaml.parse import read_yaml
from gateway.policies.files.yaml.tree import Scalar
from gateway.policies.model import (
    Acceptance,
    Defaults,
    FunctionRules,
    NewRow,
    PolicySet,
    Probe,
    QualifiedName,
    TableRules,
)
from gateway.policies.problems import Place, Problem

MOST_PROBES: Final = 100_000


def assemble(
    files: Mapping[str, bytes], aliases: Mapping[str, str] | None = None
) -> tuple[PolicySet | None, tuple[Problem, ...]]:
    """The set that files with these names and bytes make, or None, and what is wrong with them, by file and position.

    `aliases` are other names of the files, which `include` may use.
    """
    readings: dict[str, Reading] = {}
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for file in sorted(files):
        source, node, found = read_yaml(file, files[file])
        problems += found
        if source is not None and node is not None:
            readings[file] = Reading(source)
            document = read_document(readings[file], node)
            if document is not None:
                documents[file] = document
    scopes = read_scopes(documents, files, aliases or {})
    assembly = _Assembly(documents, scopes, Predicates(scopes.predicates, readings))
    defaults = assembly.read()
    problems += [problem for reading in readings.values() for problem in reading.problems]
    problems.sort(key=lambda problem: (problem.place or Place(""), problem.code))
    return (None if problems else assembly.policy_set(defaults, files)), tuple(problems)


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of names and contents, hexadecimal."""
    whole = hashlib.sha256()
    for file, data in sorted(files.items()):
        for part in (file.encode(), data):
            whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()


class _Assembly:
    """Reads documents, knowing what others define for them."""

    def __init__(self, documents: Mapping[str, Document], scopes: Scopes, predicates: Predicates) -> None:
        self.documents = documents
        self.scopes = scopes
        self.predicates = predicates
        self.tables: dict[QualifiedName, TableRules] = {}
        self.functions: dict[QualifiedName, list[FunctionRules]] = defaultdict(list)
        self.probes: list[Probe] = []
        self.accepts: list[Acceptance] = []

    def read(self) -> Defaults:
        """Everything; the defaults are returned."""
        self.predicates.check()
        first = self.documents.get(DEFAULTS_NAME)
        defaults = read_defaults(first) if first else Defaults()
        for document in self.documents.values():
            self._rules(document, defaults)
            self.accepts += read_acceptances(document)
            self._test(document)
        return defaults

    def policy_set(self, defaults: Defaults, files: Mapping[str, bytes]) -> PolicySet:
        functions = tuple(rules for overloads in self.functions.values() for rules in overloads)
        tables, probes = tuple(self.tables.values()), tuple(self.probes)
        return PolicySet(
            defaults,
            tables,
            functions,
            self.scopes.all_personas,
            probes,
            digest(files),
            tuple(sorted(files)),
            tuple(self.accepts),
        )

    def _rules(self, document: Document, defaults: Defaults) -> None:
        if document.subject is Subject.TABLE:
            table = read_table(document, defaults, self._expand(document.file))
            if table and self.tables.setdefault(table.table, table) is not table:
                self._twice(document, table, self.tables[table.table], f"the table {table.table}")
        elif document.subject in (Subject.FUNCTION, Subject.FUNCTIONS):
            for function in read_functions(document, defaults):
                self._function(document, function)

    def _function(self, document: Document, rules: FunctionRules) -> None:
        """A name without types is the only function of that name."""
        name, types = function_name(rules)
        for other in self.functions[name]:
            if types is None or function_name(other)[1] in (None, types):
                self._twice(document, rules, other, f"the function {rules.signature}")
                return
        self.functions[name].append(rules)

    def _twice(
        self, document: Document, rules: TableRules | FunctionRules, other: TableRules | FunctionRules, what: str
    ) -> None:
        fix = "keep one of them"
        document.reading.refuse(Code.DEFINED_TWICE, rules.place, f"{what} is ruled in {other.place} already", fix)

    def _test(self, document: Document) -> None:
        room = MOST_PROBES - len(self.probes)
        self.probes += islice(self._probes(document), room + 1)
        if len(self.probes) > MOST_PROBES:
            at, fix = document.fields.start, "name the personas to try under `for`"
            document.reading.refuse(Code.TOO_LARGE, at, f"up to here, the set has more than {MOST_PROBES} tests", fix)
            self.probes.pop()

    def _expand(self, file: str) -> Expand:
        return lambda expression: self.predicates.put_into(expression, file)

    def _probes(self, document: Document) -> Iterator[Probe]:
        fields, reading = document.fields, document.reading
        given: tuple[NewRow, ...] = ()
        if document.subject is Subject.TESTS:
            reading.description(fields)
            given = read_given(reading, fields.node("given"))
        stage = Stage(
            reading,
            self.scopes.personas[document.file],
            self._expand(document.file),
            self.scopes.predicates[document.file].whole,
            _implied(document),
            given,
        )
        if document.subject is Subject.TESTS:
            yield from read_matrix(stage, read_rows(reading, fields.node("rows")), fields.node("matrix"))
        yield from read_tests(stage, fields.node("tests"))


def _implied(document: Document) -> Implied:
    """What the tests of a file are about if they do not say. What is wrong with it was noted with the rules, but for
    files of tests."""
    fields = document.fields
    table, function = fields.node("table"), fields.node("function")
    if document.subject is Subject.TESTS:
        found = document.reading.relation(table, "`table`")
        return Implied(found, refused=table is not None and found is None)
    try:
        if isinstance(table, Scalar):
            return Implied(qualified_name(table.value))
        if isinstance(function, Scalar):
            return Implied(function=signature(function.value)[0])
    except NotAName:
        pass
    return Implied(refused=document.subject is not Subject.FUNCTIONS)

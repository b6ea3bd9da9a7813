"""Which functions answer claims: `auth.uid()` and the like, as long as their bodies are the known ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.catalog.code import FIRST_USER_OID, Code, FunctionCode, OperatorCode
from gateway.catalog.footprint.model import ALL, Claims
from gateway.catalog.graph import CodeGraph
from gateway.catalog.trust import known
from gateway.catalog.trust.sqltext import normalized
from gateway.sqltext import NotUnderstood

_CLAIMS: Mapping[str, Claims] = {
    "uid": frozenset({"sub"}),
    "role": frozenset({"role"}),
    "email": frozenset({"email"}),
    "jwt": ALL,
}
_TYPE_NAMES = ("json", "jsonb", "text", "uuid")
_ARROWS = frozenset({"->", "->>", "#>", "#>>", "?"})
_EQUAL = "="
_BY_NAME_ONLY = frozenset({"search_path"})


def claim_functions(graph: CodeGraph) -> dict[int, Claims]:
    """What each of them answers, by OID. None in a database where bodies may mean something else than they say."""
    if not is_plain(graph):
        return {}
    return {function.oid: _CLAIMS[function.name] for function in graph.code.functions if _is_known(function)}


def is_plain(graph: CodeGraph) -> bool:
    """Whether no user-defined object can stand for what takes claims out of their setting: for `current_setting`, the
    types and operators of JSON, the equality of texts, and the casts between these types."""
    code: Code = graph.code
    types = {type_.oid: type_.kind for type_ in code.types}
    functions = graph.by_name["function"].get(known.CURRENT_SETTING, ())
    return not (
        any(oid >= FIRST_USER_OID for _, oid in functions)
        or any(graph.by_name["name"].get(name) for name in _TYPE_NAMES)
        or any(cast.source < FIRST_USER_OID and cast.target < FIRST_USER_OID for cast in code.casts)
        or any(_competes(operator, types) for operator in code.operators)
    )


def _competes(operator: OperatorCode, types: Mapping[int, str]) -> bool:
    """PostgreSQL prefers the operator that fits exactly. Domains count as what they are made of."""

    def fits(type_: int) -> bool:
        return type_ < FIRST_USER_OID or types.get(type_, "d") == "d"

    if operator.name == _EQUAL:
        return all(map(fits, operator.operands))
    return operator.name in _ARROWS and fits(operator.operands[0])


def _is_known(function: FunctionCode) -> bool:
    bodies = known.auth_bodies().get(function.name)
    if bodies is None or function.schema != "auth" or function.inputs or function.language != "sql" or function.tree:
        return False
    if any(clause.partition("=")[0].lower() not in _BY_NAME_ONLY for clause in function.settings or ()):
        return False
    try:
        return function.name in _CLAIMS and normalized(function.body) in bodies
    except NotUnderstood:
        return False

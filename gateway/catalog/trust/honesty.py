"""Functions that say they are IMMUTABLE and are not. Pure.

PostgreSQL runs a call of an IMMUTABLE function with constant arguments when it plans, and keeps the answer in the
plan: of a prepared statement, and of the statements inside PL/pgSQL. Plans stay with their connection. So where such a
function reads who is asking, the time or a table, one caller's answer would decide for the next (PostgreSQL
documentation, "Function Volatility Categories"). Where there is one, plans must not outlive a request.

Bodies are read word by word, generously: a wrong suspicion costs time, not safety. Extensions and PostgreSQL's own
functions are taken at their word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.catalog.code import FIRST_USER_OID, FunctionCode, OperatorCode
from gateway.catalog.trust import known
from gateway.sqltext import NotUnderstood, Token, tokens

_READABLE: Final = frozenset({"sql", "plpgsql"})
_CHANGING_WORDS: Final = frozenset({
    "current_user", "session_user", "user", "current_role", "current_schema", "system_user",
    "current_timestamp", "current_date", "current_time", "localtimestamp", "localtime",
    "execute",  # runs text
})  # fmt: skip
_CHANGING_CALLS: Final = frozenset({
    "current_setting", "current_schemas", "getpgusername", "pg_backend_pid", "inet_client_addr", "current_query",
    "now", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday", "age",
    "pg_has_role", "has_table_privilege", "has_any_column_privilege", "has_column_privilege", "has_schema_privilege",
    "has_function_privilege", "has_sequence_privilege", "row_security_active",
    "query_to_xml", "table_to_xml", "cursor_to_xml", "schema_to_xml", "database_to_xml",
})  # fmt: skip
_TIMES: Final = frozenset({"now", "today", "tomorrow", "yesterday"})
"""Texts that are times of day where they become dates."""
_READING: Final = frozenset({"from", "join", "table", "update", "into"})


def lying_functions(
    functions: Sequence[FunctionCode], relations: Iterable[str], operators: Sequence[OperatorCode] = ()
) -> dict[int, str]:
    """Why functions are not as immutable as they say, by OID. `relations` are the names of all, without schemas."""
    immutable = [function for function in functions if function.volatility == "i" and _is_ours(function)]
    if not immutable:
        return {}
    reader = _Reader(functions, relations, operators)
    return {function.oid: reason for function in immutable if (reason := reader.reason(function)) is not None}


def _is_ours(function: FunctionCode) -> bool:
    """Whether its declaration has to be checked. Constructors of ranges are PostgreSQL's own."""
    is_constructor = function.language == "internal" and function.body in known.CONSTRUCTORS
    return function.oid >= FIRST_USER_OID and function.extension is None and function.kind != "a" and not is_constructor


class _Reader:
    def __init__(
        self, functions: Sequence[FunctionCode], relations: Iterable[str], operators: Sequence[OperatorCode]
    ) -> None:
        self._named: Mapping[str, Sequence[FunctionCode]] = _by_name(functions)
        self._relations = frozenset(name.lower() for name in relations)
        self._behind_operators = _behind_operators(functions, operators)
        self._reasons: dict[int, str | None] = {}

    def reason(self, function: FunctionCode) -> str | None:
        """What the function's answer depends on beside its arguments, in words."""
        if function.oid not in self._reasons:
            self._reasons[function.oid] = None  # a recursive call adds nothing
            self._reasons[function.oid] = self._read(function)
        return self._reasons[function.oid]

    def _read(self, function: FunctionCode) -> str | None:
        if not _is_ours(function):
            return "is VOLATILE" if function.volatility == "v" and function.kind != "a" else None
        if function.language not in _READABLE:
            return f"is written in {function.language}"
        try:
            found = list(tokens(function.source))
        except NotUnderstood as fault:
            return str(fault)
        return self._of_words(found) or self._of_calls(found)

    def _of_words(self, found: Sequence[Token]) -> str | None:
        names = {token.text.lower() for token in found if token.kind in ("word", "quoted")}
        changing = (names & _CHANGING_WORDS) | (set(_called(found)) & _CHANGING_CALLS)
        if changing:
            return f"uses {min(changing)}"
        times = {token.text.strip().lower() for token in found if token.kind == "string"} & _TIMES
        if times:
            return f"may mean the time of day by '{min(times)}'"
        read = names & self._relations if names & _READING else frozenset[str]()
        return f"may read {min(read)}" if read else None

    def _of_calls(self, found: Sequence[Token]) -> str | None:
        for name in _called(found):
            for callee in self._named.get(name, ()):
                reason = self.reason(callee)
                if reason is not None:
                    return f"calls {callee.schema}.{callee.name}, which {reason}"
        for token in found:
            for callee in self._behind_operators.get(token.text, ()) if token.kind == "operator" else ():
                reason = self.reason(callee)
                if reason is not None:
                    return f"uses the operator {token.text}, whose function {reason}"
        return None


def _by_name(functions: Iterable[FunctionCode]) -> Mapping[str, Sequence[FunctionCode]]:
    named: dict[str, list[FunctionCode]] = defaultdict(list)
    for function in functions:
        named[function.name].append(function)
    return named


def _behind_operators(
    functions: Iterable[FunctionCode], operators: Iterable[OperatorCode]
) -> Mapping[str, Sequence[FunctionCode]]:
    by_oid = {function.oid: function for function in functions}
    behind: dict[str, list[FunctionCode]] = defaultdict(list)
    for operator in operators:
        behind[operator.name] += [by_oid[oid] for oid in operator.functions if oid in by_oid]
    return behind


def _called(found: Sequence[Token]) -> Iterable[str]:
    """Names before a parenthesis, and behind a dot: `row.f` is another way to write `f(row)`."""
    for index, token in enumerate(found):
        if token.kind not in ("word", "quoted"):
            continue
        follows = found[index + 1] if index + 1 < len(found) else None
        if (follows is not None and follows.is_mark("(")) or (index and found[index - 1].is_mark(".")):
            yield token.text

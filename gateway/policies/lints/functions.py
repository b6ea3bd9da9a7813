"""Lints about SECURITY DEFINER functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.database.state import FunctionState
from gateway.policies.lints.bodies import is_standard
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, words
from gateway.policies.lints.views import opened
from gateway.policies.model import QualifiedName
from gateway.policies.problems import Place, Severity

_ANONYMOUS: Final = "anon"
_COMPILED: Final = ("c", "internal")


def _served(scene: Scene) -> Iterator[FunctionState]:
    """Definer functions in exposed schemas."""
    for function in scene.state.functions.values() if scene.state is not None else ():
        if function.security_definer and function.extension is None and function.name.schema in scene.exposed:
            yield function


def _callers(scene: Scene, function: FunctionState) -> tuple[str, ...]:
    if function.is_trigger or function.kind not in ("f", "p"):
        return ()
    able = (role for role in scene.roles if scene.may_call(role, function))
    return tuple(role for role in able if scene.may_enter(role, function.name.schema))


def _place(scene: Scene, function: FunctionState) -> Place | None:
    rules = scene.function_rules.get(function.oid)
    return rules.place if rules is not None else None


def _reached(scene: Scene, function: FunctionState) -> tuple[set[QualifiedName], bool, bool]:
    """The relations that a definer function touches with its owner's rights, whether anything on the way asks who is
    calling, and whether there is more that cannot be read."""
    relations: set[QualifiedName] = set()
    asks = is_dynamic = False
    for each in scene.bodies.below(function, enter=lambda called: called.extension is None):
        body = scene.bodies[each.oid]
        relations |= body.relations
        asks, is_dynamic = asks or body.asks, is_dynamic or body.is_dynamic
    return relations, asks, is_dynamic


def _writes_for_visitors(scene: Scene, function: FunctionState) -> bool:
    return function.volatility == "v" and _ANONYMOUS in _callers(scene, function)


def _openers(scene: Scene) -> Iterator[Finding]:
    for function in _served(scene):
        callers = _callers(scene, function)
        if not callers or _writes_for_visitors(scene, function):
            continue
        relations, asks, is_dynamic = _reached(scene, function)
        tables = [scene.tables[name] for name in sorted(relations)]
        found = [
            str(table.name)
            for table in tables
            if any(opened(scene, role, table, function.owner, writes=function.volatility == "v") for role in callers)
        ]
        if found or is_dynamic:
            what = words(found) or "what only its text at run time says"
            asking = "" if asks else ", and never asks who is calling"
            message = f"{function.signature} opens {what} to {words(callers)} with the rights of its owner{asking}"
            yield Finding(
                function.signature,
                message,
                _place(scene, function),
                f"alter function {function.signature} security invoker;",
            )


def _for_visitors(scene: Scene) -> Iterator[Finding]:
    for function in _served(scene):
        if _writes_for_visitors(scene, function):
            _, asks, _ = _reached(scene, function)
            asking = "" if asks else ", and it never asks who is calling"
            what = "which may write with the rights of its owner"
            message = f"anonymous visitors may call {function.signature}, {what}{asking}"
            fix = f"revoke execute on function {function.signature} from anon, public;"
            yield Finding(function.signature, message, _place(scene, function), fix)


def _loose_paths(scene: Scene) -> Iterator[Finding]:
    for function in _reachable(scene):
        if function.search_path is None and not is_standard(function) and function.language not in _COMPILED:
            message = (
                f"{function.signature} runs with the rights of its owner, and finds names by the caller's search path"
            )
            fix = f"alter function {function.signature} set search_path = '';"
            yield Finding(function.signature, message, _place(scene, function), fix)


def _reachable(scene: Scene) -> list[FunctionState]:
    """Definer functions that requests get to: by name, by triggers, or through policies."""
    found = {function.oid: function for function in _served(scene) if function.is_trigger or _callers(scene, function)}
    called = {(call.schema, call.name) for each in scene.policies for rule in each.rules for call in rule.calls}
    for function in {each.oid: each for name in called for each in scene.functions(*name)}.values():
        for each in scene.bodies.below(function, enter=lambda below: below.extension is None):
            if each.security_definer and each.extension is None:
                found[each.oid] = each
    return sorted(found.values(), key=lambda function: function.signature)


OPENER: Final = Lint.of(
    "L007",
    Severity.WARNING,
    "A SECURITY DEFINER function opens a table",
    why="""
        The function runs with its owner's rights, and row security lets the owners of tables through. Whoever
        may call it gets whatever its body returns or changes, so its body is a policy that no policy file
        shows.
    """,
    fix="""
        `alter function schema.name(…) security invoker;`, or grant execution to fewer roles; if the body asks
        for `auth.uid()` and that is the rule, accept it with the reason.
    """,
    find=_openers,
    needs_database=True,
)

LOOSE_PATH: Final = Lint.of(
    "L008",
    Severity.WARNING,
    "A SECURITY DEFINER function has no fixed search_path",
    why="""
        Names in it are looked up where the caller's search_path says. Who can create an object in any schema
        of that path, temporary ones among them, can have the function use it with the owner's rights
        (PostgreSQL documentation, CREATE FUNCTION: Writing SECURITY DEFINER Functions Safely; CVE-2018-1058).
    """,
    fix="""
        `alter function schema.name(…) set search_path = '';`, with schemas before all names in its body; or a
        standard SQL body (`begin atomic … end`), whose names are fixed when it is made.
    """,
    find=_loose_paths,
    needs_database=True,
)

FOR_VISITORS: Final = Lint.of(
    "L009",
    Severity.WARNING,
    "Anonymous visitors may call a SECURITY DEFINER function that may write",
    why="""
        The function is VOLATILE and runs with its owner's rights: no policy limits what it changes, and the
        public key is enough to call it, as often as somebody likes. PostgreSQL gives EXECUTE on every new
        function to everybody.
    """,
    fix="""
        `revoke execute on function schema.name(…) from anon, public;`, or leave anon out of `execute:`; if
        visitors are meant to call it, accept it with the reason and give it `limits:`.
    """,
    find=_for_visitors,
    needs_database=True,
)

"""Which function a call means (PostgREST docs: "Functions as RPC", "Overloaded Functions")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.catalog import Catalog, Function, Name
from gateway.rest.errors import ambiguous_function, no_function
from gateway.rest.grammar.query import Argument
from gateway.rest.plan.model import Call, CallArgument, Group, Predicate, Presence, ReadTree, Test
from gateway.rest.plan.suggest import closest

_BODIES = {"json": frozenset({"json", "jsonb"}), "text": frozenset({"text"}), "xml": frozenset({"xml"}),
           "bytea": frozenset({"bytea"})}  # fmt: skip


def find_function(catalog: Catalog, name: Name, keys: frozenset[str], *, posted: str | None = None) -> Function:
    """The one overload whose parameters fit the argument names `keys`. Raises PGRST202 or PGRST203.

    Types play no part: overloads that differ only in types are ambiguous. `posted` is what a body was read as (json,
    text, xml, bytea): a function with a single unnamed parameter of that type takes the whole of it, if no other fits.
    """
    overloads = catalog.functions.get(name, ())
    found = [function for function in overloads if _fits(function, keys, posted)]
    found = found or [function for function in overloads if posted and _takes_body(function, posted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ambiguous_function(found)
    content = "json/jsonb" if posted == "json" else posted
    raise no_function(name, sorted(keys), content, _suggestion(catalog, name, keys), posted=posted is not None)


def _takes_body(function: Function, posted: str) -> bool:
    return _is_unnamed(function) and function.parameters[0].type in _BODIES[posted]


def _is_unnamed(function: Function) -> bool:
    return len(function.parameters) == 1 and not function.parameters[0].name


def _fits(function: Function, keys: frozenset[str], posted: str | None) -> bool:
    if not function.parameters:
        return not keys and posted in (None, "json")
    required = {parameter.name for parameter in function.parameters if parameter.required}
    return required <= keys <= {parameter.name for parameter in function.parameters}


def call_by_get(function: Function, arguments: Sequence[Argument], *, computed: tuple[str, ...] = ()) -> Call:
    """The call with these arguments; the last value of a name wins, a variadic parameter takes all."""
    slots: dict[str, list[int]] = {}
    for argument in arguments:
        slots.setdefault(argument.name, []).append(argument.slot)
    given: list[CallArgument] = []
    for parameter in function.parameters:
        if parameter.name in slots:
            chosen = tuple(slots[parameter.name]) if parameter.variadic else (slots[parameter.name][-1],)
            given.append(CallArgument(parameter.name, parameter.type, chosen, parameter.variadic))
    return Call(function, tuple(given), computed)


def call_by_post(
    function: Function, keys: frozenset[str], body: int, *, is_object: bool, computed: tuple[str, ...]
) -> Call:
    """The call with arguments from a JSON body in the slot `body`, or with the whole body as its only argument."""
    if _is_unnamed(function):
        return Call(function, (CallArgument("", function.parameters[0].type, (body,)),), computed)
    given = tuple(
        CallArgument(parameter.name, parameter.type, (), parameter.variadic)
        for parameter in function.parameters
        if parameter.name in keys
    )
    return Call(function, given, computed, body if given else None, is_object)


def computed_fields(tree: ReadTree, catalog: Catalog) -> tuple[str, ...]:
    """Names in a read over a function's rows that are no columns of their relation: computed fields, or mistakes."""
    relation = catalog.relations.get(tree.root.relation)
    if relation is None:
        return ()
    used = {output.column.name for output in tree.root.outputs if output.join is None}
    for condition in tree.root.where:
        used |= _tested(condition)
    used |= {term.column.name for term in tree.root.order if term.join is None}
    return tuple(sorted(used - set(relation.columns) - {"*", "count"}))


def _tested(condition: Predicate) -> set[str]:
    match condition:
        case Test():
            return {condition.column.name}
        case Group():
            return {name for child in condition.children for name in _tested(child)}
        case Presence():
            return set()


def _signature(names: Iterable[str]) -> str:
    return f"({', '.join(sorted(names))})"


def _suggestion(catalog: Catalog, name: Name, keys: frozenset[str]) -> str | None:
    overloads = catalog.functions.get(name)
    if overloads:
        signatures = [_signature(parameter.name for parameter in function.parameters) for function in overloads]
        similar = closest(_signature(keys), signatures, at_least=0.33)
        return f"Perhaps you meant to call the function {name}{similar}" if similar is not None else None
    similar = closest(name.name, sorted(known.name for known in catalog.functions if known.schema == name.schema))
    return f"Perhaps you meant to call the function {name.schema}.{similar}" if similar else None

"""The errors PostgREST's protocol names, as constructors (PostgREST docs: "Errors").

Texts are part of the wire contract: clients match on them. Errors of PostgreSQL itself are `database.DatabaseError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.catalog import Cardinality, Function, Name, Relationship
from gateway.errors import GatewayError


class RestError(GatewayError):
    """A request to `/rest/v1` that cannot be answered."""


def unparsable(what: str, text: str, column: int, details: str) -> RestError:
    """PGRST100; `what` is the grammar's name for the part, `column` counts from 1."""
    return RestError(400, "PGRST100", f'"failed to parse {what} ({text})" (line 1, column {column})', details=details)


def method_not_allowed_on_function(method: str) -> RestError:
    return RestError(405, "PGRST101", f"Cannot use the {method} method on RPC")


def range_not_satisfiable(details: str) -> RestError:
    return RestError(416, "PGRST103", "Requested range not satisfiable", details=details)


def unknown_schema(name: str, exposed: Sequence[str]) -> RestError:
    hint = f"Only the following schemas are exposed: {', '.join(exposed)}"
    return RestError(406, "PGRST106", f"Invalid schema: {name}", hint=hint)


def no_media_type(accepted: Iterable[str]) -> RestError:
    return RestError(406, "PGRST107", f"None of these media types are available: {', '.join(accepted)}")


def not_embedded(name: str, alias: str | None = None) -> RestError:
    """`alias` is what the embed must be called by when target names are not accepted any more."""
    details, hint = None, f"Verify that '{name}' is included in the 'select' query parameter."
    if alias is not None:
        details = "Target names are not allowed in filters if they have an alias"
        hint = f"Change '{name}' to '{alias}' in filters, orders or limits."
    message = f"'{name}' is not an embedded resource in this request"
    return RestError(400, "PGRST108", message, details=details, hint=hint)


def not_single(rows: int) -> RestError:
    message = "Cannot coerce the result to a single JSON object"
    return RestError(406, "PGRST116", message, details=f"The result contains {rows} rows")


def unsupported_method(method: str) -> RestError:
    return RestError(405, "PGRST117", f"Unsupported HTTP method: {method}")


def related_order_not_to_one(origin: str, target: str) -> RestError:
    details = f"'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"
    return RestError(400, "PGRST118", f"A related order on '{target}' is not possible", details=details)


def invalid_preferences(names: Iterable[str]) -> RestError:
    message = "Invalid preferences given with handling=strict"
    return RestError(400, "PGRST122", message, details=f"Invalid preferences: {', '.join(names)}")


def aggregates_disabled() -> RestError:
    return RestError(400, "PGRST123", "Use of aggregate functions is not allowed")


def invalid_path() -> RestError:
    return RestError(404, "PGRST125", "Invalid path specified in request URL")


def root_disabled() -> RestError:
    return RestError(404, "PGRST126", "Root endpoint metadata is disabled")


def not_implemented(details: str) -> RestError:
    return RestError(400, "PGRST127", "Feature not implemented", details=details)


def max_affected_on_single_result() -> RestError:
    message = "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"
    return RestError(400, "PGRST128", message)


def bad_response_headers() -> RestError:
    message = "response.headers guc must be a JSON array composed of objects with a single key and a string value"
    return RestError(500, "PGRST111", message)


def bad_response_status() -> RestError:
    return RestError(500, "PGRST112", "response.status guc must be a valid status code")


def no_relationship(origin: str, target: str, hint_used: str | None, schema: str, suggestion: str | None) -> RestError:
    using = f" using the hint '{hint_used}'" if hint_used is not None else ""
    details = (
        f"Searched for a foreign key relationship between '{origin}' and '{target}'{using} "
        f"in the schema '{schema}', but no matches were found."
    )
    message = f"Could not find a relationship between '{origin}' and '{target}' in the schema cache"
    return RestError(400, "PGRST200", message, details=details, hint=suggestion)


def ambiguous_relationship(origin: str, target: str, found: Sequence[Relationship]) -> RestError:
    """PGRST201. The details list every candidate; the hint says how to write each one."""
    choices = ", ".join(f"'{r.target.name}!{_selector(r)}'" for r in found)
    hint = (
        f"Try changing '{target}' to one of the following: {choices}. "
        "Find the desired relationship in the 'details' key."
    )
    message = f"Could not embed because more than one relationship was found for '{origin}' and '{target}'"
    return RestError(300, "PGRST201", message, details=[_describe(r) for r in found], hint=hint)


def _selector(relationship: Relationship) -> str:
    return relationship.junction.table.name if relationship.junction else relationship.constraint


def _describe(relationship: Relationship) -> dict[str, str]:
    origin, target, junction = relationship.origin.name, relationship.target.name, relationship.junction
    if relationship.cardinality is Cardinality.MANY_TO_MANY and junction is not None:
        first = ", ".join(column for _, column in junction.origin_columns)
        second = ", ".join(column for _, column in junction.target_columns)
        text = (
            f"{junction.table.name} using {junction.origin_constraint}({first}) "
            f"and {junction.target_constraint}({second})"
        )
    else:
        here = ", ".join(column for column, _ in relationship.columns)
        there = ", ".join(column for _, column in relationship.columns)
        text = f"{relationship.constraint} using {origin}({here}) and {target}({there})"
    return {
        "cardinality": relationship.cardinality.value,
        "embedding": f"{origin} with {target}",
        "relationship": text,
    }


def no_function(
    name: Name, arguments: Sequence[str], content: str | None, suggestion: str | None, *, posted: bool
) -> RestError:
    """PGRST202. `content` is the type of the single unnamed parameter that a posted body could have filled
    ("json/jsonb", "text", "xml", "bytea"); `arguments` are sorted."""
    keys = ", ".join(arguments)
    raw = content if content not in (None, "json/jsonb") else None
    if raw is not None:
        message = f"Could not find the function {name} in the schema cache"
        searched = f"with a single unnamed {raw} parameter"
    elif arguments:
        message = f"Could not find the function {name}({keys}) in the schema cache"
        searched = f"with parameter{'s' if len(arguments) > 1 else ''} {keys}"
    else:
        message = f"Could not find the function {name} without parameters in the schema cache"
        searched = "without parameters"
    if posted and content == "json/jsonb":
        searched += " or with a single unnamed json/jsonb parameter"
    details = f"Searched for the function {name} {searched}, but no matches were found in the schema cache."
    return RestError(404, "PGRST202", message, details=details, hint=suggestion if raw is None else None)


def ambiguous_function(found: Sequence[Function]) -> RestError:
    def signature(function: Function) -> str:
        return f"{function.name}({', '.join(f'{p.name} => {p.type}' for p in function.parameters)})"

    message = f"Could not choose the best candidate function between: {', '.join(map(signature, found))}"
    hint = "Try renaming the parameters or the function itself in the database so function overloading can be resolved"
    return RestError(300, "PGRST203", message, hint=hint)


def unknown_column(column: str, table: str) -> RestError:
    return RestError(400, "PGRST204", f"Could not find the '{column}' column of '{table}' in the schema cache")


def put_filters() -> RestError:
    return RestError(405, "PGRST105", "Filters must include all and only primary key columns with 'eq' operators")


def put_range() -> RestError:
    return RestError(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT")


def put_mismatch() -> RestError:
    return RestError(400, "PGRST115", "Payload values do not match URL in primary key column(s)")


def too_many_affected(rows: int) -> RestError:
    message = "Query result exceeds max-affected preference constraint"
    return RestError(400, "PGRST124", message, details=f"The query affects {rows} rows")


def no_table(name: Name, suggestion: Name | None) -> RestError:
    hint = f"Perhaps you meant the table '{suggestion}'" if suggestion else None
    return RestError(404, "PGRST205", f"Could not find the table '{name}' in the schema cache", hint=hint)

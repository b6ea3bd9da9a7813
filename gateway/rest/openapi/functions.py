"""Functions: the paths below /rpc."""

from __future__ import annotations

from collections.abc import Set

from gateway.catalog import Function, Parameter, Volatility
from gateway.database import quote_identifier
from gateway.rest.openapi.fragments import operation, reference
from gateway.rest.openapi.jsontypes import Json, element_type, json_format, json_type, schema_of, typed

_PRODUCES = (
    "application/json",
    "application/vnd.pgrst.object+json;nulls=stripped",
    "application/vnd.pgrst.object+json",
)


def function_path(function: Function, path: Set[str]) -> Json:
    """POST always, GET if the function is not volatile. `path` lists the schemas whose types go without them."""

    def told(parameters: list[Json]) -> Json:
        parts: Json = {"produces": list(_PRODUCES), "responses": {"200": {"description": "OK"}}}
        if parameters:
            parts["parameters"] = parameters
        return operation(f"(rpc) {function.name.name}", function.description, parts)

    body = {"name": "args", "required": True, "in": "body", "schema": _arguments(function, path)}
    methods = {"post": told([body, reference("parameters", "preferParams")])}
    if function.volatility is not Volatility.VOLATILE:
        methods["get"] = told([_query_parameter(parameter, path) for parameter in function.parameters])
    return methods


def _arguments(function: Function, path: Set[str]) -> Json:
    """The schema of all arguments as one JSON object."""
    schema: Json = {"type": "object"}
    if function.description is not None:
        schema["description"] = function.description
    if function.parameters:
        schema["properties"] = {p.name: schema_of(_type_name(p, path)) for p in function.parameters}
    required = [parameter.name for parameter in function.parameters if parameter.required]
    if required:
        schema["required"] = required
    return schema


def _query_parameter(parameter: Parameter, path: Set[str]) -> Json:
    """An argument in the query string. Arrays are written there as PostgreSQL writes them (``{1,2}``), except those
    of variadic parameters, which are repeated."""
    sql_type = _type_name(parameter, path)
    told: Json = {"name": parameter.name, "required": parameter.required, "in": "query"}
    if parameter.variadic:
        element = element_type(sql_type)
        items = {"format": json_format(element), **typed(json_type(element))}
        return {**told, "type": "array", "items": items, "collectionFormat": "multi"}
    kind = json_type(sql_type)
    return {**told, "type": "string" if kind in (None, "array") else kind, "format": json_format(sql_type)}


def _type_name(parameter: Parameter, path: Set[str]) -> str:
    printed, schema = parameter.display_type, parameter.type_name.schema
    if schema in path:
        for prefix in (f"{schema}.", f"{quote_identifier(schema)}."):
            if printed.startswith(prefix):
                return printed[len(prefix) :]
    return printed

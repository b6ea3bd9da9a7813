"""Tables and views: their paths, row definitions and parameters."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.catalog import Column, Relation, Relationship
from gateway.rest.openapi.fragments import operation, reference
from gateway.rest.openapi.jsontypes import Json, json_default, schema_of
from gateway.rest.openapi.parameters import filter_parameter

_READING = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")


def relation_path(relation: Relation) -> Json:
    """GET always; POST, PATCH and DELETE if anything can be written."""
    name = relation.name.name
    filters = [f"rowFilter.{name}.{column}" for column in relation.columns]
    rows = {"type": "array", "items": reference("definitions", name)}

    def told(parameters: Sequence[str], responses: Json) -> Json:
        references = [reference("parameters", parameter) for parameter in parameters]
        return operation(name, relation.description, {"parameters": references, "responses": responses})

    path = {
        "get": told(
            [*filters, *_READING],
            {"200": {"description": "OK", "schema": rows}, "206": {"description": "Partial Content"}},
        )
    }
    if relation.insertable or relation.updatable or relation.deletable:
        done = {"204": {"description": "No Content"}}
        created = {"201": {"description": "Created"}}
        path["post"] = told([f"body.{name}", "select", "preferPost"], created)
        path["patch"] = told([*filters, f"body.{name}", "preferReturn"], done)
        path["delete"] = told([*filters, "preferReturn"], done)
    return path


def relation_parameters(relation: Relation) -> dict[str, Json]:
    """The body of a row and a filter for each column."""
    name = relation.name.name
    body = {
        "name": name,
        "description": name,
        "required": False,
        "in": "body",
        "schema": reference("definitions", name),
    }
    filters = {
        f"rowFilter.{name}.{column.name}": filter_parameter(column.name, column.description)
        for column in relation.columns.values()
    }
    return {f"body.{name}": body, **filters}


def relation_definition(relation: Relation, relationships: Sequence[Relationship]) -> Json:
    """The schema of a row. `relationships` are those that begin at the relation; they tell what refers where."""
    targets = _references(relationships)
    definition: Json = {"type": "object"}
    if relation.description is not None:
        definition["description"] = relation.description
    if relation.columns:
        definition["properties"] = {
            name: _property(column, name in relation.primary_key, targets.get(name))
            for name, column in relation.columns.items()
        }
    required = [name for name, column in relation.columns.items() if not column.nullable]
    if required:
        definition["required"] = required
    return definition


def _references(relationships: Sequence[Relationship]) -> dict[str, tuple[str, str]]:
    """Where foreign keys of a single column lead: (relation, column) by column, tables before views."""
    found: dict[str, tuple[str, str]] = {}
    for relationship in sorted(relationships, key=lambda r: r.target_is_view):
        if relationship.to_one and not relationship.inverse and len(relationship.columns) == 1:
            ((column, target),) = relationship.columns
            found.setdefault(column, (relationship.target.name, target))
    return found


def _property(column: Column, primary: bool, target: tuple[str, str] | None) -> Json:
    told = schema_of(column.base_type)
    description = _describe(column.description, primary, target)
    if description is not None:
        told["description"] = description
    default = json_default(column.default, column.base_type) if column.default is not None else None
    if default is not None:
        told["default"] = default
    if column.enum:
        told["enum"] = list(column.enum)
    if column.max_length is not None:
        told["maxLength"] = column.max_length
    return told


def _describe(comment: str | None, primary: bool, target: tuple[str, str] | None) -> str | None:
    """The comment, and what the column is a key of in the form that tools look for."""
    notes: list[str] = []
    if primary:
        notes.append("This is a Primary Key.<pk/>")
    if target is not None:
        table, key = target
        notes.append(f"This is a Foreign Key to `{table}.{key}`.<fk table='{table}' column='{key}'/>")
    if not notes:
        return comment
    return "\n".join([*([comment, ""] if comment is not None else []), "Note:", *notes])

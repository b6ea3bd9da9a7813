"""Identifiers in SQL text. Everything else that comes from outside is a parameter."""

from __future__ import annotations

from gateway.catalog import Name
from gateway.database import quote_identifier
from gateway.rest.plan.model import Node

__all__ = ["node_prefix", "qualified", "quote_identifier"]


def qualified(name: Name) -> str:
    """A schema-qualified name; without a schema, the bare name."""
    if not name.schema:
        return quote_identifier(name.name)
    return f"{quote_identifier(name.schema)}.{quote_identifier(name.name)}"


def node_prefix(node: Node) -> str:
    """What the columns of a node are qualified with."""
    return quote_identifier(node.alias) if node.alias is not None else qualified(node.relation)

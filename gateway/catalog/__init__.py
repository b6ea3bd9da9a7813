"""What the database has: relations, columns, keys, relationships, functions; loading and reloading."""

from gateway.catalog.load import load_catalog
from gateway.catalog.model import (
    Cardinality,
    Catalog,
    Column,
    Function,
    Junction,
    MediaDomain,
    MediaHandler,
    Name,
    Parameter,
    Relation,
    RelationKind,
    Relationship,
    Representation,
    ReturnType,
    RoleSettings,
    Volatility,
)

__all__ = [
    "Cardinality",
    "Catalog",
    "Column",
    "Function",
    "Junction",
    "MediaDomain",
    "MediaHandler",
    "Name",
    "Parameter",
    "Relation",
    "RelationKind",
    "Relationship",
    "Representation",
    "ReturnType",
    "RoleSettings",
    "Volatility",
    "load_catalog",
]

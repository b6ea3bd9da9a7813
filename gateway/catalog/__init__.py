"""What the database has: relations, columns, keys, relationships, functions; loading and reloading."""

from gateway.catalog.config import read_database_config
from gateway.catalog.dump import dump
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
from gateway.catalog.reload import CatalogKeeper, KeeperStatus

__all__ = [
    "Cardinality",
    "Catalog",
    "CatalogKeeper",
    "Column",
    "Function",
    "Junction",
    "KeeperStatus",
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
    "dump",
    "load_catalog",
    "read_database_config",
]

"""What the database has: relations, columns, keys, relationships, functions; loading and reloading."""

from gateway.catalog.caching import CacheTerms, Caching
from gateway.catalog.code import FunctionCode
from gateway.catalog.config import read_database_config
from gateway.catalog.dump import dump
from gateway.catalog.footprint import ALL, Annotation, CacheKey, Claims, Footprint, Footprints, Sharing, joined, key
from gateway.catalog.load import load_catalog
from gateway.catalog.load_code import load_footprints, read_footprints
from gateway.catalog.marks import read_definitions
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
from gateway.catalog.trust import lying_functions

__all__ = [
    "ALL",
    "Annotation",
    "CacheKey",
    "CacheTerms",
    "Caching",
    "Cardinality",
    "Catalog",
    "CatalogKeeper",
    "Claims",
    "Column",
    "Footprint",
    "Footprints",
    "Function",
    "FunctionCode",
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
    "Sharing",
    "Volatility",
    "dump",
    "joined",
    "key",
    "load_catalog",
    "load_footprints",
    "lying_functions",
    "read_database_config",
    "read_definitions",
    "read_footprints",
]

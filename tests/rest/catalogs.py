"""Catalogs built by hand, for tests of plans and statements; and the way from a query string to both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from gateway.catalog import Cardinality, Catalog, Column, Function, Junction, Name, Relation, Relationship
from gateway.catalog.model import (
    MediaDomain,
    MediaHandler,
    Parameter,
    RelationKind,
    Representation,
    ReturnType,
    Volatility,
)
from gateway.rest.grammar.query import parse_shape, read_query
from gateway.rest.plan.model import ReadTree
from gateway.rest.plan.tree import ReadRules, read_tree

SCHEMA = "api"
Pairs = tuple[tuple[str, str], ...]


def name(text: str) -> Name:
    schema, _, rest = text.rpartition(".")
    return Name(schema or SCHEMA, rest)


def type_name(text: str) -> Name:
    return name(text) if "." in text else Name("pg_catalog", text)


def relation(
    relation_name: str,
    columns: str,
    *,
    kind: RelationKind = RelationKind.TABLE,
    key: tuple[str, ...] = ("id",),
    opaque: str | None = None,
) -> Relation:
    """`columns` as in `id int4, title text, isbn api.isbn/text`: a domain with its base type after the slash."""
    found: dict[str, Column] = {}
    for each in columns.split(", "):
        column, declared = each.split(" ", 1)
        nominal, _, base = declared.partition("/")
        found[column] = Column(column, nominal, base or nominal, type_name(nominal), nullable=True)
    return Relation(name(relation_name), kind, found, key, opaque=opaque)


def foreign_key(
    origin: str, target: str, pairs: Pairs, *, constraint: str | None = None, unique: bool = False
) -> list[Relationship]:
    """Both directions of a foreign key; `unique` makes it one-to-one."""
    called = constraint or f"{origin}_{'_'.join(column for column, _ in pairs)}_fkey"
    here = Cardinality.ONE_TO_ONE if unique else Cardinality.MANY_TO_ONE
    there = Cardinality.ONE_TO_ONE if unique else Cardinality.ONE_TO_MANY
    own = origin == target
    forth = Relationship(name(origin), name(target), here, called, pairs, is_self=own)
    back = tuple((to, of) for of, to in pairs)
    return [forth, Relationship(name(target), name(origin), there, called, back, inverse=True, is_self=own)]


def junction(table: str, one: tuple[str, Pairs], other: tuple[str, Pairs]) -> list[Relationship]:
    """Both directions of a many-to-many; each end is (relation, pairs of its column and the junction's)."""
    found: list[Relationship] = []
    for (origin, near), (target, far) in ((one, other), (other, one)):
        constraints = [f"{table}_{'_'.join(column for _, column in pairs)}_fkey" for pairs in (near, far)]
        between = Junction(name(table), constraints[0], constraints[1], near, far)
        many = Cardinality.MANY_TO_MANY
        found.append(Relationship(name(origin), name(target), many, constraints[0], junction=between))
    return found


def computed(
    function: str, origin: str, target: str, *, single: bool = False, opaque: str | None = None
) -> Relationship:
    cardinality = Cardinality.MANY_TO_ONE if single else Cardinality.ONE_TO_MANY
    return Relationship(
        name(origin), name(target), cardinality, function, function=name(function), single_row=single, opaque=opaque
    )


def function(
    function_name: str,
    parameters: str = "",
    *,
    returns: str = "int4",
    rows_of: str | None = None,
    setof: bool = False,
    columns: Pairs = (),
    volatility: Volatility = Volatility.STABLE,
) -> Function:
    """`parameters` as in `a int4, b text =, variadic c int4[]`: `=` marks a default. `rows_of` names the relation
    whose row type is returned."""
    found: list[Parameter] = []
    for each in parameters.split(", ") if parameters else ():
        words = each.split(" ")
        variadic, required = words[0] == "variadic", words[-1] != "="
        words = [word for word in words if word not in ("variadic", "=")]
        found.append(Parameter(words[0], words[1], type_name(words[1]), required, variadic, words[1]))
    of = name(rows_of) if rows_of else None
    result = ReturnType(
        of or type_name(returns), setof, bool(of or columns or returns == "record"), returns == "void", of, columns
    )
    variadic = any(parameter.variadic for parameter in found)
    return Function(name(function_name), tuple(found), result, volatility, variadic)


def catalog(
    *relations: Relation,
    relationships: Sequence[Relationship] = (),
    functions: Sequence[Function] = (),
    representations: Sequence[Representation] = (),
    handlers: Sequence[MediaHandler] = (),
    media_domains: Sequence[tuple[Name, MediaDomain]] = (),
    opaque_operators: str | None = None,
) -> Catalog:
    by_origin: dict[Name, list[Relationship]] = defaultdict(list)
    for relationship in relationships:
        by_origin[relationship.origin].append(relationship)
    by_name: dict[Name, list[Function]] = defaultdict(list)
    for each in functions:
        by_name[each.name].append(each)
    return Catalog(
        schemas={SCHEMA: None},
        relations={each.name: each for each in relations},
        relationships={origin: tuple(found) for origin, found in by_origin.items()},
        functions={called: tuple(found) for called, found in by_name.items()},
        representations={(each.source, each.target): each for each in representations},
        media_handlers=tuple(handlers),
        media_domains=dict(media_domains),
        role_settings={},
        timezones=frozenset(),
        server_version=180000,
        opaque_operators=opaque_operators,
    )


# -- a library ------------------------------------------------------------------------------------------------------

BOOKS = relation(
    "books",
    "id int4, title text, year int4, price numeric, author_id int4, sequel_of int4, shelf_row int4, shelf_no int4, "
    "meta jsonb, tags text[], body tsvector, isbn api.isbn/text",
)
AUTHORS = relation("authors", "id int4, name text, born date, rival_id int4")
BIOGRAPHIES = relation("biographies", "author_id int4, text text", key=("author_id",))
READERS = relation("readers", "id int4, name text")
LOANS = relation("loans", "book_id int4, reader_id int4, due date", key=("book_id", "reader_id"))
REVIEWS = relation("reviews", "id int4, book_id int4, by_reader int4, seen_by int4, stars int4")
SHELVES = relation("shelves", "row int4, no int4, room text", key=("row", "no"))

RELATIONSHIPS = [
    *foreign_key("books", "authors", (("author_id", "id"),)),
    *foreign_key("books", "books", (("sequel_of", "id"),)),
    *foreign_key("books", "shelves", (("shelf_row", "row"), ("shelf_no", "no")), constraint="books_shelf_fkey"),
    *foreign_key("biographies", "authors", (("author_id", "id"),), unique=True),
    *foreign_key("loans", "books", (("book_id", "id"),)),
    *foreign_key("loans", "readers", (("reader_id", "id"),)),
    *foreign_key("reviews", "books", (("book_id", "id"),)),
    *foreign_key("reviews", "readers", (("by_reader", "id"),)),
    *foreign_key("reviews", "readers", (("seen_by", "id"),)),
    *junction("loans", ("books", (("id", "book_id"),)), ("readers", (("id", "reader_id"),))),
    computed("best_book", "authors", "books", single=True),
    computed("similar", "books", "books"),
]

LIBRARY = catalog(
    BOOKS,
    AUTHORS,
    BIOGRAPHIES,
    READERS,
    LOANS,
    REVIEWS,
    SHELVES,
    relationships=RELATIONSHIPS,
    functions=[
        function("books_since", "year int4, lang text =", rows_of="books", setof=True),
        function("total", "variadic amounts int4[]"),
        function("close_all", returns="void"),
        function("pair", returns="record", columns=(("a", "int4"), ("b", "text"))),
        function("names", returns="text", setof=True),
        function("twice", "a int4"),
        function("twice", "a text"),
        function("found", "q text"),
        function("found", "q text, lang text"),
    ],
)

ISBN = Name(SCHEMA, "isbn")
ISBN_IN = Representation(Name("pg_catalog", "text"), ISBN, Name(SCHEMA, "isbn_of_text"))
ISBN_OUT = Representation(ISBN, Name("pg_catalog", "json"), Name(SCHEMA, "isbn_to_json"))
REPRESENTED = replace(LIBRARY, representations={(each.source, each.target): each for each in (ISBN_IN, ISBN_OUT)})


def tree(
    query: str, table: str = "books", *, of: Catalog = LIBRARY, rules: ReadRules | None = None, call: bool = False
) -> ReadTree:
    """The tree of a query string (not percent-encoded where that is no matter), as `compile` makes it."""
    read = read_query(query, call=call)
    slots = len(read.values)
    limit = offset = None
    if read.limit is not None:
        limit, slots = slots, slots + 1
    if read.offset > 0:
        offset = slots
    clauses = parse_shape(read.shape)
    return read_tree(clauses, name(table), of, rules or ReadRules(), limit=limit, offset=offset, derived=call)

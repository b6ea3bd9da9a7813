"""Which relationship an embed means, by cardinality, name, hint and direction; what is said when none or many do."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.catalog import Cardinality
from gateway.rest.errors import RestError
from gateway.rest.plan.model import Embed, Mode
from tests.rest.catalogs import LIBRARY, RELATIONSHIPS, catalog, foreign_key, relation, tree

M2O, O2M, O2O, M2M = (
    Cardinality.MANY_TO_ONE,
    Cardinality.ONE_TO_MANY,
    Cardinality.ONE_TO_ONE,
    Cardinality.MANY_TO_MANY,
)


def embed(query: str, table: str = "books") -> Embed:
    [found] = tree(f"select={query}", table).root.embeds
    return found


@pytest.mark.parametrize(
    ("table", "query", "cardinality", "constraint", "mode"),
    [
        ("books", "authors(id)", M2O, "books_author_id_fkey", Mode.OBJECT),
        ("books", "author_id(id)", M2O, "books_author_id_fkey", Mode.OBJECT),
        ("books", "books_author_id_fkey(id)", M2O, "books_author_id_fkey", Mode.OBJECT),
        ("books", "authors!author_id(id)", M2O, "books_author_id_fkey", Mode.OBJECT),
        ("books", "authors!books_author_id_fkey(id)", M2O, "books_author_id_fkey", Mode.OBJECT),
        ("books", "authors!id(id)", M2O, "books_author_id_fkey", Mode.OBJECT),
        ("books", "shelves(room)", M2O, "books_shelf_fkey", Mode.OBJECT),
        ("books", "books_shelf_fkey(room)", M2O, "books_shelf_fkey", Mode.OBJECT),
        ("authors", "books(id)", O2M, "books_author_id_fkey", Mode.ARRAY),
        ("authors", "books!author_id(id)", O2M, "books_author_id_fkey", Mode.ARRAY),
        ("authors", "books!books_author_id_fkey(id)", O2M, "books_author_id_fkey", Mode.ARRAY),
        ("authors", "biographies(text)", O2O, "biographies_author_id_fkey", Mode.OBJECT),
        ("biographies", "authors(name)", O2O, "biographies_author_id_fkey", Mode.OBJECT),
        ("books", "readers(name)", M2M, "loans_book_id_fkey", Mode.ARRAY),
        ("books", "readers!loans(name)", M2M, "loans_book_id_fkey", Mode.ARRAY),
        ("readers", "books(title)", M2M, "loans_reader_id_fkey", Mode.ARRAY),
        ("books", "loans(due)", O2M, "loans_book_id_fkey", Mode.ARRAY),
        ("reviews", "readers!by_reader(name)", M2O, "reviews_by_reader_fkey", Mode.OBJECT),
        ("reviews", "seen_by(name)", M2O, "reviews_seen_by_fkey", Mode.OBJECT),
        ("readers", "reviews!seen_by(stars)", O2M, "reviews_seen_by_fkey", Mode.ARRAY),
        # a table that refers to itself: by its own name the children, by the column's name the parent
        ("books", "books(title)", O2M, "books_sequel_of_fkey", Mode.ARRAY),
        ("books", "books!sequel_of(title)", O2M, "books_sequel_of_fkey", Mode.ARRAY),
        ("books", "sequel_of(title)", M2O, "books_sequel_of_fkey", Mode.OBJECT),
        ("authors", "best_book(title)", M2O, "best_book", Mode.OBJECT),
        ("books", "similar(title)", O2M, "similar", Mode.ARRAY),
        ("books", "similar!whatever(title)", O2M, "similar", Mode.ARRAY),
        ("books", "...authors(name)", M2O, "books_author_id_fkey", Mode.SPREAD_ONE),
        ("authors", "...books(title)", O2M, "books_author_id_fkey", Mode.SPREAD_MANY),
    ],
)
def test_found(table: str, query: str, cardinality: Cardinality, constraint: str, mode: Mode) -> None:
    found = embed(query, table)
    assert (found.relationship.cardinality, found.relationship.constraint) == (cardinality, constraint)
    assert found.mode is mode


@pytest.mark.parametrize(
    ("query", "key", "inner", "hidden"),
    [
        ("authors(id)", "authors", False, False),
        ("writer:authors(id)", "writer", False, False),
        ("author_id(id)", "author_id", False, False),
        ("authors!inner(id)", "authors", True, False),
        ("authors!left(id)", "authors", False, False),
        ("authors()", "authors", False, True),
        ("authors(biographies())", "authors", False, True),
        ("authors(biographies(text))", "authors", False, False),
        ("authors!inner()", "authors", True, True),
    ],
)
def test_written_as(query: str, key: str, inner: bool, hidden: bool) -> None:
    found = embed(query)
    assert (found.key, found.inner, found.hidden) == (key, inner, hidden)


def test_every_level_has_names_of_its_own() -> None:
    outer = embed("sequel_of(sequel_of(title),x:sequel_of(title))")
    first, second = outer.node.embeds
    assert (outer.node.alias, outer.join) == ("books_1", "books_sequel_of_1")
    assert (first.node.alias, second.node.alias) == ("books_2", "books_2")
    assert (first.join, second.join) == ("books_sequel_of_2", "books_x_2")


NOT_FOUND = "Searched for a foreign key relationship between {} in the schema 'api', but no matches were found."


def test_long_names_stay_apart_where_postgresql_cuts_them() -> None:
    long = "x" * 60 + "\u00e9"
    chain = catalog(
        relation(f"{long}a", "id int4, parent int4"),
        relationships=foreign_key(f"{long}a", f"{long}a", (("parent", "id"),), constraint="parents"),
    )
    outer, other = tree(
        f"select={long}b:parent(parent(parent(id))),{long}c:parent(id)", f"{long}a", of=chain
    ).root.embeds
    inner = outer.node.embeds[0]
    aliases = [outer.join, other.join, outer.node.alias, inner.join, inner.node.alias, inner.node.embeds[0].node.alias]
    cut = {alias.encode()[:63] for alias in aliases if alias}
    assert len(cut) == len(aliases)
    assert all(len(f"{alias}_junction".encode()) <= 63 for alias in aliases)


@pytest.mark.parametrize(
    ("query", "searched", "hint"),
    [
        ("author(id)", "'books' and 'author'", "Perhaps you meant 'authors' instead of 'author'."),
        ("authors!nope(id)", "'books' and 'authors' using the hint 'nope'", None),
        ("xyzzy_q(id)", "'books' and 'xyzzy_q'", None),
        # hints go with the table's name only; one column of a longer key and the junction's keys are no hints
        ("author_id!books_author_id_fkey(id)", "'books' and 'author_id' using the hint 'books_author_id_fkey'", ...),
        ("shelves!shelf_row(room)", "'books' and 'shelves' using the hint 'shelf_row'", None),
        ("readers!loans_book_id_fkey(name)", "'books' and 'readers' using the hint 'loans_book_id_fkey'", None),
    ],
)
def test_not_found(query: str, searched: str, hint: str | None) -> None:
    with pytest.raises(RestError) as refused:
        tree(f"select={query}")
    error = refused.value
    assert (error.status, error.code) == (400, "PGRST200")
    assert error.details == NOT_FOUND.format(searched)
    ends = searched.partition(" using")[0]
    assert error.message == f"Could not find a relationship between {ends} in the schema cache"
    assert hint is ... or error.hint == hint


def many(query: str, table: str) -> Any:
    with pytest.raises(RestError) as refused:
        tree(f"select={query}", table)
    assert (refused.value.status, refused.value.code) == (300, "PGRST201")
    return refused.value


def test_more_than_one_found() -> None:
    error = many("readers(name)", "reviews")
    assert error.message == ("Could not embed because more than one relationship was found for 'reviews' and 'readers'")
    assert error.hint == (
        "Try changing 'readers' to one of the following: 'readers!reviews_by_reader_fkey', "
        "'readers!reviews_seen_by_fkey'. Find the desired relationship in the 'details' key."
    )
    assert error.details == [
        {
            "cardinality": "many-to-one",
            "embedding": "reviews with readers",
            "relationship": f"reviews_{column}_fkey using reviews({column}) and readers(id)",
        }
        for column in ("by_reader", "seen_by")
    ]


def test_more_than_one_found_through_a_junction() -> None:
    extra = foreign_key("books", "readers", (("author_id", "id"), ("year", "born")), constraint="twofold")
    both = catalog(*LIBRARY.relations.values(), relationships=[*RELATIONSHIPS, *extra])
    with pytest.raises(RestError) as refused:
        tree("select=readers(name)", of=both)
    error = refused.value
    assert error.hint is not None
    assert "'readers!loans', 'readers!twofold'" in error.hint
    assert error.details == [
        {
            "cardinality": "many-to-many",
            "embedding": "books with readers",
            "relationship": "loans using loans_book_id_fkey(book_id) and loans_reader_id_fkey(reader_id)",
        },
        {
            "cardinality": "many-to-one",
            "embedding": "books with readers",
            "relationship": "twofold using books(author_id, year) and readers(id, born)",
        },
    ]


def test_other_schemas_are_no_targets() -> None:
    elsewhere = relation("hidden.authors", "id int4, name text")
    apart = catalog(
        *LIBRARY.relations.values(),
        elsewhere,
        relationships=foreign_key("books", "hidden.authors", (("author_id", "id"),), constraint="c"),
    )
    with pytest.raises(RestError, match="Could not find a relationship"):
        tree("select=authors(name)", of=apart)

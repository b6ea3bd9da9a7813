"""Filters, orders and ranges find the embed they are addressed to; null filters, related orders, aggregates."""

from __future__ import annotations

import pytest

from gateway.rest.errors import RestError
from gateway.rest.grammar.syntax import Aggregate
from gateway.rest.plan import model
from gateway.rest.plan.model import Embed, Lifted, Node, Ordering, Presence
from gateway.rest.plan.tree import ReadRules
from tests.rest.catalogs import REPRESENTED, tree

AGGREGATES = ReadRules(aggregates=True)
STRICT_NAMES = ReadRules(legacy_names=False)


def names(node: Node) -> list[str]:
    return [condition.column.name for condition in node.where if isinstance(condition, model.Test)]


def only(query: str, table: str = "books", rules: ReadRules | None = None) -> Embed:
    [found] = tree(query, table, rules=rules).root.embeds
    return found


def refused(query: str, table: str = "books", rules: ReadRules | None = None) -> RestError:
    with pytest.raises(RestError) as caught:
        tree(query, table, rules=rules)
    return caught.value


@pytest.mark.parametrize(
    "query",
    [
        "select=x:authors(id)&x.name=eq.a&x.order=id&x.limit=3&x.offset=2",
        "select=x:authors(id)&authors.name=eq.a&authors.order=id&authors.limit=3&authors.offset=2",
        "select=authors(id)&authors.name=eq.a&authors.order=id&authors.limit=3&authors.offset=2",
        "select=...authors(id)&authors.name=eq.a&authors.order=id&authors.limit=3&authors.offset=2",
        "select=authors(id)&authors.and=(name.eq.a)&authors.order=id&authors.limit=3&authors.offset=2",
    ],
)
def test_clauses_of_an_embed(query: str) -> None:
    node = only(query).node
    assert len(node.where) == 1
    assert [term.column.name for term in node.order] == ["id"]
    assert (node.limit, node.offset) == (1, 2)


def test_clauses_of_the_root_stay_there() -> None:
    root = tree("select=authors(id)&year=eq.1&order=id&limit=3&offset=2").root
    assert names(root) == ["year"]
    assert (root.limit, root.offset) == (1, 2)
    assert root.embeds[0].node.where == ()


def test_clauses_reach_any_depth() -> None:
    root = tree("select=authors(books(reviews(id)))&authors.books.reviews.stars=gt.3&authors.books.year=gt.0").root
    books = root.embeds[0].node.embeds[0].node
    assert (names(books), names(books.embeds[0].node)) == (["year"], ["stars"])


def test_the_first_embed_of_a_name_is_meant() -> None:
    root = tree("select=a:authors(id),b:authors(id)&authors.name=eq.x").root
    assert [names(embed.node) for embed in root.embeds] == [["name"], []]


def test_the_use_of_a_target_name_is_noted() -> None:
    assert tree("select=x:authors(id)&authors.name=eq.a").legacy_names == (("authors", "x"),)
    assert tree("select=x:authors(id)&x.name=eq.a").legacy_names == ()


@pytest.mark.parametrize(
    "query",
    [
        "authors.name=eq.x",
        "authors.order=id",
        "authors.limit=1",
        "authors.offset=1",
        "authors.or=(name.eq.x)",
        "select=authors(id)&authors.books.year=eq.1&authors.limit=1",
    ],
)
def test_clauses_of_what_is_not_embedded(query: str) -> None:
    error = refused(query)
    wanted = "books" if "books" in query else "authors"
    assert (error.status, error.code) == (400, "PGRST108")
    assert error.message == f"'{wanted}' is not an embedded resource in this request"
    assert error.hint == f"Verify that '{wanted}' is included in the 'select' query parameter."


def test_target_names_are_refused_where_only_aliases_count() -> None:
    error = refused("select=x:authors(id)&authors.name=eq.a", rules=STRICT_NAMES)
    assert (error.code, error.details) == (
        "PGRST108",
        "Target names are not allowed in filters if they have an alias",
    )
    assert error.hint == "Change 'authors' to 'x' in filters, orders or limits."
    assert names(only("select=authors(id)&authors.name=eq.a", rules=STRICT_NAMES).node) == ["name"]


@pytest.mark.parametrize(
    ("query", "presence"),
    [
        ("select=authors(id)&authors=is.null", Presence("books_authors_1", present=False, many=False)),
        ("select=authors()&authors=not.is.null", Presence("books_authors_1", present=True, many=False)),
        ("select=readers(id)&readers=is.null", Presence("books_readers_1", present=False, many=True)),
        ("select=x:readers(id)&x=not.is.null", Presence("books_x_1", present=True, many=True)),
        ("select=...authors(id)&authors=is.null", Presence("books_authors_1", present=False, many=False)),
    ],
)
def test_null_filters_on_embeds(query: str, presence: Presence) -> None:
    assert tree(query).root.where == (presence,)


@pytest.mark.parametrize(
    "query",
    [
        "select=authors(id)&authors=is.not_null",
        "select=authors(id)&authors=eq.1",
        "select=x:authors(id)&authors=is.null",
        "select=authors(id)&authors->a=is.null",
        "select=id&authors=is.null",
    ],
)
def test_what_is_no_null_filter_on_an_embed_tests_a_column(query: str) -> None:
    assert names(tree(query).root) == ["authors"]


@pytest.mark.parametrize(
    ("table", "query", "join"),
    [
        ("books", "select=authors(id)&order=authors(name)", "books_authors_1"),
        ("books", "select=x:authors(id)&order=x(name)", "books_x_1"),
        ("books", "select=...authors(id)&order=authors(name)", "books_authors_1"),
        ("authors", "select=best_book(id)&order=best_book(title)", "authors_best_book_1"),
    ],
)
def test_orders_by_a_to_one_embed(table: str, query: str, join: str) -> None:
    [term] = tree(query, table).root.order
    assert isinstance(term, Ordering)
    assert term.join == join


@pytest.mark.parametrize(
    ("query", "code", "message", "details"),
    [
        (
            "select=readers(id)&order=readers(name)",
            "PGRST118",
            "A related order on 'readers' is not possible",
            "'books' and 'readers' do not form a many-to-one or one-to-one relationship",
        ),
        (
            "select=x:readers(id)&order=x(name)",
            "PGRST118",
            "A related order on 'x' is not possible",
            "'books' and 'x' do not form a many-to-one or one-to-one relationship",
        ),
        ("select=id&order=authors(name)", "PGRST108", "'authors' is not an embedded resource in this request", None),
        (
            "select=x:authors(id)&order=authors(name)",
            "PGRST108",
            "'authors' is not an embedded resource in this request",
            None,
        ),
    ],
)
def test_orders_by_another_embed(query: str, code: str, message: str, details: str | None) -> None:
    error = refused(query)
    assert (error.status, error.code, error.message, error.details) == (400, code, message, details)


@pytest.mark.parametrize(
    "query",
    [
        "select=count()",
        "select=year.max()",
        "select=authors(born.min())",
        "select=...authors(count())",
        "select=authors(books(count()))",
    ],
)
def test_aggregates_must_be_enabled(query: str) -> None:
    error = refused(query)
    assert (error.status, error.code, error.message) == (400, "PGRST123", "Use of aggregate functions is not allowed")
    assert tree(query, rules=AGGREGATES).root.relation.name == "books"


def test_count_as_a_column_is_no_aggregate() -> None:
    assert tree("select=count").root.outputs[0].column.name == "count"
    assert only("select=readers(count)").node.outputs[0].aggregate is None


@pytest.mark.parametrize("inside", ["count()", "stars.avg()", "id,stars.sum()", "...books(count())"])
def test_aggregates_of_a_to_many_spread_are_refused(inside: str) -> None:
    error = refused(f"select=...reviews!seen_by({inside})", "readers", AGGREGATES)
    assert (error.status, error.code, error.message) == (400, "PGRST127", "Feature not implemented")
    assert error.details == "Aggregates are not implemented for one-to-many or many-to-many spreads."


def test_aggregates_of_a_to_one_spread_are_taken_by_the_parent() -> None:
    spread = only("select=year,...authors(born,oldest:id.min(),count())", rules=AGGREGATES)
    assert [output.aggregate for output in spread.node.outputs] == [None, None, None]
    assert spread.lifted == (
        Lifted("born"),
        Lifted("oldest", "oldest", Aggregate.MIN),
        Lifted("count", "count", Aggregate.COUNT),
    )


def test_aggregates_of_nested_to_one_spreads_are_taken_by_the_outermost() -> None:
    outer = only("select=id,...books(...authors(name,born.max()))", "reviews", AGGREGATES)
    inner = outer.node.embeds[0]
    assert [output.aggregate for output in inner.node.outputs] == [None, None]
    assert [lifted.aggregate for lifted in inner.lifted] == [None, None]
    assert [(lifted.name, lifted.aggregate) for lifted in outer.lifted] == [("name", None), ("max", Aggregate.MAX)]


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("select=*", ["*"]),
        ("select=*,year.max()", ["row", "no", "room", "year"]),
        ("select=*,count()", ["row", "no", "room", "*"]),
    ],
)
def test_a_star_beside_an_aggregate_is_written_out(query: str, columns: list[str]) -> None:
    root = tree(query, "shelves", rules=AGGREGATES).root
    assert [output.column.name for output in root.outputs] == columns


def test_a_star_in_a_to_many_spread_is_written_out() -> None:
    assert [lifted.name for lifted in only("select=...loans(*)").lifted] == ["book_id", "reader_id", "due"]
    assert [lifted.name for lifted in only("select=...authors(*)").lifted] == ["*"]


def test_max_rows_bounds_every_level() -> None:
    root = tree("select=readers(loans(due))&limit=5", rules=ReadRules(max_rows=7)).root
    readers = root.embeds[0].node
    assert (root.max_rows, readers.max_rows, readers.embeds[0].node.max_rows) == (7, 7, 7)
    assert (root.limit, readers.limit) == (0, None)


@pytest.mark.parametrize(
    ("query", "default"),
    [
        ("", True),
        ("select=*", True),
        ("select=&year=eq.1", True),
        ("select=*,*", False),
        ("select=id", False),
        ("select=*,authors()", False),
        ("select=count()", False),
    ],
)
def test_default_selects_are_known(query: str, default: bool) -> None:
    assert tree(query, rules=AGGREGATES).default_select is default


def test_representations_apply_to_columns_of_the_domain() -> None:
    root = tree("select=isbn,title&isbn=eq.x&title=eq.y&order=isbn", of=REPRESENTED).root
    assert [output.column.representation and str(output.column.representation) for output in root.outputs] == [
        "api.isbn_to_json",
        None,
    ]
    tests = [condition for condition in root.where if isinstance(condition, model.Test)]
    assert [test.column.representation and str(test.column.representation) for test in tests] == [
        "api.isbn_of_text",
        None,
    ]
    assert root.order[0].column.representation is None
    star = tree("select=*", of=REPRESENTED).root.outputs
    assert "isbn" in [output.column.name for output in star]
    assert [output.column.name for output in tree("select=*", "authors", of=REPRESENTED).root.outputs] == ["*"]

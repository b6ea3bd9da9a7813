"""`select=…`: columns, paths, casts, aliases, aggregates, embeds and spreads, as written."""

from __future__ import annotations

import pytest

from gateway.rest.errors import RestError
from gateway.rest.grammar.select import MAX_DEPTH, parse_select
from gateway.rest.grammar.syntax import Aggregate, EmbedItem, SelectItem
from tests.rest.grammar.syntax_words import (
    COUNT,
    INNER,
    LEFT,
    SUM,
    column,
    embed,
    index,
    key,
    spread,
    text_index,
    text_key,
)

COLUMNS: list[tuple[str, tuple[SelectItem, ...]]] = [
    ("", ()),
    ("*", (column("*"),)),
    ("id", (column("id"),)),
    ("id,name", (column("id"), column("name"))),
    (" id , name ", (column("id"), column("name"))),
    ("id\t,\tname", (column("id"), column("name"))),
    ("*,id", (column("*"), column("id"))),
    ("id,id", (column("id"), column("id"))),
    ("first name", (column("first name"),)),
    ("first-name", (column("first-name"),)),
    ("_", (column("_"),)),
    ("do$llar", (column("do$llar"),)),
    ("123", (column("123"),)),
    ("été", (column("été"),)),
    ("الاسم", (column("الاسم"),)),
    ('"a.b"', (column("a.b"),)),
    ('"a,(b):c>*"', (column("a,(b):c>*"),)),
    ('" padded "', (column(" padded "),)),
    (r'"say \"hi\""', (column('say "hi"'),)),
    (r'"back\\slash\n"', (column("back\\slashn"),)),
    ("full:name", (column("name", alias="full"),)),
    ('"a:b":name', (column("name", alias="a:b"),)),
    ("salary::text", (column("salary", cast="text"),)),
    ("salary:: double precision ", (column("salary", cast="double precision"),)),
    ("pay:salary::text", (column("salary", alias="pay", cast="text"),)),
    ("count", (column("count"),)),
    ("a)", (column("a"),)),
    ("a)b(c", (column("a"),)),
]

PATHS: list[tuple[str, tuple[SelectItem, ...]]] = [
    ("data->a", (column("data", key("a")),)),
    ("data->>a", (column("data", text_key("a")),)),
    ("data->a->>b", (column("data", key("a"), text_key("b")),)),
    ("data->0", (column("data", index("+0")),)),
    ("data->-1", (column("data", index("-1")),)),
    ("data->>12->a", (column("data", text_index("+12"), key("a")),)),
    ("data->0,id", (column("data", index("+0")), column("id"))),
    ("data->0::int", (column("data", index("+0"), cast="int"),)),
    ("data->a-b", (column("data", key("a-b")),)),
    ('data->"a.b"->>"c,d"', (column("data", key("a.b"), text_key("c,d")),)),
    ("data->!@#$%^&*_d", (column("data", key("!@#$%^&*_d")),)),
    ("data->0a", (column("data", key("0a")),)),
    ("first-name->a", (column("first-name", key("a")),)),
    ("x:data->a->>b::int", (column("data", key("a"), text_key("b"), alias="x", cast="int"),)),
    # an index counts as one only where an item of the list can end, and `)` is not among those places
    ("r(data->0)", (embed("r", column("data", key("0"))),)),
    ("r(data->0,id)", (embed("r", column("data", index("+0")), column("id")),)),
]

AGGREGATES: list[tuple[str, tuple[SelectItem, ...]]] = [
    ("count()", (column("*", agg=COUNT),)),
    ("n:count()", (column("*", alias="n", agg=COUNT),)),
    ("n:count()::text", (column("*", alias="n", agg=COUNT, agg_cast="text"),)),
    ("amount.sum()", (column("amount", agg=SUM),)),
    ("amount.avg()", (column("amount", agg=Aggregate.AVG),)),
    ("amount.count()", (column("amount", agg=COUNT),)),
    ("amount.max()", (column("amount", agg=Aggregate.MAX),)),
    ("amount.min()", (column("amount", agg=Aggregate.MIN),)),
    ("t:amount::numeric.sum()::int", (column("amount", alias="t", cast="numeric", agg=SUM, agg_cast="int"),)),
    ("data->n::int.sum()", (column("data", key("n"), cast="int", agg=SUM),)),
]

EMBEDS: list[tuple[str, tuple[SelectItem, ...]]] = [
    ("r()", (embed("r"),)),
    ("r(*)", (embed("r", column("*")),)),
    ("r ( id , name )", (embed("r", column("id"), column("name")),)),
    ("x:r(id)", (embed("r", column("id"), alias="x"),)),
    ("r!hint(id)", (embed("r", column("id"), hint="hint"),)),
    ("r!inner(id)", (embed("r", column("id"), join=INNER),)),
    ("r!left(id)", (embed("r", column("id"), join=LEFT),)),
    ("r!hint!inner(id)", (embed("r", column("id"), hint="hint", join=INNER),)),
    ("r!inner!hint(id)", (embed("r", column("id"), hint="hint", join=INNER),)),
    ('x:"a(b)"!"c!d"(id)', (embed("a(b)", column("id"), alias="x", hint="c!d"),)),
    ("r!a!b(id)", (embed("r", column("id"), hint="a"),)),
    ("a(b(c(d)))", (embed("a", embed("b", embed("c", column("d")))),)),
    ("a(b()),c", (embed("a", embed("b")), column("c"))),
    ("r(count)", (embed("r", column("count")),)),
    ("r(count())", (embed("r", column("*", agg=COUNT)),)),
    ("...r(*)", (spread("r", column("*")),)),
    ("...r!hint!inner(x:a)", (spread("r", column("a", alias="x"), hint="hint", join=INNER),)),
    ("id,...r(...s(a))", (column("id"), spread("r", spread("s", column("a"))))),
    ("r(id)tail", (embed("r", column("id")),)),
]


@pytest.mark.parametrize(("text", "items"), COLUMNS, ids=[text for text, _ in COLUMNS])
def test_columns(text: str, items: tuple[SelectItem, ...]) -> None:
    assert parse_select(text) == items


@pytest.mark.parametrize(("text", "items"), PATHS, ids=[text for text, _ in PATHS])
def test_json_paths(text: str, items: tuple[SelectItem, ...]) -> None:
    assert parse_select(text) == items


@pytest.mark.parametrize(("text", "items"), AGGREGATES, ids=[text for text, _ in AGGREGATES])
def test_aggregates(text: str, items: tuple[SelectItem, ...]) -> None:
    assert parse_select(text) == items


@pytest.mark.parametrize(("text", "items"), EMBEDS, ids=[text for text, _ in EMBEDS])
def test_embeds(text: str, items: tuple[SelectItem, ...]) -> None:
    assert parse_select(text) == items


def test_embeds_nest_to_a_bound_and_no_further() -> None:
    deepest = "a(" * MAX_DEPTH + "b" + ")" * MAX_DEPTH
    item = parse_select(deepest)[0]
    for _ in range(MAX_DEPTH - 1):
        assert isinstance(item, EmbedItem)
        [item] = item.items
    assert item == embed("a", column("b"))
    with pytest.raises(RestError, match="failed to parse select parameter") as refused:
        parse_select(f"a({deepest})")
    assert refused.value.details == f"embeds are nested more than {MAX_DEPTH} levels deep"

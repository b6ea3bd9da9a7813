"""Random requests over a real catalog: a statement whose parameters fit, or a `RestError`; nothing else is raised."""

from __future__ import annotations

import re
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.rest.compile import CompileRules, compile_call, compile_read, values
from gateway.rest.errors import RestError
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Rules, Target, read_request
from tests.rest.catalogs import REPRESENTED, SCHEMA

WORDS = [
    "id", "title", "meta", "tags", "body", "isbn", "rank", "count", "*", "authors", "readers", "sequel_of", "books",
    "similar", "loans", "best_book", "shelves", "biographies", "x:", "x", "...", "!inner", "!loans", "(", ")", "(id)",
    "(*)", "()", ",", "->", "->>", "0", "a", "::text", "::int", ".sum()", "count()", ".", "desc", "nullslast",
    "eq.1", "in.(1,2)", "is.null", "not.is.null", "like.*a*", "fts(fr).x", "or(", "and(", "not.", '"',
]  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
KEYS = st.sampled_from([
    "select", "order", "or", "not.and", "limit", "offset", "authors.limit", "authors.order", "x.id", "authors.or",
    "id", "title", "isbn", "meta->a", "authors", "readers.name", "year", "amounts", "q", "lang",
])  # fmt: skip
SELECTS = st.sampled_from(["*", "id,authors(*),readers(id)", "1", "eq.1"])
PAIRS = st.lists(st.tuples(KEYS | TEXT, TEXT | SELECTS), max_size=5)
PATHS = st.sampled_from(
    ["/books", "/authors", "/readers", "/rpc/books_since", "/rpc/total", "/rpc/found", "/rpc/names"]
)
ACCEPT = st.sampled_from(["*/*", "text/csv", "application/vnd.pgrst.object+json", "application/vnd.pgrst.plan", "a/b"])
PREFER = st.sampled_from(["", "count=exact", "count=estimated, handling=strict", "timezone=UTC", "max-affected=1"])


HEADERS = st.fixed_dictionaries({"Accept": ACCEPT}, optional={"Range": st.sampled_from(["0-3", "5-2", "x"])})


@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(PATHS, PAIRS, HEADERS, PREFER, st.booleans())
def test_any_request(
    path: str, pairs: list[tuple[str, str]], headers: dict[str, str], prefer: str, aggregates: bool
) -> None:
    query = "&".join(f"{quote(key)}={quote(value)}" for key, value in pairs)
    rules = CompileRules(ReadRules(aggregates, max_rows=9 if aggregates else None), plans=True)
    try:
        asked = read_request("GET", path, query, headers=headers, prefer=[prefer], rules=Rules((SCHEMA,)))
        compile_ = compile_call if asked.target is Target.FUNCTION else compile_read
        compiled = compile_(asked, REPRESENTED, rules)
    except RestError as error:
        refusal = error
    else:
        for statement in filter(None, (compiled.statement, compiled.estimate)):
            bound = statement.bind(values(asked))
            assert {int(n) for n in re.findall(r"\$(\d+)", statement.text)} == set(range(1, len(bound) + 1))
        return
    assert 300 <= refusal.status < 500

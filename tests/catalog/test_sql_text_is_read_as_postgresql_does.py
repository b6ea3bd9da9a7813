"""The lexer that the trust analysis relies on: what it takes for a name, a literal or a comment."""

from __future__ import annotations

from contextlib import suppress

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.trust.sqltext import mentions, normalized
from gateway.sqltext import NotUnderstood, tokens

TOKENS = {
    "select 1": "word:select other:1",
    "SELECT Ab_c$1": "word:select word:ab_c$1",
    "select -- x'\n 'y'": "word:select string:y",
    "a/* /* ' */ \" */b": "word:a word:b",
    "'it''s'": "string:it's",
    "e'a''b' B'01' n'x'": "other:e'a''b' other:B'01' other:n'x'",
    r"'\d'": r"other:'\d'",
    r"E'\n\\'": r"other:E'\n\\'",
    '"A ""b"': 'quoted:A "b',
    "$$ 'x' -- $$ a $q$ $$ $q$": "other:$$ word:a other:$q$",
    "$1::int[]": "other:$1 mark:: mark:: word:int mark:[ mark:]",
    "a<>-1": "word:a operator:<>- other:1",
    "a*/**/b": "word:a operator:* word:b",
    "a @-- b": "word:a operator:@",
    "1.5e+3 .5 0x1F 1_000": "other:1.5e+3 other:.5 other:0x1F other:1_000",
    "été": "word:été",
    "x.y(z)": "word:x mark:. word:y mark:( word:z mark:)",
}


@pytest.mark.parametrize("text", TOKENS)
def test_tokens(text: str) -> None:
    assert " ".join(f"{token.kind}:{token.text}" for token in tokens(text)) == TOKENS[text]


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_know_their_place(text: str) -> None:
    """Between them is nothing but white space and comments, and each can be read alone."""
    end = 0
    for token in tokens(text):
        assert list(tokens(text[end : token.start])) == []
        alone = text[token.start : token.end]
        assert list(tokens(alone)) == [token._replace(start=0, end=len(alone))]
        end = token.end
    assert list(tokens(text[end:])) == []


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a = 'open", 4),
        ("a /* b /* c */", 2),
        ("a = $q$ $$", 4),
        ("f(U&'x')", 2),
        (f"a.{'e' * 64}", 2),
        ('"a"."' + "é" * 32 + '"', 4),
        ("a = 1e", 4),
    ],
)
def test_refusals_know_their_place(text: str, offset: int) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        list(tokens(text))

    assert refusal.value.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        r"select '\' || evil() || '\'",
        r"select E'\' || evil() || E'\'",
        "select 'open",
        'select "open',
        "select /* open /* */",
        "select $a$ open $$",
        'select U&"\\0065vil"()',
        "select u&'x'",
        "select 1evil",
        "select \u00a0evil()".replace("\u00a0", "\x0b"),
        "select \x00",
        f"select {'e' * 64}()",
        f'select "{"é" * 32}"()',
        "set role x",
        "select 1; set role x",
        "; ; do $$ $$",
        "begin",
        "explain select 1",
        "insert into t values (1)",
        "with x as (delete from t returning 1) select 1",
        "with x as (merge into t using s on true when matched then delete) select 1",
        "select 1 into t",
        "select * from t for update",
        "select * from t for no key update",
        "select * from t for share",
        "select * from t for key share",
        "select current_setting(x)",
        "select current_setting('a' || 'b')",
        "select current_setting('a'\n'b')",
        "select current_setting(E'a')",
        "select current_setting($1)",
        "select current_setting(setting_name := 'a')",
        "select current_setting('a'::name)",
        "select current_setting(",
        r"select current_setting('request.\headers')",
    ],
)
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        mentions(text)


def test_mentions() -> None:
    found = mentions(
        """
        -- not_this()
        SELECT "Quoted"(x), t.attribute, pg_catalog.lower ('not_that()') FROM public.t
        WHERE a OPERATOR(public.===) b AND c::mytype = 'mine'::"My Type" AND current_setting('A.b', true) = ''
        """
    )

    assert found.functions == {"Quoted", "attribute", "lower", "t", "operator"}
    assert {"t", "mytype", "My Type", "x"} <= found.names
    assert found.operators >= {"===", "="}
    assert found.settings == {"A.b"}
    assert not {"not_this", "not_that"} & (found.functions | found.names)


def test_normalized() -> None:
    one = normalized("SELECT  nullif(current_setting('a.b', true), '')::uuid; -- end\n;")

    assert one == normalized("select nullif ( current_setting ( 'a.b' , TRUE ) ,'' ) :: uuid")
    assert one != normalized("select nullif(current_setting('a.B', true), '')::uuid")


@given(st.text(alphabet="ae_1$'\"/*-\\. \n;(Uu&eE@", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NotUnderstood):
        mentions(text)


PIECES = [
    "'",
    "''",
    '"',
    "--",
    "\n",
    "/*",
    "*/",
    "$$",
    "$a$",
    "e'",
    "E'",
    "\\",
    " ",
    "b",
    "x",
    "1",
    ",",
    "+",
    "$",
    ";",
    "n'",
]


async def test_the_server_sees_no_call_that_the_lexer_does_not(script_connection: asyncpg.Connection) -> None:
    """Random texts around a call: wherever PostgreSQL would call the function, the lexer must have seen its name."""
    import random

    generator = random.Random(20240731)
    connection = script_connection
    reached = 0
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(
            """create function pg_temp.lexer_probe() returns int language plpgsql immutable
               as $$ begin raise exception using errcode = 'ZZ999'; end $$"""
        )
        for _ in range(3000):
            before = "".join(generator.choices(PIECES, k=generator.randrange(6)))
            after = "".join(generator.choices(PIECES, k=generator.randrange(6)))
            text = f"select {before}pg_temp.lexer_probe(){after}"
            try:
                seen = "lexer_probe" in mentions(text).functions
            except NotUnderstood:
                continue
            try:
                async with connection.transaction():
                    await connection.execute(text)
            except asyncpg.PostgresError as error:
                if error.sqlstate == "ZZ999":
                    reached += 1
                    assert seen, text
    finally:
        await transaction.rollback()
    assert reached > 50

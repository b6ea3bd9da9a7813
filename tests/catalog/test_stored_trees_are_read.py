"""Reading PostgreSQL's stored trees, with names that look like parts of them."""

from __future__ import annotations

import asyncpg

from gateway.catalog.nodetree import mentioned, output_origins


async def tree_of(connection: asyncpg.Connection, script: str) -> tuple[str, int]:
    """The tree of view `v`, and the OID of table `t`."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("create table t (a int, b text); " + script)
        return await connection.fetchrow(
            "select ev_action::text, 't'::regclass::oid from pg_rewrite where ev_class = 'v'::regclass"
        )
    finally:
        await transaction.rollback()


async def origins(connection: asyncpg.Connection, select: str) -> list[tuple[int, int]]:
    tree, table = await tree_of(connection, f"create view v as {select}")
    return [(number, column) for number, relation, column in output_origins(tree) if relation == table]


async def test_only_the_outermost_list_counts(script_connection: asyncpg.Connection) -> None:
    connection = script_connection
    assert await origins(connection, "select b, a from t") == [(1, 2), (2, 1)]
    assert await origins(connection, "select (select a from t limit 1) as x, b from t") == [(2, 2)]
    assert await origins(connection, "select 1 as x from (select a from t) s") == []
    assert await origins(connection, "select a from t union select a from t") == []
    assert await origins(connection, "select a + 1 as a, b || '' as b, a::bigint as c from t") == []
    assert await origins(connection, "select b from t order by a") == [(1, 2)]
    assert await origins(connection, "select") == []


async def test_names_like_fields_fool_nobody(script_connection: asyncpg.Connection) -> None:
    for name in (
        ":targetList",
        "x :targetList (",
        "} :targetList ({TARGETENTRY",
        " :resorigtbl 1259 :resorigcol 1 :resjunk false",
        "{",
        "}",
        "\\",
        "\\\\}",
        "<>",
        ":resno 7",
    ):
        found = await origins(script_connection, f'select a as "{name}", b, 1 as "{name}2" from t')
        assert found == [(1, 1), (2, 2)], name


async def test_mentions(script_connection: asyncpg.Connection) -> None:
    tree, table = await tree_of(
        script_connection,
        "create view v as select current_setting('A.b') as x, current_setting('c' || b, true) as y from t",
    )
    found = mentioned(tree)

    assert table in found.objects
    assert table in found.relations
    assert {2077, 3294} <= found.calls
    assert sorted(found.settings, key=str) == ["A.b", None]
    assert found.fault is None


async def test_numbers_in_names_are_not_objects(script_connection: asyncpg.Connection) -> None:
    tree, _ = await tree_of(
        script_connection, 'create view v as select a as "99999", b as "x 88888 y" from t as "77777"'
    )

    assert not {99999, 88888, 77777} & mentioned(tree).objects


def test_unknown_nodes_are_faults() -> None:
    assert mentioned("({QUERY :commandType 1 :x {TELEPORT :y 1}})").fault == "contains TELEPORT"
    assert mentioned("({QUERY :commandType 2})").fault == "does more than select"
    assert mentioned("({QUERY :commandType 1})").fault is None

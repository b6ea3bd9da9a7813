"""Whatever was granted before and whatever the files say: afterwards the ruled roles hold exactly that, and roles past
row security have lost nothing. PostgreSQL itself is asked (`has_table_privilege` and its like)."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg
import pytest

from gateway.database import quote_identifier
from gateway.policies import Application, apply_set, make_plan, read_set
from gateway.policies.database import read_state
from gateway.policies.files import defaults_document, functions_document, table_document
from gateway.policies.model import (
    COLUMN_PRIVILEGES,
    PUBLIC,
    VERBS,
    Defaults,
    Expression,
    FunctionRules,
    Grant,
    Limits,
    QualifiedName,
    RowPolicy,
    TableRules,
)
from gateway.policies.plan import Loss, lines
from gateway.policies.problems import Place
from gateway.policies.pull import pull

HERE: Final = Place("x", 1, 1)
SCHEMAS: Final = ("public", "s.2")
NAMES: Final = ("plain", 'We"ird', "a.b", "ünïcödé", "x" * 63, "select", "sp ace", "o'brien")
COLUMNS: Final = ("id", "c.1", 'Ünï "q', "y" * 63)
PRIVILEGES: Final = (*VERBS, "truncate", "references", "trigger")
UNRULED: Final = ("service_role", "policies_reporter", "postgres")
NOBODY: Final = "authenticator"
"""Inherits nothing: it holds what PUBLIC holds."""
OTHERS: Final = """
create table public.part (id int, k int generated always as identity, at int) partition by range (at);
create table public.part_1 partition of public.part for values from (0) to (10);
create table public.child (extra text) inherits (public.plain);
create view public.v as select id, "c.1" from public.plain;
create materialized view public.mv as select id from public.plain;
create foreign data wrapper w; create server s foreign data wrapper w;
create foreign table public.ft (id int, b text) server s;
create type public."T y.pe" as (a int);
create function public.f1() returns int language sql as 'select 1';
create function public.f1(a int, b text default 'x') returns int language sql as 'select 1';
create function public.f1(variadic a text[]) returns int language sql as 'select 1';
create function public."F.2 ""q"(a "s.2"."We""ird" default null) returns setof int language sql as 'select 1';
create function "s.2".f3(a public."T y.pe"[], out b int) returns int language sql as 'select 1';
create procedure public.pr(a int, inout b text) language plpgsql as 'begin end';
create aggregate public.agg(int) (sfunc = int4pl, stype = int);
create function public.trg() returns trigger language plpgsql as 'begin return null; end';
"""


class Thing(NamedTuple):
    name: QualifiedName
    is_table: bool
    columns: Sequence[str]

    @property
    def sql(self) -> str:
        return f"{quote_identifier(self.name.schema)}.{quote_identifier(self.name.name)}"


THINGS: Final = (
    *(Thing(QualifiedName(SCHEMAS[index % 2], name), True, COLUMNS) for index, name in enumerate(NAMES)),
    Thing(QualifiedName("public", "part"), True, ("id", "k", "at")),
    Thing(QualifiedName("public", "part_1"), True, ("id", "k", "at")),
    Thing(QualifiedName("public", "child"), True, (*COLUMNS, "extra")),
    Thing(QualifiedName("public", "v"), False, ("id", "c.1")),
    Thing(QualifiedName("public", "mv"), False, ("id",)),
    Thing(QualifiedName("public", "ft"), False, ("id", "b")),
)
FUNCTIONS: Final = (
    "public.f1()",
    "public.f1(integer,text)",
    "public.f1(text[])",
    'public."F.2 ""q"("s.2"."We""ird")',
    '"s.2".f3(public."T y.pe"[])',
    "public.pr(integer,text)",
)

Wanted = Mapping[tuple[str, str], frozenset[str] | None]
Held = frozenset[tuple[str, ...]]


async def make_things(connection: asyncpg.Connection) -> None:
    await connection.execute('create schema "s.2"; grant usage on schema "s.2" to public')
    for thing in THINGS[: len(NAMES)]:
        columns = ", ".join(f"{quote_identifier(name)} int" for name in COLUMNS[1:])
        await connection.execute(f"create table {thing.sql} (id bigserial primary key, {columns}, gone int)")
        await connection.execute(f"alter table {thing.sql} drop column gone")
    await connection.execute(OTHERS)


def grants_by_hand(chance: random.Random) -> Iterator[str]:
    grantees = ("anon", "authenticated", *UNRULED[:2], PUBLIC)
    for thing in THINGS:
        for _ in range(chance.randint(0, 4)):
            privilege, role = chance.choice(PRIVILEGES), chance.choice(grantees)
            columns = some_columns(chance, thing, privilege)
            on = "" if columns is None else f" ({', '.join(map(quote_identifier, columns))})"
            option = " with grant option" if role != PUBLIC and chance.random() < 0.15 else ""
            yield f"grant {privilege}{on} on table {thing.sql} to {role}{option}"
    for signature in FUNCTIONS:
        for _ in range(chance.randint(0, 2)):
            role = chance.choice(grantees)
            yield chance.choice(
                (
                    f"grant execute on routine {signature} to {role}",
                    f"revoke execute on routine {signature} from {role}",
                )
            )


def some_columns(chance: random.Random, thing: Thing, privilege: str) -> list[str] | None:
    if privilege not in COLUMN_PRIVILEGES or chance.random() < 0.5:
        return None
    return chance.sample(list(thing.columns), chance.randint(1, len(thing.columns)))


def some_rows(chance: random.Random) -> Iterator[RowPolicy]:
    def expression(text: str) -> Expression:
        return Expression(text, text, ((0, HERE),))

    for name in chance.sample(["a", 'B "q.', "ü" * 31, "delete"], chance.randint(0, 3)):
        verbs = chance.choice((VERBS, *((verb,) for verb in VERBS)))
        roles = chance.choice((["anon"], ["anon", "authenticated"], ["service_role"], [PUBLIC], ["anon", PUBLIC]))
        using = expression(chance.choice(("true", "id = 1", "auth.uid() is not null", "id in (select id from plain)")))
        checks = verbs == ("insert",) or (verbs in (VERBS, ("update",)) and chance.random() < 0.5)
        yield RowPolicy(
            name,
            tuple(roles),
            verbs,
            chance.random() < 0.3,
            None if verbs == ("insert",) else using,
            expression("id > 0") if checks else None,
            HERE,
        )


class Files(NamedTuple):
    """A set's files, and what each role is to hold by them."""

    roles: Sequence[str]
    documents: Mapping[str, str]
    tables: Mapping[QualifiedName, Wanted]
    functions: Mapping[str, Collection[str]]

    def holds(self, role: str) -> Held:
        return frozenset(self._holds(role))

    def _holds(self, role: str) -> Iterator[tuple[str, ...]]:
        for thing in THINGS:
            for (grantee, privilege), columns in self.tables.get(thing.name, {}).items():
                if grantee not in (role, PUBLIC):
                    continue
                if columns is None:
                    yield (*thing.name, privilege)
                if privilege in COLUMN_PRIVILEGES:
                    yield from ((*thing.name, privilege, c) for c in (thing.columns if columns is None else columns))
        for signature, execute in self.functions.items():
            if {role, PUBLIC} & set(execute):
                yield (signature,)


def some_files(chance: random.Random) -> Files:
    roles = chance.choice((("anon", "authenticated"), ("anon",), ("anon", "authenticated", "policies_reporter")))
    documents = {"defaults.yaml": defaults_document(Defaults(SCHEMAS, roles, SCHEMAS))}
    tables: dict[QualifiedName, Wanted] = {}
    for number, thing in enumerate(THINGS):
        if chance.random() < 0.3:
            continue
        wanted: dict[tuple[str, str], frozenset[str] | None] = {}
        for _ in range(chance.randint(0, 5)):
            privilege = chance.choice(PRIVILEGES)
            columns = some_columns(chance, thing, privilege)
            wanted[chance.choice((*roles, PUBLIC)), privilege] = None if columns is None else frozenset(columns)
        grants = tuple(Grant(*key, columns, HERE) for key, columns in sorted(wanted.items(), key=lambda each: each[0]))
        rows = tuple(some_rows(chance)) if thing.is_table else ()
        secured = not thing.is_table or chance.random() < 0.8
        rules = TableRules(thing.name, grants, rows, secured, frozenset(), None, Limits(), HERE)
        documents[f"{number}.yaml"] = table_document(rules)
        tables[thing.name] = wanted
    functions = {
        signature: frozenset(chance.sample([*roles, PUBLIC], chance.randint(0, 2)))
        for signature in FUNCTIONS
        if chance.random() < 0.6
    }
    entries = [FunctionRules(name, execute, None, Limits(), None, HERE) for name, execute in functions.items()]
    if entries:
        documents["functions.yaml"] = functions_document(entries)
    return Files(roles, documents, tables, functions)


async def held(connection: asyncpg.Connection, role: str) -> Held:
    """Everything that `role` may do, in its own name or as one of PUBLIC."""
    asked = [(*thing.name, privilege) for thing in THINGS for privilege in PRIVILEGES]
    columns = [
        (*thing.name, privilege, column)
        for thing in THINGS
        for privilege in sorted(COLUMN_PRIVILEGES)
        for column in thing.columns
    ]
    answers = await connection.fetch(
        "select n || array[]::text[] from ("
        "  select array[s, t, p] as n, has_table_privilege($1, format('%I.%I', s, t), p) as may"
        "  from unnest($2::text[], $3::text[], $4::text[]) a (s, t, p)"
        "  union all"
        "  select array[s, t, p, c], has_column_privilege($1, format('%I.%I', s, t), c, p)"
        "  from unnest($5::text[], $6::text[], $7::text[], $8::text[]) a (s, t, p, c)"
        "  union all"
        "  select array[f], has_function_privilege($1, f, 'execute') from unnest($9::text[]) f"
        ") each where may",
        role,
        *(list(part) for part in zip(*asked, strict=True)),
        *(list(part) for part in zip(*columns, strict=True)),
        list(FUNCTIONS),
    )
    return frozenset(tuple(row[0]) for row in answers)


def write(folder: Path, documents: Mapping[str, str]) -> Path:
    folder.mkdir()
    for name, text in documents.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
async def things(owner: asyncpg.Connection) -> asyncpg.Connection:
    await owner.execute("create role policies_reporter")
    await make_things(owner)
    yield owner
    await owner.execute("drop owned by policies_reporter; drop role policies_reporter")


@pytest.mark.parametrize("first", range(0, 24, 6))
async def test_any_grants(things: asyncpg.Connection, tmp_path: Path, first: int) -> None:
    """Each round starts from what the one before left."""
    for seed in range(first, first + 6):
        chance = random.Random(seed)
        for statement in grants_by_hand(chance):
            await things.execute(statement)
        pulled = write(tmp_path / f"pulled-{seed}", pull(await read_state(things), SCHEMAS).documents)
        plan = await make_plan(things, read_set(pulled))
        # Whoever may insert gets the sequences that it takes, even if nobody had thought of them.
        assert [line for line in lines(plan.changes) if "may number new rows" not in line] == [], seed

        files = some_files(chance)
        policy_set = read_set(write(tmp_path / f"files-{seed}", files.documents))
        before = {role: await held(things, role) for role in (*UNRULED, NOBODY)}
        await apply_set(things, Application(policy_set, "test", allow=list(Loss)))
        assert lines((await make_plan(things, policy_set)).changes) == [], seed
        for role in files.roles:
            assert await held(things, role) == files.holds(role), (seed, role)
        assert before["service_role"] <= await held(things, "service_role"), seed
        assert before["postgres"] <= await held(things, "postgres"), seed
        if "policies_reporter" not in files.roles:
            # It never had a name of its own for what it held as one of PUBLIC.
            assert before["policies_reporter"] - before[NOBODY] <= await held(things, "policies_reporter"), seed

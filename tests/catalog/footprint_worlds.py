"""Random databases made of building blocks: tables, views, functions, policies, owners."""

from __future__ import annotations

from random import Random

TABLES = ("a", "b", "c", "d")
ROLES = ("fw_one", "fw_two", "fw_owner")
CLAIMS = {"sub": "00000000-0000-4000-8000-000000000001", "org": "1", "app_metadata": {"n": 1}, "aal": "1", "extra": "1"}
OTHER_CLAIMS = {"sub": "00000000-0000-4000-8000-000000000002", "org": "2", "app_metadata": {"n": 2}, "aal": "2"}
"""What takes each claim's place; `extra` gets 2."""

HEAD = """
create role fw_staff; create role fw_one in role fw_staff; create role fw_two; create role fw_owner;
create function same(text, text) returns boolean language sql stable
  as $$ select $1 = $2 and auth.jwt() ->> 'aal' = '1' $$;
create operator ~~~ (procedure = same, leftarg = text, rightarg = text);
create type mark as (m text);
create function to_mark(text) returns mark language sql stable
  as $$ select case when auth.jwt() ->> 'aal' = $1 then row($1)::mark end $$;
create cast (text as mark) with function to_mark(text);
"""
TABLE = """
create table {name} (id int, owner uuid, org text, n int);
insert into {name} select i, ('00000000-0000-4000-8000-00000000000' || (i % 3))::uuid, (i % 3)::text, i % 2
  from generate_series(1, {rows}) i;
grant select on {name} to public;
"""

# Conditions on the columns of a row, with everything that may decide them.
_ATOMS = (
    "owner = auth.uid()",
    "owner = (select auth.uid())",
    "org = auth.jwt() ->> 'org'",
    "org = (select auth.jwt()) ->> 'org'",
    "org = current_setting('request.jwt.claims', true)::json ->> 'org'",
    "n = (auth.jwt() -> 'app_metadata' ->> 'n')::int",
    "n = (current_setting('request.jwt.claims')::jsonb #>> '{app_metadata,n}')::int",
    "auth.jwt() @> jsonb_build_object('extra', org)",
    "exists (select from jsonb_each_text(auth.jwt()) e where e.value = org)",
    "org ~~~ org",
    "org::mark is not null",
    "n = 1",
    "id > 2",
    "current_user = 'fw_one'",
    "true",
)
_QUERIES = (
    "exists (select from {0} x where x.n = {1}.n)",
    "id in (select x.id from {0} x)",
    "(select count(*) from {0}) > 2",
    "exists (select from {0} x where x.owner = auth.uid())",
    "(select max(x.org) from {0} x) = org",
)


class World:
    """`script` makes it; `relations` are what can be read."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.relations = list(TABLES)
        self._functions: list[str] = []
        self._parts = [HEAD]
        self._make()
        self.script = "\n".join(self._parts)

    def _make(self) -> None:
        chance = self._random
        for name in TABLES:
            self._parts.append(TABLE.format(name=name, rows=chance.randint(2, 6)))
            if chance.random() < 0.4:
                self._parts.append(f"alter table {name} owner to fw_owner;")
        if chance.random() < 0.4:
            one, other = chance.sample(TABLES, 2)
            self._parts.append(f"alter table {one} inherit {other};")
        for number in range(chance.randint(2, 6)):
            (self._view if chance.random() < 0.5 else self._function)(number)
        for name in chance.sample(TABLES, chance.randint(1, len(TABLES))):
            self._policies(name)

    def _view(self, number: int) -> None:
        name, source = f"v{number}", self._random.choice(self.relations)
        options = "with (security_invoker)" if self._random.random() < 0.5 else ""
        where = self._condition("s", 1)
        self._parts.append(
            f"create view {name} {options} as select s.id, s.owner, s.org, s.n from {source} s where {where};"
        )
        self._parts.append(f"grant select on {name} to public;" + self._owner("view", name))
        self.relations.append(name)

    def _function(self, number: int) -> None:
        chance = self._random
        name, source = f"f{number}", chance.choice(self.relations)
        query = f"select exists (select 1 from {source} s where s.n = $1 and {self._condition('s', 1)})"
        definer = "security definer" if chance.random() < 0.5 else ""
        volatility = chance.choice(("stable", "volatile", "immutable"))
        path = "set search_path = public" if chance.random() < 0.5 else ""
        body = f"begin atomic {query}; end" if chance.random() < 0.5 else f"as $body$ {query} $body$"
        head = f"create function {name}(int) returns boolean language sql {volatility} {definer} {path}"
        self._parts.append(f"{head} {body};" + self._owner("function", f"{name}(int)"))
        self._functions.append(name)

    def _owner(self, kind: str, name: str) -> str:
        owner = self._random.choice(("fw_owner", "fw_two", None))
        return f" alter {kind} {name} owner to {owner};" if owner else ""

    def _policies(self, name: str) -> None:
        chance = self._random
        self._parts.append(f"alter table {name} enable row level security;")
        if chance.random() < 0.3:
            self._parts.append(f"alter table {name} force row level security;")
        for number in range(chance.randint(1, 4)):
            roles = chance.choice(("public", "fw_one", "fw_two", "fw_staff", "fw_owner, fw_staff", "public"))
            kind = "restrictive" if chance.random() < 0.2 else "permissive"
            command = chance.choice(("all", "select", "select", "update"))
            using = self._condition(name, 2)
            self._parts.append(f"create policy p{number} on {name} as {kind} for {command} to {roles} using ({using});")

    def _condition(self, row: str, depth: int) -> str:
        chance = self._random
        if depth and chance.random() < 0.4:
            word = chance.choice(("and", "or", "and not"))
            return f"({self._condition(row, depth - 1)}) {word} ({self._condition(row, depth - 1)})"
        kind = chance.random()
        if kind < 0.25:
            return chance.choice(_QUERIES).format(chance.choice(self.relations), row)
        if kind < 0.45 and self._functions:
            return f"{chance.choice(self._functions)}(n)"
        return chance.choice(_ATOMS)

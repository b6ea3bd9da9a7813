from __future__ import annotations

import asyncio
import json
import uuid

import asyncpg
import pytest

from tests.schema.hublib_people import Application

SIGN_UP = "insert into auth.users (id, email, raw_user_meta_data) values ($1, $2, $3) returning id"


@pytest.mark.parametrize(
    ("email", "metadata", "username", "full_name"),
    [
        ("nouvelle@hublib.example", None, "nouvelle", "nouvelle"),
        ("marie@encore.example", None, "marie-3", "marie"),
        ("Karim@encore.example", {"full_name": " Karim B. "}, "Karim-2", "Karim B."),
        ("a@b.example", {"name": "Anne", "avatar_url": "https://x.example/a.png"}, "a", "Anne"),
        ("a@b.example", {"full_name": ""}, "a", "a"),
        ("a@b.example", ["not", "an", "object"], "a", "a"),
        ("@b.example", None, "utilisateur", "utilisateur"),
        (None, {}, "utilisateur", "utilisateur"),
        ("é" * 240 + "@b.example", None, "é" * 200, "é" * 200),
        ("';drop table profiles;--@b.example", None, "';drop table profiles;--", "';drop table profiles;--"),
    ],
)
async def test_names(shared: Application, email: str | None, metadata: object, username: str, full_name: str) -> None:
    user = await shared.owner.fetchval(SIGN_UP, uuid.uuid4(), email, json.dumps(metadata))
    row = await shared.owner.fetchrow(
        "select p.username, p.full_name, r.role from profiles p join user_roles r on r.user_id = p.id where p.id = $1",
        user,
    )
    assert tuple(row) == (username, full_name, "user")


async def test_a_name_that_everyone_wants(hublib_database: str) -> None:
    async def sign_up() -> None:
        connection = await asyncpg.connect(hublib_database)
        try:
            for number in range(4):
                await connection.fetchval(SIGN_UP, uuid.uuid4(), f"contact@{uuid.uuid4()}-{number}.example", None)
        finally:
            await connection.close()

    await asyncio.gather(*(sign_up() for _ in range(5)))
    connection = await asyncpg.connect(hublib_database)
    names = [row[0] for row in await connection.fetch("select username from profiles where username like 'contact%'")]
    await connection.close()
    assert len(names) == len(set(names)) == 20
    assert {"contact", *(f"contact-{n}" for n in range(2, 10))} <= set(names)


async def test_a_profile_that_exists_is_kept(app: Application) -> None:
    user = uuid.uuid4()
    async with app.owner.transaction():
        await app.owner.execute("alter table profiles disable trigger all; set constraints all deferred")
        await app.owner.execute("insert into profiles (id, username) values ($1, 'avant')", user)
        await app.owner.execute("alter table profiles enable trigger all")
        await app.owner.execute(SIGN_UP, user, "apres@hublib.example", None)
    assert await app.owner.fetchval("select username from profiles where id = $1", user) == "avant"

"""`serve --watch-policies`: saving a good file takes effect within a second; a bad one changes nothing and is named."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from gateway.embedded import EmbeddedPostgres
from gateway.settings import SettingsError
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles
from tests.serving import Serve, Served, asyncpg_database, token

MARIE = "11111111-1111-4111-8111-111111111111"
OPEN = (
    TODOS_FILE.replace("to: authenticated", "to: [anon, authenticated]")
    .replace("grants:\n", "grants:\n  anon: { select: all }\n")
    .replace("using: user_id = auth.uid()", "using: user_id = auth.uid() or id = 1")
)


async def eventually(check: Callable[[], Awaitable[bool]], within: float = 10.0) -> float:
    """How long it took."""
    started = time.monotonic()
    while not await check():
        assert time.monotonic() - started < within
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def start(serve: Serve, postgres: EmbeddedPostgres, dsn: str, folder: Path, **more: object) -> Served:
    login = postgres.dsn(asyncpg_database(dsn), user="authenticator")
    return await serve(login, owner_url=dsn, policies_dir=folder, watch_policies=True, **more)


async def seen(served: Served, bearer: str | None = None) -> int:
    answer = await served.get("/todos?select=*", bearer=bearer)
    return len(answer.json) if answer.status == 200 else -answer.status


async def test_saving_a_file(
    serve: Serve,
    postgres: EmbeddedPostgres,
    policy_database: str,
    owner: asyncpg.Connection,
    files: WriteFiles,
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    served = await start(serve, postgres, policy_database, folder)
    assert (await seen(served), await seen(served, token(sub=MARIE))) == (-401, 3), "applied at the start"

    async def opened() -> bool:
        return await seen(served) == 1

    async def closed() -> bool:
        return await seen(served) == -401

    files({"todos.yaml": OPEN})
    assert await eventually(opened) < 1.0
    # as editors save: another file takes the name
    aside = folder / ".todos.yaml.swp"
    aside.write_text(TODOS_FILE)
    aside.replace(folder / "todos.yaml")
    assert await eventually(closed) < 1.0
    files({"more/notes.yaml": "table: notes\n"})  # a table that is not there: an error, so nothing of it counts
    files({"todos.yaml": OPEN})
    await asyncio.sleep(1.0)
    assert await closed()
    shutil.rmtree(folder / "more")
    assert await eventually(opened) < 1.5


BAD = {
    "a tab": ("rows:\n\t- name: x\n", "todos.yaml:2:"),
    "not SQL": (OPEN.replace("or id = 1", "or id ="), "todos.yaml:9:"),
    "an unknown column": (OPEN.replace("id = 1", "nope = 1"), "todos.yaml:9:"),
    "not a condition": (OPEN.replace("user_id = auth.uid() or id = 1", "'yes'"), "todos.yaml:9:"),
    "an unknown key": (OPEN + "grant: {}\n", "todos.yaml:11:1"),
    "a duplicate key": (OPEN + "rows: []\n", "todos.yaml:11:1"),
    "an unknown role": (OPEN.replace("[anon,", "[anonymous,"), "todos.yaml:"),
    "a word that is no boolean": (OPEN + "row_security: no\n", "todos.yaml:11:15"),
    "nothing": ("", "todos.yaml:1:1"),
    "half of it": (OPEN[:150], "todos.yaml:"),
    "five megabytes": (OPEN + "# " + "x" * 5_000_000 + "\n", "todos.yaml"),
}


@pytest.mark.parametrize(("text", "place"), BAD.values(), ids=BAD)
async def test_a_bad_file_changes_nothing_and_is_named(
    serve: Serve, postgres: EmbeddedPostgres, policy_database: str, owner: asyncpg.Connection, files: WriteFiles,
    text: str, place: str,
) -> None:  # fmt: skip
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    with capture_logs() as logged:
        served = await start(serve, postgres, policy_database, folder)
        before = await owner.fetchval("select max(number) from passerelle.policy_applies")
        (folder / "todos.yaml").write_text(text.lstrip("\n"))

        async def complained() -> bool:
            return any(place in str(entry.get("problem")) for entry in logged if entry["log_level"] == "error")

        await eventually(complained, 3.0)
        assert await seen(served) == -401
        assert await seen(served, token(sub=MARIE)) == 3
        assert await owner.fetchval("select max(number) from passerelle.policy_applies") == before


async def test_bytes_that_are_no_text(
    serve: Serve,
    postgres: EmbeddedPostgres,
    policy_database: str,
    owner: asyncpg.Connection,
    files: WriteFiles,
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    with capture_logs() as logged:
        await start(serve, postgres, policy_database, folder)
        (folder / "todos.yaml").write_bytes(OPEN.lstrip("\n").encode() + b"# caf\xe9\n")

        async def complained() -> bool:
            return any("todos.yaml:11:6" in str(entry.get("problem")) for entry in logged)

        await eventually(complained, 3.0)


async def test_watching_needs_to_know_what_and_where(serve: Serve, policy_database: str) -> None:
    with pytest.raises(SettingsError, match="needs PASSERELLE_POLICIES_DIR and PASSERELLE_OWNER_URL"):
        await serve(policy_database, watch_policies=True)


async def test_limits_bound_answers(
    serve: Serve,
    postgres: EmbeddedPostgres,
    policy_database: str,
    owner: asyncpg.Connection,
    files: WriteFiles,
) -> None:
    """`limits: { max_rows: … }` of a table holds for lists, embeds and counts, and changes with the file."""
    await owner.execute(
        TODOS + "create table notes (id integer primary key, todo bigint references todos);"
        "insert into notes select n, 1 from generate_series(1, 5) n;"
        "create function mine() returns setof todos language sql stable as 'select * from todos'"
    )
    folder = files({
        "todos.yaml": TODOS_FILE + "limits: { max_rows: 2 }\n",
        "notes.yaml": "table: notes\ngrants: { authenticated: { select: all } }\nlimits: { max_rows: 4 }\n"
                      "rows: [{ name: r, to: authenticated, for: select, using: true }]\n",
        "functions.yaml": "function: mine\nexecute: [authenticated]\nlimits: { max_rows: 1 }\n",
    })  # fmt: skip
    served = await start(serve, postgres, policy_database, folder)
    bearer = token(sub=MARIE)
    assert await seen(served, bearer) == 2
    answer = await served.get("/todos?select=id,notes(id)&id=eq.1&limit=100", bearer=bearer, Prefer="count=exact")
    assert len(answer.json[0]["notes"]) == 4
    answer = await served.get("/rpc/mine", bearer=bearer)
    assert len(answer.json) == 1
    answer = await served.get("/todos", bearer=bearer, Prefer="count=exact")
    assert answer.headers["Content-Range"] == "0-1/3"

    async def unlimited() -> bool:
        return await seen(served, bearer) == 3

    files({"todos.yaml": TODOS_FILE})
    await eventually(unlimited)


async def test_links_that_lead_in_a_circle(
    serve: Serve, postgres: EmbeddedPostgres, policy_database: str, owner: asyncpg.Connection, files: WriteFiles
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    with capture_logs() as logged:
        served = await start(serve, postgres, policy_database, folder)
        (folder / "more").symlink_to(folder)
        files({"todos.yaml": OPEN})

        async def complained() -> bool:
            return any("P142" in str(entry.get("problem")) for entry in logged)

        await eventually(complained, 3.0)
        assert await seen(served) == -401

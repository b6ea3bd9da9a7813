from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.migrations import (
    ChecksumChanged,
    MigrationError,
    MigrationFailed,
    MigrationGap,
    MigrationLocked,
    UnknownMigration,
    migrate,
    pending,
    status,
)


def write(directory: Path, **files: str) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / f"{name.lstrip('_')}.sql").write_text(text)
    return directory


async def value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_files_are_applied_in_order_and_once(database: str, tmp_path: Path) -> None:
    directory = write(
        tmp_path / "shop",
        _001_table="create table public.t (n int); insert into public.t values (1);",
        _002_row="-- a comment\ninsert into public.t select n + 1 from public.t;",
    )
    lines: list[str] = []

    assert [file.name for file in await pending(database, directory)] == ["001_table.sql", "002_row.sql"]
    done = await migrate(database, directory, log=lines.append)
    assert [(entry.set_name, entry.name) for entry in done] == [("shop", "001_table.sql"), ("shop", "002_row.sql")]
    assert [line.split(" in ")[0] for line in lines] == ["applied shop/001_table.sql", "applied shop/002_row.sql"]

    assert await migrate(database, directory) == []
    assert await pending(database, directory) == []
    assert [entry.applied for entry in await status(database, directory)] == done
    assert await value(database, "select sum(n) from public.t") == 3


async def test_looking_changes_nothing(database: str, tmp_path: Path) -> None:
    directory = write(tmp_path / "shop", _001_table="create table public.t ()")
    await pending(database, directory)
    assert [entry.applied for entry in await status(database, directory)] == [None]
    assert await value(database, "select to_regnamespace('passerelle')") is None


async def test_sets_are_counted_apart(database: str, tmp_path: Path) -> None:
    one = write(tmp_path / "one", _001_same="create table public.one ()")
    two = write(tmp_path / "two", _001_same="create table public.two ()")
    assert len(await migrate(database, one)) == len(await migrate(database, two)) == 1
    with pytest.raises(MigrationFailed, match="already exists"):
        await migrate(database, two, set_name="another")


async def test_concurrent_runs_queue_and_apply_once(database: str, tmp_path: Path) -> None:
    directory = write(
        tmp_path / "shop",
        _001_slow="create table public.t (n int); select pg_sleep(0.1);",
        _002_row="insert into public.t values (1);",
        _003_row="insert into public.t values (1);",
    )
    runs = await asyncio.gather(*(migrate(database, directory) for _ in range(5)))
    names = sorted(entry.name for run in runs for entry in run)
    assert names == ["001_slow.sql", "002_row.sql", "003_row.sql"]
    assert await value(database, "select count(*) from public.t") == 2


async def test_a_run_that_waits_too_long_says_so(database: str, tmp_path: Path) -> None:
    slow = write(tmp_path / "slow", _001_slow="select pg_sleep(1)")
    quick = write(tmp_path / "quick", _001_quick="select 1")
    running = asyncio.create_task(migrate(database, slow))
    await asyncio.sleep(0.3)
    with pytest.raises(MigrationLocked, match="another migration has been running"):
        await migrate(database, quick, lock_timeout=timedelta(milliseconds=100))
    assert len(await running) == 1


async def test_a_changed_file_is_refused(database: str, tmp_path: Path) -> None:
    directory = write(tmp_path / "shop", _001_table="create table public.t (n int)")
    await migrate(database, directory)
    write(directory, _001_table="create table public.t (n bigint)", _002_more="create table public.u ()")
    for look in (migrate, pending, status):
        with pytest.raises(ChecksumChanged, match=r"001_table\.sql was edited .* new file with the next number"):
            await look(database, directory)
    assert await value(database, "select to_regclass('public.u')") is None


async def test_line_ends_are_no_change(database: str, tmp_path: Path) -> None:
    directory = write(tmp_path / "shop", _001_table="create table\n  public.t ();\n")
    await migrate(database, directory)
    (directory / "001_table.sql").write_bytes(b"create table\r\n  public.t ();\r\n")
    assert await migrate(database, directory) == []


async def test_a_failing_statement_leaves_nothing_of_its_file(database: str, tmp_path: Path) -> None:
    directory = write(
        tmp_path / "shop",
        _001_good="create table public.kept ();",
        _002_bad="create table public.lost ();\n\n-- at run time, without a position\nselect\n  1 / 0;\nselect 1;",
        _003_never="create table public.never ();",
    )
    with pytest.raises(MigrationFailed, match="division by zero") as caught:
        await migrate(database, directory)
    error = caught.value
    assert (Path(error.file).name, error.line, error.excerpt, error.sqlstate) == ("002_bad.sql", 4, "select", "22012")
    assert await value(database, "select to_regclass('public.kept')") is not None
    assert await value(database, "select coalesce(to_regclass('public.lost'), to_regclass('public.never'))") is None
    assert [entry.applied is not None for entry in await status(database, directory)] == [True, False, False]

    write(directory, _002_bad="create table public.lost ();")
    assert [entry.name for entry in await migrate(database, directory)] == ["002_bad.sql", "003_never.sql"]


async def test_a_syntax_error_is_found_on_its_line(database: str, tmp_path: Path) -> None:
    directory = write(tmp_path / "shop", _001_bad="select 'é';\nselect 1,\n  'é' frm pg_class;\n")
    with pytest.raises(MigrationFailed, match="syntax error") as caught:
        await migrate(database, directory)
    assert (caught.value.line, caught.value.excerpt) == (3, "'é' frm pg_class;".rstrip(";"))


@pytest.mark.parametrize("word", ["commit", "ROLLBACK", "begin", "start transaction", "end", "abort"])
async def test_a_file_cannot_end_its_transaction(database: str, tmp_path: Path, word: str) -> None:
    directory = write(tmp_path / "shop", _001_bad=f"create table public.t ();\n{word};\nselect 1 / 0;")
    with pytest.raises(MigrationFailed, match="one transaction") as caught:
        await migrate(database, directory)
    assert caught.value.line == 2
    assert await value(database, "select to_regclass('public.t')") is None


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["001_a", "003_c"], MigrationGap, "002 was expected"),
        (["001_a", "001_b"], MigrationGap, "002 was expected"),
        (["002_a"], MigrationGap, "001 was expected"),
        (["001_a", "extra"], MigrationError, r"named like 001_roles\.sql"),
        ([], MigrationError, "holds no .sql file"),
    ],
)
async def test_wrong_directories_are_refused(
    database: str, tmp_path: Path, names: list[str], error: type[MigrationError], message: str
) -> None:
    directory = write(tmp_path / "shop", **{f"_{name}": "select 1" for name in names})
    with pytest.raises(error, match=message):
        await migrate(database, directory)


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="is not a directory"):
        await migrate("postgresql://nowhere.invalid/x", tmp_path / "missing")


async def test_a_newer_database_is_refused(database: str, tmp_path: Path) -> None:
    directory = write(tmp_path / "shop", _001_a="select 1", _002_b="select 2")
    await migrate(database, directory)
    (directory / "002_b.sql").unlink()
    with pytest.raises(UnknownMigration, match=r"002_b\.sql applied, which is not among the files"):
        await migrate(database, directory)


async def test_a_file_slipped_in_between_is_refused(database: str, tmp_path: Path) -> None:
    directory = write(tmp_path / "shop", _001_a="select 1", _002_b="select 2")
    await migrate(database, directory)
    await value(database, "delete from passerelle.migrations where name = '001_a.sql' returning 1")
    with pytest.raises(MigrationGap, match=r"002_b\.sql is applied but 001_a\.sql before it is not"):
        await migrate(database, directory)


async def test_notices_reach_the_log(database: str, tmp_path: Path) -> None:
    directory = write(
        tmp_path / "shop",
        _001_a="create schema if not exists public; do $$ begin raise notice 'pgcrypto: skipped'; end $$;",
    )
    lines: list[str] = []
    await migrate(database, directory, log=lines.append)
    assert lines[0] == "notice: pgcrypto: skipped"
    assert len(lines) == 2


async def test_settings_of_a_file_end_with_it(database: str, tmp_path: Path) -> None:
    directory = write(
        tmp_path / "shop",
        _001_a="set local timezone = 'Asia/Tokyo'; create table public.a as select current_setting('timezone') zone;",
        _002_b="create table public.b as select current_setting('timezone') as zone;",
    )
    await migrate(database, directory)
    assert await value(database, "select a.zone || ' ' || b.zone from public.a, public.b") == "Asia/Tokyo UTC"

"""Coherence: stamps that were taken before an acknowledged write are never those of the moment again, anywhere."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from gateway.cache.breaks import NotTold
from tests.bus.servers import Proxy, Server
from tests.cache.conftest import Instance, OpenInstance, facts, until


async def stamped(one: Instance, oid: int) -> tuple[str, ...]:
    stamps = await one.coherence.stamps(facts(oid))
    assert stamps is not None
    return stamps


def holds(one: Instance, oid: int, stamps: tuple[str, ...]) -> bool:
    return one.coherence.known(facts(oid)) == stamps


async def test_a_write_changes_the_facts_of_its_tables_everywhere_before_it_is_acknowledged(
    redis: Server, instance: OpenInstance, notes: int
) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    before = await stamped(one, notes)
    other = await stamped(two, notes + 1)
    assert await stamped(two, notes) == before
    await one.coherence.committed([notes])
    assert not holds(one, notes, before)
    assert not holds(two, notes, before)
    assert holds(two, notes + 1, other)
    after = await stamped(two, notes)
    assert await stamped(one, notes) == after


async def test_the_version_tells_of_every_change(redis: Server, instance: OpenInstance, notes: int) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    await stamped(one, notes)
    version = one.coherence.version
    await asyncio.sleep(0.3)
    assert one.coherence.version == version
    await two.coherence.committed([notes])
    assert one.coherence.version not in (version, None)


async def test_an_uncertain_outcome_changes_everything(redis: Server, instance: OpenInstance, notes: int) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    before = await stamped(two, notes)
    one.coherence.uncertain()
    await until(lambda: not holds(two, notes, before))


async def test_a_write_goes_on_to_be_told_when_whoever_waits_is_cancelled(
    redis: Server, instance: OpenInstance, notes: int
) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    before = await stamped(two, notes)
    telling = asyncio.create_task(one.coherence.committed([notes]))
    await asyncio.sleep(0)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    await until(lambda: not holds(two, notes, before))


async def test_writes_of_other_programs_are_found(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    before, tags = await stamped(two, notes), await stamped(two, notes + 1)
    await owner.execute("update public.notes set label = 'changed'")
    await until(lambda: not holds(one, notes, before) and not holds(two, notes, before))
    assert holds(two, notes + 1, tags)
    await until(lambda: one.coherence.counts.found + two.coherence.counts.found == 1)
    assert await owner.fetchval("select count(*) from passerelle.touches") == 0


async def test_records_are_forgotten_only_after_they_were_told(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one = await instance(redis.url)
    before = await stamped(one, notes)
    redis.pause()
    await owner.execute("update public.notes set label = 'changed'")
    await asyncio.sleep(0.5)
    assert await owner.fetchval("select count(*) from passerelle.touches") == 1
    redis.resume()
    await until(lambda: one.coherence.version is not None and not holds(one, notes, before))


async def test_nothing_is_served_while_postgresql_cannot_be_asked(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one = await instance(redis.url)
    before = await stamped(one, notes)
    assert await owner.fetchval("select pg_terminate_backend($1)", one.connections[-1].get_server_pid())
    await until(lambda: one.coherence.version is None)
    assert one.coherence.off is not None
    await until(lambda: one.coherence.version is not None)
    assert not holds(one, notes, before), "what was recorded may have been lost"


async def test_an_instance_that_is_gone_may_have_left_a_write_untold(
    redis: Server, instance: OpenInstance, notes: int
) -> None:
    one, gone = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    before = await stamped(one, notes)
    await gone.coherence.stop()
    assert gone.bus.lease._task is not None
    gone.bus.lease._task.cancel()  # as if the process had been killed: nothing is given back
    await until(lambda: not holds(one, notes, before) and one.coherence.version is not None)


# -- a writer that cannot reach Redis ----------------------------------------------------------------------------------


async def test_a_write_that_cannot_be_told_waits_until_nobody_serves(
    redis: Server, instance: OpenInstance, notes: int
) -> None:
    proxy = await Proxy(redis.port).start()
    one, cut = await instance(redis.url), await instance(f"redis://127.0.0.1:{proxy.port}")
    await until(lambda: one.coherence.version is not None)
    before = await stamped(one, notes)
    await proxy.cut()
    await cut.coherence.committed([notes])
    assert one.coherence.version is None
    assert "cannot reach Redis" in str(one.coherence.off)
    # while it lasts, writes need not wait
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        await cut.coherence.committed([notes])
        assert one.coherence.version is None
    assert loop.time() - began < 3.0
    await asyncio.sleep(1.5)
    assert one.coherence.version is None
    await proxy.reopen()
    await until(lambda: one.coherence.version is not None and cut.coherence.version is not None)
    assert not holds(one, notes, before)
    await proxy.stop()


async def test_a_break_of_an_instance_that_is_gone_is_removed(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one = await instance(redis.url)
    before = await stamped(one, notes)
    await owner.fetchval("select passerelle.cache_break_v1('gone')")
    await until(lambda: one.coherence.version is None)
    await until(lambda: one.coherence.version is not None)
    assert not holds(one, notes, before)
    assert await owner.fetchval("select count(*) from passerelle.cache_breaks") == 0


async def test_when_redis_is_away_for_all_writes_go_on_and_nothing_old_comes_back(
    redis: Server, instance: OpenInstance, notes: int
) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    await until(lambda: one.coherence.version is not None)
    before = await stamped(one, notes), await stamped(two, notes)
    redis.pause()  # it keeps everything that it knows
    await one.coherence.committed([notes])
    assert one.coherence.version is None
    assert two.coherence.version is None
    redis.resume()
    await until(lambda: one.coherence.version is not None and two.coherence.version is not None)
    assert not holds(one, notes, before[0])
    assert not holds(two, notes, before[1])


async def test_a_write_that_nobody_can_be_told_of_fails(redis: Server, instance: OpenInstance, notes: int) -> None:
    one = await instance(redis.url)

    async def nowhere() -> asyncpg.Connection:
        raise OSError("no route")

    one.coherence._connect = nowhere
    one.connections[-1].terminate()
    redis.kill()
    with pytest.raises(NotTold):
        await one.coherence.committed([notes])
    assert one.coherence.version is None

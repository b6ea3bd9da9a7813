"""A connection that is lost during COMMIT: PostgreSQL may still be at it, and what it does then is not on record."""

from __future__ import annotations

import asyncio

import asyncpg

from tests.bus.servers import Server
from tests.cache.conftest import Instance, OpenInstance, facts, until


async def stamped(one: Instance, oid: int) -> tuple[str, ...]:
    stamps = await one.coherence.stamps(facts(oid))
    assert stamps is not None
    return stamps


async def begin_to_commit(owner: asyncpg.Connection) -> asyncpg.transaction.Transaction:
    """A transaction that has changed something, and whose record was taken, as just before COMMIT."""
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("update public.notes set label = 'changed'")
    assert await owner.fetchval("select passerelle.take_touches_v1()")
    return transaction


async def test_what_is_kept_before_the_commit_is_done_is_not_valid_after_it(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one, two = await instance(redis.url), await instance(redis.url)
    transaction = await begin_to_commit(owner)
    resets = one.coherence.counts.resets
    one.coherence.uncertain()
    await until(lambda: one.coherence.counts.resets > resets and one.coherence.version is not None)
    await asyncio.sleep(0.3)  # some looks at the database
    before = await stamped(one, notes), await stamped(two, notes)
    await transaction.commit()
    await until(
        lambda: (
            one.coherence.known(facts(notes)) not in (None, before[0])
            or two.coherence.known(facts(notes)) not in (None, before[1])
            or one.coherence.counts.resets > resets + 1
        )
    )
    await until(lambda: one.coherence.version is not None and two.coherence.version is not None)
    assert one.coherence.known(facts(notes)) != before[0]
    assert two.coherence.known(facts(notes)) != before[1]


async def test_so_is_that_of_an_instance_that_is_gone(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one, gone = await instance(redis.url), await instance(redis.url)
    await until(lambda: gone.bus.instance in one.coherence._members)
    transaction = await begin_to_commit(owner)
    resets = one.coherence.counts.resets
    await gone.coherence.stop()
    await gone.bus.lease.stop()
    await until(lambda: one.coherence.counts.resets > resets and one.coherence.version is not None)
    await asyncio.sleep(0.3)
    before = await stamped(one, notes)
    await transaction.commit()
    await until(lambda: one.coherence.counts.resets > resets + 1)
    assert one.coherence.known(facts(notes)) != before


async def test_it_is_not_waited_for_longer_than_that(
    redis: Server, instance: OpenInstance, owner: asyncpg.Connection, notes: int
) -> None:
    one = await instance(redis.url)
    resets = one.coherence.counts.resets
    one.coherence.uncertain()
    await until(lambda: one.coherence.counts.resets == resets + 2)
    await until(lambda: one.coherence.version is not None)
    stamps = await stamped(one, notes)
    await asyncio.sleep(0.5)
    assert one.coherence.counts.resets == resets + 2
    assert one.coherence.known(facts(notes)) == stamps

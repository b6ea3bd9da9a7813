"""Facts: once a change is complete, no instance that may trust its memory remembers anything else."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from gateway.bus import Bus, BusError, BusUnavailable, Reason
from tests.bus.conftest import HASTY, OpenBus
from tests.bus.servers import Proxy, Server, until

ROOT = Path(__file__).parents[2]
FACTS = "passerelle:v1:bus:{passerelle:bus}:facts"


async def started(*buses: Bus) -> None:
    for bus in buses:
        assert await bus.start(patience=5)
    await until(lambda: _settled(buses[0]))


async def _settled(bus: Bus) -> bool:
    return (await bus.members()).unsettled == 0


async def test_a_change_is_remembered_by_all_when_it_is_complete(server: Server, opened: OpenBus) -> None:
    one, two, three = opened(server.url), opened(server.url), opened(server.url)
    await started(one, two, three)
    for bus in (one, two, three):
        await bus.facts.learn({"a": f"first of {bus.instance}", "b": "b"})
    first = one.facts.known(["a", "b"])
    assert first == (f"first of {one.instance}", "b") == two.facts.known(["a", "b"]) == three.facts.known(["a", "b"])
    for number in range(200):
        teller = random.choice([one, two, three])
        await teller.facts.tell({"a": f"{number}"})
        assert [bus.facts.known(["a", "b"]) for bus in (one, two, three)] == [(f"{number}", "b")] * 3


async def test_changes_at_once_end_the_same_everywhere(server: Server, opened: OpenBus) -> None:
    buses = [opened(server.url) for _ in range(3)]
    await started(*buses)
    for _ in range(20):
        await asyncio.gather(
            *(bus.facts.tell({"x": f"{bus.instance} {turn}", f"own {bus.instance}": str(turn)})
              for bus in buses for turn in range(10))
        )  # fmt: skip
        values = [bus.facts.known(["x"]) for bus in buses]
        assert values[0] is not None
        assert values == [values[0]] * 3
        server_says = server.ask("HGET", FACTS, "f:x")
        assert values[0][0] == server_says
    # what was told together travelled together
    assert buses[0].facts.changes < 20 * 30


async def test_the_version_is_another_one_after_each_change(server: Server, opened: OpenBus) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)
    await two.facts.learn({"a": "1"})
    version, again = two.facts.version, two.facts.version
    assert version is not None
    assert version == again
    await one.facts.tell({"something else": "2"})
    assert two.facts.version not in (None, version)


async def test_notices_were_heard_by_all_when_they_are_told(server: Server, opened: OpenBus) -> None:
    buses = [opened(server.url) for _ in range(3)]
    await started(*buses)
    heard: list[list[str]] = [[], [], []]
    for bus, own in zip(buses, heard, strict=True):
        bus.facts.listen(own.append)
    version = buses[1].facts.version
    for number in range(50):
        await random.choice(buses).facts.tell({}, [f"{number}", f"{number} too"])
        assert [own[-2:] for own in heard] == [[f"{number}", f"{number} too"]] * 3
    assert [len(own) for own in heard] == [100] * 3
    assert buses[1].facts.version == version  # no fact is another one
    assert server.ask("HLEN", FACTS) == 1  # and nobody keeps them


async def test_what_is_not_known_is_not_guessed(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    assert bus.facts.version is None
    assert bus.facts.known([]) is None
    with pytest.raises(BusUnavailable):
        await bus.facts.learn({"a": "1"})
    await started(bus)
    assert bus.facts.known([]) == ()
    assert bus.facts.known(["a"]) is None
    await bus.facts.learn({"a": "1"})
    assert bus.facts.known(["a"]) == ("1",)
    assert bus.facts.known(["a", "b"]) is None


async def test_an_answer_that_was_on_its_way_does_not_undo_what_was_heard(server: Server, opened: OpenBus) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)
    await one.facts.tell({"a": "old"})
    two.facts._known.clear()
    ask = two.facts._ask_to_learn

    async def slowly(candidates: dict[str, str]) -> object:
        values = await ask(candidates)
        await one.facts.tell({"a": "new"})
        return values

    two.facts._ask_to_learn = slowly  # type: ignore[assignment]
    await two.facts.learn({"a": "mine"})
    assert two.facts.known(["a"]) == ("new",)


async def test_an_answer_of_a_former_epoch_counts_for_nothing(server: Server, opened: OpenBus) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)
    await one.facts.tell({"a": "old"})
    two.facts._known.clear()
    ask = two.facts._ask_to_learn

    async def slowly(candidates: dict[str, str]) -> object:
        values = await ask(candidates)
        await one.facts.tell({"a": "new"})
        two.lease.renounce()
        await two.lease.granted()
        assert two.facts.known([]) == ()  # looked at in between
        return values

    two.facts._ask_to_learn = slowly  # type: ignore[assignment]
    await two.facts.learn({"a": "mine"})
    assert two.facts.known(["a"]) is None


@pytest.mark.parametrize("how", ["flushed", "deleted", "restarted", "promoted"])
async def test_a_server_that_forgets_facts_never_answers_with_former_ones(
    how: str, server: Server, opened: OpenBus
) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)
    await one.facts.tell({"a": "former"})
    server.ask("SAVE")
    if how == "flushed":
        server.ask("FLUSHALL")
    elif how == "deleted":
        server.ask("DEL", FACTS)
    elif how == "restarted":
        server.kill()
        server.start()
        await until(lambda: one.lease.live)
    else:
        server.ask("REPLICAOF", "127.0.0.1", "1")
        server.ask("REPLICAOF", "NO", "ONE")
        await until(lambda: one.lease.live)
    third = opened(server.url)
    await third.start(patience=5)
    await third.facts.learn({"a": "new"})
    assert third.facts.known(["a"]) == ("new",)


async def test_whoever_is_cut_off_is_waited_for_until_its_lease_has_run_out(
    server: Server, proxy: Proxy, opened: OpenBus
) -> None:
    one, cut = opened(server.url), opened(f"redis://127.0.0.1:{proxy.port}")
    await started(one, cut)
    await one.facts.tell({"a": "old"})
    await cut.facts.learn({"a": ""})
    proxy.freeze()
    telling = asyncio.create_task(one.facts.tell({"a": "new"}))
    while not telling.done():
        assert cut.facts.known(["a"]) in (None, ("old",))
        await asyncio.sleep(0.005)
    await telling
    assert cut.facts.known(["a"]) is None


async def test_a_stopped_process_is_waited_for_no_longer_than_its_lease(server: Server, opened: OpenBus) -> None:
    one = opened(server.url)
    await started(one)
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bus.paused", server.url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: _count(one, 2))
        other.send_signal(signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await one.facts.tell({"a": "new"})
        assert loop.time() - began > HASTY.grace / 2
        assert len((await one.members()).holdings) == 1
    finally:
        other.kill()
        await other.wait()


async def _count(bus: Bus, number: int) -> bool:
    return len((await bus.members()).holdings) == number


async def test_a_change_that_cannot_be_told_fails(server: Server, opened: OpenBus) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)
    server.kill()
    with pytest.raises(BusError):
        await one.facts.tell({"a": "1"})
    server.start()
    await until(lambda: one.lease.live and two.lease.live)
    await one.facts.tell({"a": "2"})
    await two.facts.learn({"a": ""})
    assert two.facts.known(["a"]) == ("2",)


async def test_a_change_goes_on_when_nobody_waits_for_it_any_more(server: Server, opened: OpenBus) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)
    telling = asyncio.create_task(one.facts.tell({"a": "1"}))
    await asyncio.sleep(0)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    await until(lambda: two.facts.known(["a"]) == ("1",))


async def test_who_cannot_confirm_begins_a_new_epoch(server: Server, opened: OpenBus) -> None:
    one, two = opened(server.url), opened(server.url)
    await started(one, two)

    async def fail(*_: str) -> None:
        raise BusUnavailable(Reason.LOST)

    two.facts._confirm = fail
    epoch = two.lease.epoch
    await one.facts.tell({"a": "1"})
    await until(lambda: two.lease.live)
    assert two.lease.epoch != epoch

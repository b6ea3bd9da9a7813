"""Real servers of every shape. Those that tests break are made for each test; the rest live as long as the run."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.bus import Bus, Terms, open_bus
from tests.bus.arrangements import ClusterOfSix, SentinelTrio
from tests.bus.certificates import Authority
from tests.bus.servers import Proxy, Server

HASTY = Terms(term=0.9, grace=0.3, renewal=0.1)
"""Leases that tests can wait out."""

OpenBus = Callable[..., Bus]


@pytest.fixture(scope="package")
def places() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="bus-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def server(places: Path) -> Iterator[Server]:
    """A server for one test to break."""
    directory = Path(tempfile.mkdtemp(dir=places))
    server = Server(directory).start()
    yield server
    server.kill()


@pytest_asyncio.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    """A way to `server` that can be cut."""
    proxy = await Proxy(server.port).start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[OpenBus]:
    """Opens buses, which are stopped after the test; then no task may be left."""
    before = asyncio.all_tasks()
    buses: list[Bus] = []

    def open_(url: str, **options: object) -> Bus:
        bus = open_bus(url, **{"terms": HASTY, **options})  # type: ignore[arg-type]
        buses.append(bus)
        return bus

    yield open_
    for bus in buses:
        await bus.stop()
    # Gateways of other fixtures live in the same loop: what they have under way ends, what is left here never does.
    left = {task for task in asyncio.all_tasks() - before if "redis" in task.get_name()}
    if left:
        left = (await asyncio.wait(left, timeout=5))[1]
    assert left == set()


@pytest.fixture(scope="package")
def standing(places: Path) -> Iterator[Server]:
    """A server that tests leave as it is: password, Unix socket, an ACL user with no more rights than docs/redis.md
    gives."""
    socket = places / "standing.sock"
    rules = acl_rules(Path(__file__).parents[2] / "docs" / "redis.md")
    server = Server(
        places / "standing",
        ["requirepass a/b:c@d", f"unixsocket {socket}", f"user gate on >p%w:/@ {rules}"],
    ).start()
    yield server
    server.stop()


def acl_rules(page: Path) -> str:
    """The rules that the documentation gives for the gateway's user."""
    line = next(line for line in page.read_text().splitlines() if line.startswith("user passerelle on"))
    return line.partition(" >secret ")[2]


@pytest.fixture(scope="package")
def authority(places: Path) -> Authority:
    return Authority(places / "authority")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def tls_port(standing: Server, authority: Authority) -> AsyncIterator[int]:
    """The wheel's server speaks no TLS, so a proxy does it for `standing`."""
    proxy = await Proxy(standing.port, tls=authority.server()).start()
    yield proxy.port
    await proxy.stop()


@pytest.fixture(scope="package")
def trio(places: Path) -> Iterator[SentinelTrio]:
    trio = SentinelTrio(places / "trio")
    try:
        trio.start()
        yield trio
    finally:
        trio.stop()


@pytest.fixture(scope="package")
def cluster(places: Path) -> Iterator[ClusterOfSix]:
    cluster = ClusterOfSix(places / "cluster")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(params=["tcp", "unix", "acl", "tls", "sentinel", "cluster"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of each shape in turn."""
    get = request.getfixturevalue
    if request.param == "sentinel":
        return get("trio").url
    if request.param == "cluster":
        return get("cluster").url
    server: Server = get("standing")
    if request.param == "unix":
        return f"unix://:a%2Fb%3Ac%40d@{server.directory.parent / 'standing.sock'}?db=3"
    if request.param == "acl":
        return f"redis://gate:p%25w%3A%2F%40@127.0.0.1:{server.port}/0"
    if request.param == "tls":
        return f"rediss://:a%2Fb%3Ac%40d@127.0.0.1:{get('tls_port')}?ca={get('authority').file}"
    return f"redis://:a%2Fb%3Ac%40d@127.0.0.1:{server.port}/2"

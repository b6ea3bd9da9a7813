"""TLS to one server, to Sentinels and in a cluster: who is accepted, and what is said of who is not.

The wheel's server is built without TLS, so proxies of the tests speak it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.bus import Bus, BusUnavailable, Reason, State, tls
from gateway.embedded import free_port
from tests.bus.arrangements import wait
from tests.bus.certificates import Authority
from tests.bus.conftest import OpenBus
from tests.bus.servers import EitherProxy, Proxy, Server, until

Front = Callable[..., Awaitable[int]]


@pytest.fixture(scope="module")
def stranger(places: Path) -> Authority:
    """An authority that nobody trusts; it even has the same name."""
    return Authority(places / "stranger")


@pytest_asyncio.fixture
async def front() -> AsyncIterator[Front]:
    """`await front(target, context)`: the port of a proxy that speaks TLS."""
    proxies: list[Proxy] = []

    async def start(target: int, context: ssl.SSLContext, *, either: bool = False) -> int:
        proxies.append(await (EitherProxy if either else Proxy)(target, tls=context).start())
        return proxies[-1].port

    yield start
    for proxy in proxies:
        await proxy.stop()


async def refused(bus: Bus, reason: Reason, says: str) -> None:
    """Starting it comes to nothing, for that reason and in these words; nothing gets through."""
    assert not await bus.start(patience=0.05)
    await until(lambda: bus.health.reason is reason and says in (bus.health.details or ""), within=20)
    with pytest.raises(BusUnavailable):
        await bus.get("a")


@pytest.mark.parametrize(
    ("certificate", "host", "options", "says"),
    [
        ("own", "127.0.0.1", "ca={ca}", None),
        ("own", "127.0.0.1", "verify=no", None),
        ("strange", "127.0.0.1", "verify=no", None),
        ("own", "127.0.0.1", "", "the certificate is not accepted: "),
        ("own", "127.0.0.1", "verify=yes", "the certificate is not accepted: "),
        ("own", "127.0.0.1", "ca={other}", "the certificate is not accepted: "),
        ("strange", "127.0.0.1", "ca={ca}", "the certificate is not accepted: "),
        ("own", "localhost", "ca={ca}", "certificate is not valid for 'localhost'"),
        ("own", "localhost", "ca={ca}&verify=no", None),
        ("expired", "127.0.0.1", "ca={ca}", "the certificate is not accepted: certificate has expired"),
        ("own", "127.0.0.1", "ca=/no/such/file.pem", "the file in the option ca cannot be read: No such file"),
        ("own", "127.0.0.1", "ca={key}", "the file in the option ca holds no certificate"),
        ("own", "127.0.0.1", "ca={ca}&cert={ca}", "the file in the option cert holds no certificate with its key"),
        ("own", "127.0.0.1", "ca={ca}&cert={cert}&key=/no", "the file in the option cert or key cannot be read"),
        ("own", "127.0.0.1", "ca={ca}&cert={cert}&key={key}", None),
    ],
)
async def test_whom_a_client_accepts(
    certificate: str,
    host: str,
    options: str,
    says: str | None,
    server: Server,
    authority: Authority,
    stranger: Authority,
    front: Front,
    opened: OpenBus,
) -> None:
    contexts = {
        "own": authority.server,
        "strange": stranger.server,
        "expired": lambda: authority.server("expired", until=dt.timedelta(days=-1)),
    }
    port = await front(server.port, contexts[certificate]())
    cert, key = authority.issue("client")
    files = {"ca": authority.file, "other": stranger.file, "cert": cert, "key": key}
    bus = opened(f"rediss://{host}:{port}?{options.format(**files)}")
    if says is None:
        assert await bus.start(patience=20)
        assert await bus.set("a", "1", ttl=None)
        assert server.ask("GET", "passerelle:v1:a") == "1"
    else:
        await refused(bus, Reason.TLS, says)
        assert server.ask("KEYS", "*") == []


@pytest.mark.parametrize(("who", "accepted"), [("client", True), ("strange", False), ("nobody", False)])
async def test_whom_a_server_accepts(
    who: str,
    accepted: bool,
    server: Server,
    authority: Authority,
    stranger: Authority,
    front: Front,
    opened: OpenBus,
) -> None:
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    port = await front(server.port, context)
    own = "" if who == "nobody" else "&cert={}&key={}".format(*(stranger if who == "strange" else authority).issue(who))
    bus = opened(f"rediss://127.0.0.1:{port}?ca={authority.file}{own}")
    if accepted:
        assert await bus.start(patience=20)
    else:
        await refused(bus, Reason.UNREACHABLE, "does the server demand a client's certificate (options cert and key)?")


async def test_a_certificate_that_is_exchanged(
    server: Server, authority: Authority, stranger: Authority, opened: OpenBus, caplog: pytest.LogCaptureFixture
) -> None:
    """New connections see the new one; when it is right again, so is the bus."""
    context = authority.server()
    proxy = await Proxy(server.port, tls=context).start()
    try:
        bus = opened(f"rediss://:hunter2@127.0.0.1:{proxy.port}?ca={authority.file}&timeout=0.5")
        server.ask("CONFIG", "SET", "requirepass", "hunter2")
        assert await bus.start(patience=20)
        context.load_cert_chain(*stranger.issue("server"))
        with caplog.at_level(logging.DEBUG):
            proxy.drop()
            await until(lambda: bus.health.reason is Reason.TLS)
        assert not bus.lease.live
        context.load_cert_chain(*authority.issue("server"))
        await until(lambda: bus.health.state is State.UP)
        await asyncio.wait_for(bus.lease.granted(), 5)
        assert "the certificate is not accepted" in caplog.text
        assert "hunter2" not in caplog.text
    finally:
        await proxy.stop()


async def test_a_given_authority_takes_the_place_of_the_systems(
    server: Server,
    authority: Authority,
    stranger: Authority,
    front: Front,
    opened: OpenBus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.file))
    tls._made.cache_clear()  # the system's are read once
    port = await front(server.port, stranger.server())
    assert await opened(f"rediss://127.0.0.1:{port}?timeout=5").start(patience=20)
    await refused(opened(f"rediss://127.0.0.1:{port}?ca={authority.file}"), Reason.TLS, "is not accepted")
    tls._made.cache_clear()


async def test_an_authority_that_is_exchanged(
    server: Server, places: Path, authority: Authority, stranger: Authority, front: Front, opened: OpenBus
) -> None:
    """Its file is read again, without a restart."""
    port = await front(server.port, stranger.server())
    file = places / "exchanged.pem"
    file.write_bytes(authority.file.read_bytes())
    bus = opened(f"rediss://127.0.0.1:{port}?ca={file}")
    await refused(bus, Reason.TLS, "the certificate is not accepted")
    file.write_bytes(stranger.file.read_bytes())
    await until(lambda: bus.health.state is State.UP)


async def test_tls_where_there_is_none_and_the_other_way_round(
    server: Server, authority: Authority, front: Front, opened: OpenBus
) -> None:
    port = await front(server.port, authority.server())
    await refused(opened(f"rediss://127.0.0.1:{server.port}?verify=no&timeout=0.2"), Reason.TIMEOUT, "")
    await refused(opened(f"redis://127.0.0.1:{port}?timeout=0.2"), Reason.UNREACHABLE, "closed by server")


@pytest_asyncio.fixture
async def sentinel(server: Server, places: Path, authority: Authority, front: Front) -> AsyncIterator[int]:
    """The TLS port of a Sentinel with a password; the master it names speaks TLS, too."""
    master = await front(server.port, authority.server(), either=True)
    monitor = f"sentinel monitor main 127.0.0.1 {master} 1"
    sentinel = Server(places / f"sentinel-{master}", ["requirepass watch", monitor])
    sentinel.arguments = ["--sentinel"]
    sentinel.start()
    yield await front(sentinel.port, authority.server())
    sentinel.stop()


async def test_sentinels(
    sentinel: int, server: Server, authority: Authority, stranger: Authority, opened: OpenBus
) -> None:
    url = f"rediss+sentinel://127.0.0.1:{sentinel}/main?timeout=5&sentinel_password=watch"
    bus = opened(f"{url}&ca={authority.file}")
    assert await bus.start(patience=20)
    await bus.set("a", "1", ttl=None)
    assert server.ask("GET", "passerelle:v1:a") == "1"
    await refused(opened(f"{url}&ca={stranger.file}"), Reason.NO_MASTER, "the certificate is not accepted")
    wrong = opened(f"{url}&ca={authority.file}".replace("watch", "hunter2"))
    await refused(wrong, Reason.NO_MASTER, "no Sentinel can be asked: Redis refuses the user or the password.")
    assert "hunter2" not in repr(wrong.health)


@pytest_asyncio.fixture
async def cluster_port(places: Path, authority: Authority, front: Front) -> AsyncIterator[int]:
    """The TLS port of one of two primaries; they announce such ports."""
    nodes: list[Server] = []
    for number in range(2):
        node = Server(places / f"tls-node-{free_port()}")
        port = await front(node.port, authority.server(), either=True)
        node.lines = ["cluster-enabled yes", f"cluster-port {free_port()}", f"cluster-announce-port {port}"]
        nodes.append(node.start())
        node.ask("CLUSTER", "ADDSLOTSRANGE", 8192 * number, 8192 * number + 8191)
    bus_port = nodes[1].lines[1].split()[1]
    nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", nodes[1].port, bus_port)
    wait(lambda: all("cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in nodes))
    yield port
    for node in nodes:
        node.stop()


async def test_a_cluster(cluster_port: int, authority: Authority, stranger: Authority, opened: OpenBus) -> None:
    url = f"rediss+cluster://127.0.0.1:{cluster_port}?timeout=5"
    bus = opened(f"{url}&ca={authority.file}")
    assert await bus.start(patience=20)
    names = [str(number) for number in range(20)]
    for name in names:
        await bus.set(name, name, ttl=None)
    assert await bus.mget(names) == [name.encode() for name in names]
    assert [node.counts.calls > 5 for node in bus.health.nodes] == [True, True]
    await refused(opened(f"{url}&ca={stranger.file}"), Reason.TLS, "the certificate is not accepted")

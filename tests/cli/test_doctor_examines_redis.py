"""Each fault of Redis that doctor looks for, made on real servers of every shape, and what it says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gateway.bus.inspection import ServerReport
from gateway.bus.keys import Keys
from gateway.bus.rights import Refusals, probes
from gateway.commands.doctor import Finding
from gateway.commands.redis_findings import _server, examine_redis
from gateway.redisurl import parse_url
from gateway.settings import load_settings
from tests.bus.arrangements import ClusterOfSix, SentinelTrio
from tests.bus.conftest import acl_rules, authority, cluster, places, server, standing, tls_port, trio, url
from tests.bus.servers import Server

__all__ = ["authority", "cluster", "places", "server", "standing", "tls_port", "trio", "url"]

PAGE = Path(__file__).parents[2] / "docs" / "redis.md"


async def findings(url: str | None, **values: str) -> list[Finding]:
    return await examine_redis(
        load_settings({"PASSERELLE_DATABASE_URL": "postgresql://x"}, options={"redis_url": url, **values})
    )


async def failures(url: str, **values: str) -> list[Finding]:
    return [finding for finding in await findings(url, **values) if finding.level == "fail"]


async def test_every_shape_in_order(url: str) -> None:
    found = await findings(url)
    assert [finding for finding in found if finding.level == "fail"] == []
    servers = 3 if url.startswith("cluster") else 1
    assert sum(" answers as master, in " in finding.text for finding in found) == servers
    assert found[0].text.startswith("Valkey ")
    rest = [finding.text for finding in found if " answers as master, in " not in finding.text]
    assert rest == (["A master that is cut off goes on as if nothing had happened."] if "sentinel" in url else [])


async def test_nothing_is_left_behind(server: Server) -> None:
    await findings(server.url)
    assert server.ask("KEYS", "*") == []
    assert int(server.ask("INFO", "commandstats")["cmdstat_set"]["calls"]) == 1


async def test_without_a_url() -> None:
    assert [finding.level for finding in await findings(None)] == ["warn"]
    assert await examine_redis(load_settings({"PGRST_DB_POOL": "1"})) == []


async def test_servers_that_cannot_be_used(
    server: Server, cluster: ClusterOfSix, trio: SentinelTrio, tls_port: int
) -> None:
    server.ask("CONFIG", "SET", "requirepass", "right")
    node = cluster.nodes[0].port
    for where, says, remedy in (
        (f"redis://:hunter2@127.0.0.1:{server.port}", "refuses the user or the password", "Correct user and password"),
        (server.url, "refuses the user or the password", "Correct user and password"),
        ("redis://:hunter2@127.0.0.1:1", "cannot be reached", "Start it"),
        ("unix://:hunter2@/no/such/socket", "cannot be reached", "Start it"),
        ("redis://:hunter2@no-such-host.invalid", "cannot be reached", "Start it"),
        ("cluster://:hunter2@127.0.0.1:1,127.0.0.1:2", "cannot be reached", "Start it"),
        (
            "sentinel://:hunter2@127.0.0.1:1/main",
            "no Sentinel can be asked: Redis cannot be reached",
            "Correct the Sen",
        ),
        (trio.url.replace("mymaster", "other"), "No master found for 'other'", "the name of the service"),
        (f"cluster://:right@127.0.0.1:{server.port}", "cluster support disabled", "redis:// for one server"),
        (f"redis://127.0.0.1:{node}", "is a node of a cluster", "Begin PASSERELLE_REDIS_URL with cluster://"),
        (f"rediss://127.0.0.1:{tls_port}", "the certificate is not accepted", "options ca, cert and key"),
        (f"rediss://127.0.0.1:{tls_port}?ca=/no/such/file", "the option ca cannot be read", "options ca"),
        (f"rediss://127.0.0.1:{server.port}?timeout=0.3&verify=no", "does not answer in time", "port speaks it"),
        (f"redis://127.0.0.1:{tls_port}", "cannot be reached", "over TLS it begins with rediss://"),
    ):
        (finding,) = await failures(where)
        assert says in finding.text, finding
        assert remedy in finding.remedy, finding
        assert "hunter2" not in finding.text + finding.remedy


async def test_a_replica(server: Server) -> None:
    server.ask("REPLICAOF", "127.0.0.1", "1")
    (finding,) = await failures(server.url)
    assert "is a replica, which is not used" in finding.text
    assert "Name the master" in finding.remedy


@pytest.mark.parametrize(
    ("policy", "limit", "says", "remedy"),
    [
        ("allkeys-lru", "0", "evicts any key (allkeys-lru)", "volatile-lru"),
        ("allkeys-random", "100mb", "evicts any key (allkeys-random)", "volatile-random"),
        ("noeviction", "100mb", "When its memory (100 MB) is full it refuses to write", "volatile-lru"),
        ("noeviction", "0", None, None),
        ("volatile-lfu", "100mb", None, None),
    ],
)
async def test_what_happens_when_memory_is_full(
    server: Server, policy: str, limit: str, says: str | None, remedy: str
) -> None:
    server.ask("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", limit)
    rest = (await findings(server.url))[1:]
    if says is None:
        assert rest == []
    else:
        (finding,) = rest
        assert (finding.level, says in finding.text, remedy in finding.remedy) == ("warn", True, True)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [("maxmemory", "1", "out of memory"), ("min-replicas-to-write", "1", "refuses to write for now")],
)
async def test_a_server_that_does_not_write(server: Server, setting: str, value: str, says: str) -> None:
    server.ask("CONFIG", "SET", setting, value)
    (finding,) = await failures(server.url)
    assert says in finding.text
    assert "nothing is cached" in finding.remedy


def test_the_rights_that_are_tried_are_those_of_the_page() -> None:
    tried = {str(command[0]).lower() for command in probes(Keys(), "x", clustered=True)}
    documented = {rule[1:] for rule in acl_rules(PAGE).split() if rule.startswith("+")}
    assert documented - tried == {"ping", "info", "select", "cluster|slots"}  # every connection does these
    assert tried <= documented


async def test_each_missing_right_is_named_and_the_remedy_helps(server: Server, cluster: ClusterOfSix) -> None:
    rules = acl_rules(PAGE).split()
    node = cluster.nodes[0]
    rights = [rule for rule in rules if rule.startswith("+")]
    assert len(rights) > 20
    for missing in rights:
        clustered = missing in {"+cluster|slots", "+asking"}
        asked = cluster.nodes[:3] if clustered else [server]
        for one in asked:
            one.ask("ACL", "SETUSER", "gate", "reset", "on", ">pw", *(rule for rule in rules if rule != missing))
        where = (
            f"cluster://gate:pw@127.0.0.1:{node.port}" if clustered else f"redis://gate:pw@127.0.0.1:{server.port}/1"
        )
        found = await failures(where)
        assert found, missing
        assert missing[1:] in found[0].text, found
        if found[0].remedy.startswith("ACL SETUSER"):
            for one in asked:
                one.ask(*found[0].remedy.split())
            assert await failures(where) == [], missing


@pytest.mark.parametrize(
    ("instead", "prefix", "says", "rule"),
    [
        ("~other:*", "passerelle:", "use its keys", "~passerelle:*"),
        ("&other:*", "passerelle:", "use its channels", "&passerelle:*"),
        ("", "mine:", "use its keys or use its channels", "~mine:* &mine:*"),
    ],
)
async def test_keys_and_channels_of_others(server: Server, instead: str, prefix: str, says: str, rule: str) -> None:
    rules = [rule for rule in acl_rules(PAGE).split() if not instead or rule[0] != instead[0]]
    server.ask("ACL", "SETUSER", "gate", "on", ">pw", *rules, *([instead] if instead else []))
    url = f"redis://gate:pw@127.0.0.1:{server.port}"
    (finding,) = await failures(url, redis_prefix=prefix)
    assert says in finding.text
    assert finding.remedy == f"ACL SETUSER gate {rule}"
    server.ask(*finding.remedy.split())
    assert await failures(url, redis_prefix=prefix) == []


FINE = ServerReport(
    name="h:1",
    product="Redis",
    version="7.4.1",
    compatible=(7, 4, 1),
    role="master",
    clustered=False,
    memory_limit=0,
    eviction="noeviction",
    replicas_demanded=False,
    round_trip=0.0004,
    rights=Refusals(),
    refused=None,
)


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ({}, "ok", "Redis 7.4.1 at h:1 answers as master, in 0.4 ms."),
        ({"version": "6.2.0", "compatible": (6, 2, 0)}, "ok", "Redis 6.2.0 at h:1 answers"),
        ({"version": "6.0.20", "compatible": (6, 0, 20)}, "fail", "Redis 6.0.20 at h:1 is too old."),
        ({"version": "10.0.0", "compatible": (10, 0, 0)}, "ok", "Redis 10.0.0"),
        ({"round_trip": 0.012}, "warn", "in 12.0 ms"),
    ],
)
def test_versions_and_distance(changes: dict[str, object], level: str, says: str) -> None:
    (finding,) = _server(dataclasses.replace(FINE, **changes), parse_url("redis://h:1"), "passerelle:")  # type: ignore[arg-type]
    assert (finding.level, says in finding.text) == (level, True)
    assert bool(finding.remedy) == (level != "ok")

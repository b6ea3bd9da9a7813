"""A Sentinel trio and a cluster of six, as small and as hasty as they can be."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot

from gateway.embedded.process import free_port
from tests.bus.servers import Server

SERVICE = "mymaster"
_SLOTS = 16384


def wait(condition: Callable[[], Any], *, within: float = 15.0) -> None:
    end = time.monotonic() + within
    while True:
        with contextlib.suppress(redis.RedisError):
            if condition():
                return
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s")
        time.sleep(0.02)


class SentinelTrio:
    """A master, a replica, and three Sentinels that fail over after half a second."""

    def __init__(self, directory: Path) -> None:
        self.servers = [Server(directory / name, ["repl-diskless-sync-delay 0"]) for name in ("one", "two")]
        self.sentinels: list[Server] = []
        self._directory = directory

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"sentinel://{hosts}/{SERVICE}"

    def start(self) -> None:
        master, replica = self.servers
        master.start()
        replica.start(f"replicaof 127.0.0.1 {master.port}")
        wait(lambda: _linked(replica))
        for number in range(3):
            sentinel = Server(
                self._directory / f"sentinel{number}",
                [
                    f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 2",
                    f"sentinel down-after-milliseconds {SERVICE} 500",
                    f"sentinel failover-timeout {SERVICE} 1500",
                ],
            )
            sentinel.arguments = ["--sentinel"]
            self.sentinels.append(sentinel.start())
        wait(lambda: all(self._knows_all(sentinel) for sentinel in self.sentinels))

    def master(self) -> Server:
        """The server that the first Sentinel names."""
        _, port = self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def repair(self) -> None:
        """Both servers run again, and the one that is not the master follows it. Sentinels would take ten seconds."""
        for server in self.servers:
            server.resume()
            if not server.running:
                server.start()
        master = self.master()
        replica = next(server for server in self.servers if server is not master)
        replica.ask("REPLICAOF", "127.0.0.1", master.port)
        wait(lambda: _linked(replica) and all(self._is_content(sentinel) for sentinel in self.sentinels))

    def _is_content(self, sentinel: Server) -> bool:
        state = sentinel.ask("SENTINEL MASTERS")[SERVICE]
        replicas = sentinel.ask("SENTINEL SLAVES", SERVICE)
        return state["flags"] == "master" and [(one["flags"], one["master-link-status"]) for one in replicas] == [
            ("slave", "ok")
        ]

    def stop(self) -> None:
        for server in (*self.sentinels, *self.servers):
            server.stop()

    def _knows_all(self, sentinel: Server) -> bool:
        state = sentinel.ask("SENTINEL MASTERS")[SERVICE]
        return int(state["num-slaves"]) == 1 and int(state["num-other-sentinels"]) == 2


def _linked(replica: Server) -> bool:
    return replica.ask("INFO", "replication").get("master_link_status") == "up"


class ClusterOfSix:
    """Three primaries, each with a replica."""

    def __init__(self, directory: Path) -> None:
        self.nodes: list[Server] = []
        for number in range(6):
            lines = [
                "cluster-enabled yes",
                f"cluster-port {free_port()}",
                "cluster-node-timeout 800",
                "cluster-replica-validity-factor 0",
                "repl-diskless-sync-delay 0",
            ]
            self.nodes.append(Server(directory / f"node{number}", lines))

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:3])
        return f"cluster://{hosts}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        first, primaries = self.nodes[0], self.nodes[:3]
        for number, node in enumerate(primaries):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            begin, end = _SLOTS * number // 3, _SLOTS * (number + 1) // 3 - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", begin, end)
        for node in self.nodes[1:]:
            bus = next(line.split()[1] for line in node.lines if line.startswith("cluster-port"))
            first.ask("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        wait(lambda: all(len(self.known(node)) == 6 for node in self.nodes))
        for number, node in enumerate(self.nodes[3:]):
            node.ask("CLUSTER", "REPLICATE", self.id(primaries[number]))
        wait(lambda: all("cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in self.nodes))
        wait(lambda: all(_linked(node) for node in self.nodes[3:]))
        wait(lambda: all(sum("slave" in peer.flags for peer in self.known(node)) == 3 for node in self.nodes))

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def id(self, node: Server) -> str:
        return str(node.ask("CLUSTER", "MYID"))

    def known(self, node: Server) -> list[Peer]:
        """The nodes that `node` knows."""
        return [peer for peer in _peers(node) if "handshake" not in peer.flags]

    def owner(self, key: str, asked: Server | None = None) -> Server:
        """The primary that has the key's slot, as `asked` knows it."""
        number = key_slot(key.encode())
        for peer in _peers(asked or self.nodes[0]):
            if any(first <= number <= last for first, last in peer.slots):
                return next(node for node in self.nodes if node.port == peer.port)
        raise AssertionError(f"nobody has slot {number}")


@dataclass(frozen=True)
class Peer:
    id: str
    port: int
    flags: set[str]
    slots: list[tuple[int, int]]


def _peers(node: Server) -> list[Peer]:
    peers: list[Peer] = []
    for line in str(node.ask("CLUSTER", "NODES")).splitlines():
        name, address, flags, *rest = line.split()
        ranges = [part for part in rest[5:] if not part.startswith("[")]
        slots = [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in ranges]
        peers.append(Peer(name, int(address.partition("@")[0].rpartition(":")[2]), set(flags.split(",")), slots))
    return peers

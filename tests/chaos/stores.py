"""Redis in its three shapes, with the things that can be done to each. All calls block for a moment."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from gateway.embedded import free_port
from tests.bus.arrangements import SERVICE, ClusterOfSix, SentinelTrio, wait
from tests.bus.servers import Server


class Store(Protocol):
    """`url`: where the instances are told it is. `masters`: the servers that have the data."""

    @property
    def url(self) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def masters(self) -> list[Server]: ...

    def lag(self) -> Server:
        """Some replica hears of nothing more. Returns the server that it follows."""
        ...

    def fail_over(self, master: Server) -> dict[int, int]:
        """It dies, and that replica takes over. Returns ports that must lead elsewhere from now on."""
        ...

    def repair(self) -> None:
        """All servers run again, each master with a replica that has everything."""
        ...


def make_store(shape: str, directory: Path) -> Store:
    return {"standalone": Standalone, "sentinel": Sentinels, "cluster": Cluster}[shape](directory)


class Standalone:
    """One server, and a replica that an administrator would put in its place."""

    def __init__(self, directory: Path) -> None:
        self._servers = [Server(directory / name, ["repl-diskless-sync-delay 0"]) for name in ("one", "two")]
        self._announced = self._servers[0].port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._announced}"

    def start(self) -> None:
        for server in self._servers:
            server.start()
        self._follow()

    def stop(self) -> None:
        for server in self._servers:
            server.stop()

    def masters(self) -> list[Server]:
        return self._servers[:1]

    def lag(self) -> Server:
        self._servers[1].ask("REPLICAOF", "NO", "ONE")
        return self._servers[0]

    def fail_over(self, master: Server) -> dict[int, int]:
        master.kill()
        self._servers.reverse()
        return {self._announced: self._servers[0].port}

    def repair(self) -> None:
        for server in self._servers:
            server.resume()
            if not server.running:
                _start_empty(server)
        self._follow()

    def _follow(self) -> None:
        master, replica = self._servers
        replica.ask("REPLICAOF", "127.0.0.1", master.port)
        wait(lambda: replica.ask("INFO", "replication").get("master_link_status") == "up")


class Sentinels:
    """A former master must refuse writes before another takes over (docs/redis.md), hence `min-replicas`."""

    def __init__(self, directory: Path) -> None:
        self._trio = SentinelTrio(directory)
        for server in self._trio.servers:
            server.lines += ["min-replicas-to-write 1", "min-replicas-max-lag 1"]

    @property
    def url(self) -> str:
        return self._trio.url

    def start(self) -> None:
        self._trio.start()

    def stop(self) -> None:
        self._trio.stop()

    def masters(self) -> list[Server]:
        return [self._trio.master()]

    def lag(self) -> Server:
        master = self._trio.master()
        replica = next(server for server in self._trio.servers if server is not master)
        replica.ask("REPLICAOF", "127.0.0.1", free_port())
        return master

    def fail_over(self, master: Server) -> dict[int, int]:
        master.kill()
        wait(lambda: self._trio.master() is not master, within=30)
        return {}

    def repair(self) -> None:
        """Sentinels would need ten seconds to make the former master follow; until then it is told each time."""
        for server in self._trio.servers:
            server.resume()
            if not server.running:
                _start_empty(server)
        wait(self._whole, within=60)

    def _whole(self) -> bool:
        masters = [sentinel.ask("SENTINEL MASTERS")[SERVICE] for sentinel in self._trio.sentinels]
        if len({state["port"] for state in masters}) > 1 or {state["flags"] for state in masters} != {"master"}:
            return False
        master = self._trio.master()
        replica = next(server for server in self._trio.servers if server is not master)
        if master.ask("INFO", "replication")["role"] != "master":
            return False
        state = replica.ask("INFO", "replication")
        if state.get("master_port") != master.port:
            replica.ask("REPLICAOF", "127.0.0.1", master.port)
        return bool(state.get("master_port") == master.port and state["master_link_status"] == "up")


class Cluster:
    def __init__(self, directory: Path) -> None:
        self._six = ClusterOfSix(directory)

    @property
    def url(self) -> str:
        return self._six.url

    def start(self) -> None:
        self._six.start()

    def stop(self) -> None:
        self._six.stop()

    def masters(self) -> list[Server]:
        return [node for node in self._six.nodes if node.ask("INFO", "replication")["role"] == "master"]

    def lag(self) -> Server:
        """The one that passes the messages on, and its replica."""
        master = self._six.owner("{passerelle:bus}")
        self._replica_of(master).pause()
        return master

    def fail_over(self, master: Server) -> dict[int, int]:
        master.kill()
        for node in self._six.nodes:
            node.resume()
        others = [node for node in self._six.nodes if node is not master]
        wait(lambda: all("cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in others))
        return {}

    def repair(self) -> None:
        for node in self._six.nodes:
            node.resume()
            if not node.running:
                node.start()
        wait(lambda: all("cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in self._six.nodes))
        wait(lambda: len(self.masters()) == 3)

    def _replica_of(self, master: Server) -> Server:
        ports = [
            int(line["port"]) for name, line in master.ask("INFO", "replication").items() if name.startswith("slave")
        ]
        return next(node for node in self._six.nodes if node.port in ports)


def _start_empty(server: Server) -> None:
    (server.directory / "dump.rdb").unlink(missing_ok=True)
    server.start()


def restart(server: Server, *, save: bool, away: float) -> None:
    """Kill it and start it again after `away` seconds: empty, or with what it had when it was last told to save."""
    if save:
        server.ask("SAVE")
        time.sleep(away)
    server.kill()
    if save:
        server.start()
    else:
        time.sleep(away)
        _start_empty(server)

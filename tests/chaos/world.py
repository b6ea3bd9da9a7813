"""The servers: a database, instances of the gateway, and the lines between them and Redis."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

import asyncpg

from gateway.embedded import free_port
from gateway.embedded.process import die_with_parent, tail
from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.chaos.history import Register
from tests.chaos.model import ORGS, USERS, VISIBILITIES, Folder, Rules, State
from tests.chaos.stores import Store
from tests.cli.command import clean_environment
from tests.serving import SECRET

HERE: Final = Path(__file__).parent
CHECKER: Final = "checker"
"""The application name of connections that are not part of what is tested."""
_PATIENCE: Final = 30.0


class Process:
    """A Python module as a process that ends with this one."""

    def __init__(self, log: Path, module: str, *arguments: str, **variables: str) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env={**clean_environment(), **variables},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(signal.SIGKILL) if sys.platform == "linux" else None,  # noqa: PLW1509
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def say(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        if self.running:
            self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.send(number)
        self.send(signal.SIGCONT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def listening(self, port: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                if not self.running or time.monotonic() > deadline:
                    raise RuntimeError(f"it does not listen:\n{tail(self._log, 40)}") from None
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


class Instance:
    """A gateway, and its own way to Redis."""

    def __init__(self, name: str, directory: Path, environment: Mapping[str, str], *, redis: bool) -> None:
        self.name = name
        self.port, self.admin_port, self._line_port = free_port(), free_port(), free_port()
        self._directory = directory
        self._environment = {
            **environment,
            "PASSERELLE_PORT": str(self.port),
            "PASSERELLE_ADMIN_PORT": str(self.admin_port),
            **({"CHAOS_LINE": str(self._line_port)} if redis else {}),
        }
        self._process: Process | None = None
        self.line: Process | None = None

    async def start(self) -> None:
        if "CHAOS_LINE" in self._environment and self.line is None:
            self.line = Process(self._directory / f"line-{self.name}", "tests.chaos.line", str(self._line_port))
            await self.line.listening(self._line_port)
        log = self._directory / f"instance-{self.name}"
        self._process = Process(log, "tests.chaos.served", "serve", **self._environment)
        await self._process.listening(self.port)

    def pause(self) -> None:
        assert self._process is not None
        self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send(signal.SIGCONT)

    async def restart(self, away: float) -> None:
        assert self._process is not None
        await asyncio.to_thread(self._process.end)
        await asyncio.sleep(away)
        await self.start()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def stop(self) -> None:
        for process in (self._process, self.line):
            if process is not None:
                process.end()


class World:
    """`owner` is the superuser's connection string, `login` the gateway's, of one database."""

    def __init__(self, directory: Path, owner: str, login: str, store: Store | None) -> None:
        self.directory = directory
        self.store = store
        self.instances: list[Instance] = []
        self.direct: asyncpg.Pool
        self._owner = owner
        self._login = login

    async def install(self, rng: Random, number: int) -> tuple[dict[int, Register[State]], Register[Rules]]:
        """Schema, policies, and as many folders. Returns what there is then."""
        await migrate(self._owner, schema_directory() / "gateway")
        self.direct = await asyncpg.create_pool(
            self._owner, min_size=1, max_size=4, server_settings={"application_name": CHECKER}
        )
        await self.direct.execute((HERE / "schema.sql").read_text(encoding="utf-8"))
        await self.direct.execute("insert into chaos.fences select generate_series(1, $1::integer)", number)
        await self.apply(Rules())
        states = [
            Folder(n, rng.choice(USERS), rng.choice(ORGS), rng.choice(VISIBILITIES), n) for n in range(1, number + 1)
        ]
        await self.direct.executemany(
            "insert into public.folders (id, owner, org, visibility, version) values ($1, $2, $3, $4, $5)",
            [(folder.id, folder.owner, folder.org, folder.visibility, folder.version) for folder in states],
        )
        await self.direct.execute("analyze")
        began = time.monotonic()
        return {folder.id: Register[State](folder, began) for folder in states}, Register(Rules(), began)

    async def serve(self, number: int, **settings: str) -> None:
        """That many instances; `settings` are variables for their environment."""
        environment = {
            "PASSERELLE_DATABASE_URL": self._login,
            "PASSERELLE_OWNER_URL": self._owner,
            "PASSERELLE_JWT_SECRET": SECRET,
            "PASSERELLE_AGGREGATES_ENABLED": "true",
            "PASSERELLE_CATALOG_POLL_INTERVAL": "0.5",
            "PASSERELLE_LOG_LEVEL": "warn",
            "PASSERELLE_POOL_SIZE": "8",
            **({"PASSERELLE_REDIS_URL": self.store.url} if self.store is not None else {}),
            **settings,
        }
        for place in range(1, number + 1):
            redis = self.store is not None
            self.instances.append(Instance(str(place), self.directory, environment, redis=redis))
        await asyncio.gather(*(instance.start() for instance in self.instances))

    async def apply(self, rules: Rules) -> bool:
        """`passerelle policies apply`. False: it failed, and what is in force is unknown."""
        folder = self.directory / "policies"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(HERE / "policies" / "open", folder)
        if rules.strict:
            shutil.copytree(HERE / "policies" / "strict", folder, dirs_exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "policies", "apply", str(folder), "--allow", "all"),
            env={**clean_environment(), "PASSERELLE_OWNER_URL": self._owner},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            words, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        with (self.directory / "applies").open("ab") as log:
            log.write(words)
        return process.returncode == 0

    async def replace_function(self, rules: Rules) -> None:
        """Behind everybody's back, and without a notification."""
        await self.direct.execute(
            "create or replace function public.folders_of(wanted uuid) returns table (id integer, version bigint) "
            f"language sql stable as $$ select f.id, f.version * {rules.sign} from public.folders f "
            "where f.owner = wanted order by f.id $$"
        )

    async def stop(self) -> None:
        for instance in self.instances:
            instance.stop()
        await self.direct.close()

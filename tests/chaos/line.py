"""The network between one instance and Redis, as a process: `python -m tests.chaos.line PORT`.

A connection begins with a line `host:port`, where it wants to go (`served.py` writes it). Commands come by
standard input, a line each: `freeze` holds everything back, `thaw` lets it go, `drop` resets what there is, `cut` also
refuses what comes, `mend` no longer, `delay SECONDS` slows everything down, `map PORT PORT` leads the one elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys


class Line:
    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._cut = False
        self._delay = 0.0
        self._elsewhere: dict[int, int] = {}
        self._writers: set[asyncio.StreamWriter] = set()

    def command(self, name: str, *values: str) -> None:
        match name:
            case "freeze":
                self._open.clear()
            case "thaw":
                self._open.set()
            case "drop":
                self._drop()
            case "cut":
                self._cut = True
                self._drop()
            case "mend":
                self._cut = False
            case "delay":
                self._delay = float(values[0])
            case "map":
                self._elsewhere[int(values[0])] = int(values[1])
            case _:
                raise ValueError(name)

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._open.wait()
            host, _, port = (await reader.readline()).decode().strip().rpartition(":")
            if self._cut or not host:
                return
            behind, front = await asyncio.open_connection(host, self._elsewhere.get(int(port), int(port)))
            self._writers.add(front)
            try:
                await asyncio.gather(self._pump(reader, front), self._pump(behind, writer))
            finally:
                self._writers.discard(front)
                front.transport.abort()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._open.wait()
                target.write(data)
                await target.drain()
        target.transport.abort()


async def main(port: int) -> None:
    line = Line()
    server = await asyncio.start_server(line.serve, "127.0.0.1", port)
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("ready", flush=True)
    while command := await commands.readline():
        line.command(*command.decode().split())
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

"""What a good tutorial would have you write: aiohttp, an asyncpg pool, a transaction per request, `set_config`.

`python -m benchmarks.textbook PORT DSN SECRET [uvloop]`. The token is verified for each request and rows pass through
Python. Tutorials use asyncio's own event loop; with `uvloop` it is that of the gateway.
"""

from __future__ import annotations

import asyncio
import json
import sys

import asyncpg
import jwt
import uvloop
from aiohttp import web

from benchmarks.scenarios import SCENARIOS, Scenario


def application(dsn: str, secret: str) -> web.Application:
    app = web.Application()

    async def pool(app: web.Application):
        app["pool"] = await asyncpg.create_pool(dsn, min_size=10, max_size=10)
        yield
        await app["pool"].close()

    def handler(scenario: Scenario):
        sql, writes = scenario.sql, scenario.writes

        async def handle(request: web.Request) -> web.Response:
            token = request.headers["Authorization"].removeprefix("Bearer ")
            claims = jwt.decode(token, secret, algorithms=["HS256"], audience="authenticated")
            arguments = [int(request.query["id"])] if "id" in request.query else []
            body = await request.json() if scenario.body else None
            async with request.app["pool"].acquire() as connection, connection.transaction(readonly=not writes):
                await connection.execute(
                    "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)",
                    claims["role"],
                    json.dumps(claims),
                )
                if isinstance(body, list):
                    await connection.executemany(sql, [[row[field] for field in scenario.fields] for row in body])
                    return web.Response(status=201)
                arguments += [body[field] for field in scenario.fields] if body else []
                rows = await connection.fetch(sql, *arguments)
            if scenario.method == "HEAD":
                return web.Response(headers={"Content-Range": f"0-0/{rows[0][0]}"})
            status = 201 if scenario.path == "/notes" else 200
            return web.json_response(
                [dict(row) for row in rows], status=status, dumps=lambda value: json.dumps(value, default=str)
            )

        return handle

    app.cleanup_ctx.append(pool)
    for number, scenario in enumerate(SCENARIOS):
        app.router.add_route(scenario.method, f"/{number}", handler(scenario))
    return app


async def main(port: int, dsn: str, secret: str) -> None:
    runner = web.AppRunner(application(dsn, secret), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    run = uvloop.run if "uvloop" in sys.argv[4:] else asyncio.run
    run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))

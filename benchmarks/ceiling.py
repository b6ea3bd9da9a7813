"""pgbench running the statements that the gateway runs: what PostgreSQL gives if nothing stands before it."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from benchmarks.scenarios import Scenario
from benchmarks.world import World, claims_text
from gateway.catalog import Catalog
from gateway.embedded.account import server_account
from gateway.embedded.binaries import find_postgres
from gateway.rest.compile import CompileRules, compile_read, values
from gateway.rest.compile_write import compile_posted_call, compile_write, write_values
from gateway.rest.payload import read_payload
from gateway.rest.request import Rules, read_request

_RATE = re.compile(r"tps = ([0-9.]+)")
_LATENCY = re.compile(r"latency average = ([0-9.]+)")


def run(world: World, catalog: Catalog, scenario: Scenario, *, seconds: float, clients: int) -> tuple[float, float]:
    """Transactions per second and mean latency in milliseconds."""
    text, parameters = _statement(catalog, scenario)
    script = _script(text, scenario, parameters)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        programs = Path(_programs())
        defined = [f"-Dp{number}={value}" for number, value in enumerate(parameters, 1) if value != "{id}"]
        command = [
            str(programs / "pgbench"), "-n", "-M", "prepared", "-T", str(max(1, round(seconds))), "-c", str(clients),
            "-j", "1", "-f", file.name, *defined, world.dsn,
        ]  # fmt: skip
        options = f"-c role=authenticated -c request.jwt.claims={_escaped(claims_text(1))}"
        options += f" -c default_transaction_read_only={'off' if scenario.writes else 'on'}"
        output = subprocess.run(
            command, env={"PGOPTIONS": options, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
        )
    rate, latency = _RATE.search(output.stdout), _LATENCY.search(output.stdout)
    if rate is None or latency is None:
        raise SystemExit(f"pgbench failed: {output.stdout}{output.stderr}")
    return float(rate[1]), float(latency[1])


def _statement(catalog: Catalog, scenario: Scenario) -> tuple[str, list[str]]:
    path, _, query = scenario.path.partition("?")
    prefer = [scenario.prefer] if scenario.prefer else []
    marked = query.replace("{id}", "%7Bid%7D")
    request = read_request(scenario.method, path, marked, headers={}, prefer=prefer, rules=Rules(("public",)))
    if not scenario.body:
        compiled = compile_read(request, catalog, CompileRules())
        return compiled.statement.text, list(compiled.statement.bind(values(request)))
    payload = read_payload(scenario.body.encode(), None, columns=False, call=request.is_call)
    compile_ = compile_posted_call if request.is_call else compile_write
    compiled = compile_(request, payload, catalog, CompileRules())
    return compiled.statement.text, list(compiled.statement.bind(write_values(request, payload)))


def _script(text: str, scenario: Scenario, parameters: list[str]) -> str:
    lines = []
    if scenario.users > 1:
        lines.append(f"\\set u random(1, {scenario.users})")
        claims = claims_text(1).replace("'", "''").split(f"{1:012x}")
        joined = "' || lpad(to_hex(:u::int), 12, '0') || '".join(claims)
        lines.append(f"select set_config('request.jwt.claims', '{joined}', false);")
    if "{id}" in scenario.path:
        where = parameters.index("{id}") + 1
        step = scenario.ids[1] - scenario.ids[0]
        lines.append(f"\\set n random(1, {len(scenario.ids)})\n\\set p{where} {step} * :n")
    lines.append(re.sub(r"\$([0-9]+)", r":p\1", text) + ";")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(" ", "\\ ")


def _programs() -> str:
    return str(find_postgres(server_account(Path())).directory)

"""`serve --workers N`: one scrape, one probe, one reload for all workers, whichever of them is asked."""

from __future__ import annotations

import json
import os
import signal
import stat
import time

import asyncpg

from tests.operations.conftest import Deployment, children, of

REQUESTS = "passerelle_request_duration_seconds_count"


def test_one_scrape_tells_all(deployment: Deployment) -> None:
    served = deployment.start(3)
    for _ in range(60):
        assert deployment.ask("/rest/v1/notes?id=eq.1")[0] == 200
    for _ in range(6):  # different workers answer
        values = deployment.scrape()
        assert of(values, "passerelle_worker_up") == 3
        assert of(values, REQUESTS, route="/rest/v1/{relation}") == 60
        assert of(values, "pgrst_db_pool_max") == 6
        assert {dict(has).get("worker") for _, has in values} == {"0", "1", "2"}
    counts = [of(values, REQUESTS, worker=number) for number in "012"]
    assert sum(count > 0 for count in counts) >= 2, counts
    [directory] = deployment.directory.glob("passerelle-*")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    served.process.send_signal(signal.SIGTERM)
    assert served.finish() == 0
    assert list(deployment.directory.glob("passerelle-*")) == []


def test_a_worker_that_does_not_answer(deployment: Deployment) -> None:
    served = deployment.start(3)
    workers = children(served)
    os.kill(workers[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while True:  # the parent starts another one, which takes the place and the socket of the dead one
        try:
            values = deployment.scrape()
        except OSError:
            continue
        if of(values, "passerelle_worker_up") == 3 and len(set(children(served)) - set(workers)) == 1:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    frozen = children(served)[0]
    os.kill(frozen, signal.SIGSTOP)
    try:
        seen = 0.0
        for _ in range(12):  # the frozen one still gets its share of the connections
            try:
                seen = of(deployment.scrape(), "passerelle_worker_up")
                break
            except OSError:
                continue
        assert seen == 2
    finally:
        os.kill(frozen, signal.SIGCONT)


def test_readiness_is_the_worst(deployment: Deployment) -> None:
    deployment.start(3)
    for _ in range(6):
        assert deployment.ask("/live", admin=True) == (200, "")
        assert deployment.ask("/ready", admin=True) == (200, "")


async def test_one_reload_reaches_all(deployment: Deployment) -> None:
    served = deployment.start(3, PASSERELLE_CHANNEL_ENABLED="false")
    database = await asyncpg.connect(deployment.dsn.replace("operations_login", "postgres"))
    await database.execute("CREATE TABLE later (id int); GRANT SELECT ON later TO operations_anon")
    await database.close()
    assert {deployment.ask("/rest/v1/later")[0] for _ in range(12)} == {404}
    assert deployment.ask("/reload", "POST", admin=True)[0] == 401
    assert json.loads(deployment.ask("/reload", "POST", admin=True, Authorization="Bearer let-me-in")[1]) == {
        "status": "reloaded"
    }
    assert {deployment.ask("/rest/v1/later")[0] for _ in range(12)} == {200}
    served.process.send_signal(signal.SIGTERM)
    assert served.finish() == 0


def test_the_access_log(deployment: Deployment) -> None:
    served = deployment.start(3, PASSERELLE_LOG_FORMAT="json")
    for number in range(40):
        deployment.ask(f"/rest/v1/notes?id=eq.{number}", X_Request_Id=f"number-{number}")
    served.process.send_signal(signal.SIGTERM)
    assert served.finish() == 0
    lines = [json.loads(line) for line in served.text().splitlines() if line.startswith("{")]
    logged = {line["id"]: line for line in lines if line["event"] == "request"}
    assert set(logged) == {f"number-{number}" for number in range(40)}
    assert all(line["status"] == 200 and line["route"] == "/rest/v1/{relation}" for line in logged.values())

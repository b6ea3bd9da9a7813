"""`/metrics`: every number moves when what it counts happens, and nothing that clients send becomes a label."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.embedded import EmbeddedValkey
from gateway.telemetry import METRICS
from gateway.telemetry.exposition import Distribution, Metric, Reading, decode, encode, render
from gateway.web import BUCKETS, RequestMeter
from tests.operations.conftest import Values, Watch, of, parse, scrape
from tests.serving import token

REQUESTS = "passerelle_request_duration_seconds_count"
ONLY_WITH_WORKERS = {"passerelle_worker_up"}
ONLY_WITHOUT_REDIS = {"passerelle_redis_problem"}
ONLY_WITH_REDIS = {
    metric.name for metric in METRICS if metric.name.startswith(("passerelle_redis_", "passerelle_cache_"))
}


@pytest.mark.parametrize("redis", [True, False])
async def test_every_metric_is_on_the_page_and_no_other(
    watch: Watch, dsn: str, valkey: EmbeddedValkey, redis: bool
) -> None:
    served = await watch(dsn, redis_url=valkey.url if redis else None)
    await served.get("/notes")
    while True:
        values = await scrape(served.gateway.admin_url)
        if not redis or any(name == "passerelle_redis_round_trip_seconds" for name, _ in values):
            break
        await asyncio.sleep(0.05)  # it measures one about once a second
    absent = ONLY_WITH_WORKERS | (ONLY_WITHOUT_REDIS if redis else ONLY_WITH_REDIS)
    suffixes = ("_bucket", "_sum", "_count")
    histograms = {metric.name for metric in METRICS if metric.kind == "histogram"}
    expected = {metric.name for metric in METRICS} - histograms - absent
    expected |= {name + suffix for name in histograms for suffix in suffixes}
    assert {name for name, _ in values} == expected
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    for name, has in values:
        if name in labels:
            assert {label for label, _ in has} == labels[name], name


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/rest/v1/notes?id=eq.1", ("/rest/v1", "/rest/v1/{relation}", "GET", "2xx")),
        ("GET", "/rest/v1/secret_name", ("/rest/v1", "/rest/v1/{relation}", "GET", "4xx")),
        ("POST", "/rest/v1/rpc/opaque", ("/rest/v1", "/rest/v1/rpc/{function}", "POST", "2xx")),
        ("GET", "/rest/v1/", ("/rest/v1", "/rest/v1/", "GET", "2xx")),
        ("GET", "/health", ("/health", "none", "GET", "2xx")),
        ("GET", "/nowhere", ("none", "none", "GET", "4xx")),
        ("PROPFIND", "/nowhere", ("none", "none", "other", "4xx")),
    ],
)
async def test_requests_by_route(
    watch: Watch, dsn: str, method: str, path: str, labels: tuple[str, str, str, str]
) -> None:
    served = await watch(dsn)
    body = {} if method == "POST" else None
    async with served.client.request(method, served.url + path, json=body) as answer:
        await answer.read()
    values = await scrape(served.gateway.admin_url)
    names = dict(zip(("surface", "route", "method", "status"), labels, strict=True))
    assert of(values, REQUESTS, **names) == of(values, REQUESTS) == 1


async def test_what_clients_send_makes_no_series(watch: Watch, dsn: str) -> None:
    served = await watch(dsn, log_level="crit")
    for number in range(30):
        for method, path in (
            ("GET", f"/rest/v1/made_up_{number}"),
            ("GET", f"/made/up/{number}"),
            (f"MADEUP{number}", "/rest/v1/notes"),
            ("POST", f"/rest/v1/rpc/made_up_{number}"),
        ):
            async with served.client.request(method, served.url + path) as answer:
                assert answer.status >= 400
    values = await scrape(served.gateway.admin_url)
    series = [has for name, has in values if name == REQUESTS]
    assert of(values, REQUESTS) == 120
    assert len(series) <= 6
    assert "made" not in str(series).lower()


async def test_the_pool_and_the_identities(watch: Watch, dsn: str) -> None:
    served = await watch(dsn, pool_size=1, pool_acquisition_timeout="0.2")
    await served.get("/notes")
    await served.get("/notes?id=eq.2")
    before = await scrape(served.gateway.admin_url)
    assert of(before, "pgrst_db_pool_max") == 1
    assert of(before, "pgrst_db_pool_available") == 1
    assert of(before, "passerelle_database_connections", state="busy") == 0
    assert of(before, "passerelle_database_connects_total", outcome="success") == 1
    assert of(before, "passerelle_database_identity_switches_total") == 1
    assert of(before, "passerelle_plan_cache_requests_total", outcome="miss") == 2
    slow = asyncio.ensure_future(call_slow(served, 0.6))
    await asyncio.sleep(0.15)
    waits = asyncio.ensure_future(served.get("/notes"))
    await asyncio.sleep(0.05)
    within = await scrape(served.gateway.admin_url)
    assert of(within, "passerelle_requests_running") == 2
    assert of(within, "passerelle_database_connections", state="busy") == 1
    assert of(within, "pgrst_db_pool_waiting") == 1
    assert (await waits).status == 504
    await slow
    await served.get("/rpc/opaque")
    await served.get("/rpc/opaque")
    after = await scrape(served.gateway.admin_url)
    assert of(after, "pgrst_db_pool_timeouts_total") == 1
    assert of(after, "passerelle_database_scrubs_total") >= 2
    assert of(after, "passerelle_requests_running") == 0
    assert of(after, "passerelle_database_acquisitions_total") >= 5


async def call_slow(served: Any, seconds: float) -> int:
    async with served.client.post(f"{served.url}/rest/v1/rpc/slow", json={"seconds": seconds}) as answer:
        return int(answer.status)


async def test_a_client_that_leaves(watch: Watch, dsn: str) -> None:
    served = await watch(dsn)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await call_slow(served, 20)
    for _ in range(40):
        values = await scrape(served.gateway.admin_url)
        if of(values, "passerelle_database_cancellations_total") == 1:
            break
        await asyncio.sleep(0.05)
    assert of(values, "passerelle_database_cancellations_total") == 1
    assert of(values, "passerelle_requests_running") == 0
    assert of(values, REQUESTS, status="4xx", route="/rest/v1/rpc/{function}") == 1


async def test_tokens_plans_and_catalog(watch: Watch, dsn: str) -> None:
    served = await watch(dsn)
    bearer = token("operations_anon")
    for number in (1, 2, 3):
        assert (await served.get(f"/notes?id=eq.{number}", bearer=bearer)).status == 200
    values = await scrape(served.gateway.admin_url)
    assert of(values, "pgrst_jwt_cache_requests_total") == 3
    assert of(values, "pgrst_jwt_cache_hits_total") == 2
    assert of(values, "pgrst_jwt_cache_evictions_total") == 0
    assert of(values, "pgrst_schema_cache_loads_total", status="SUCCESS") == 1
    assert of(values, "pgrst_schema_cache_loads_total", status="FAIL") == 0
    assert of(values, "pgrst_schema_cache_query_time_seconds") > 0
    assert of(values, "passerelle_catalog_listening") == 1
    assert of(values, "passerelle_plan_cache_size") == 1
    await served.gateway.reload()
    assert of(await scrape(served.gateway.admin_url), "pgrst_schema_cache_loads_total") == 2


async def test_the_process(watch: Watch, dsn: str) -> None:
    served = await watch(dsn)
    await asyncio.sleep(0.7)
    values = await scrape(served.gateway.admin_url)
    assert of(values, "process_cpu_seconds_total") > 0
    assert of(values, "process_resident_memory_bytes") > 10_000_000
    assert of(values, "process_open_fds") > 5
    assert of(values, "process_start_time_seconds") > 1_700_000_000
    assert of(values, "passerelle_build_info") == 1
    assert of(values, "passerelle_event_loop_delay_seconds_count") >= 1


def test_buckets_hold_what_falls_into_them() -> None:
    meter = RequestMeter()
    for seconds in (0.0, BUCKETS[0], BUCKETS[0] * 1.01, BUCKETS[-1] + 1):
        meter.observe("/rest/v1", None, "GET", 200, seconds)
    [(labels, histogram)] = meter.series()
    assert labels == ("/rest/v1", "none", "GET", "2xx")
    assert histogram.counts == [2, 1, *[0] * (len(BUCKETS) - 2), 1]
    assert histogram.total == pytest.approx(2.01 * BUCKETS[0] + BUCKETS[-1] + 1)


HOSTILE = 'a"b\\c\nd}'
EXAMPLES = (
    Metric("x_total", "counter", "Things.", ("name",)),
    Metric("y_seconds", "histogram", "Times.", ("name",), (0.5, 1.0)),
    Metric("z", "gauge", "Nothing has been read."),
)
READINGS = [
    Reading("x_total", (HOSTILE,), 3),
    Reading("x_total", ("é",), 2.5),
    Reading("y_seconds", ("n",), Distribution([1, 0, 4], 9.25)),
]


def test_the_text_format() -> None:
    """Read back by Prometheus's own parser."""
    values: Values = parse(render(EXAMPLES, {None: READINGS}).decode())
    assert values == {
        ("x_total", frozenset({("name", HOSTILE)})): 3,
        ("x_total", frozenset({("name", "é")})): 2.5,
        ("y_seconds_bucket", frozenset({("name", "n"), ("le", "0.5")})): 1,
        ("y_seconds_bucket", frozenset({("name", "n"), ("le", "1.0")})): 1,
        ("y_seconds_bucket", frozenset({("name", "n"), ("le", "+Inf")})): 5,
        ("y_seconds_sum", frozenset({("name", "n")})): 9.25,
        ("y_seconds_count", frozenset({("name", "n")})): 5,
    }


def test_workers_are_told_apart() -> None:
    sent = decode(encode(READINGS))
    assert sent == READINGS
    page = render(EXAMPLES, {"0": READINGS, "1": sent}).decode()
    assert page.count("# TYPE x_total counter") == 1
    values = parse(page)
    assert of(values, "x_total", worker="0") == of(values, "x_total", worker="1") == 5.5


@pytest.mark.parametrize("sent", [b"", b"nonsense", b"{}", b'[{"metric":"x"}]', b"[1]", b'[{"metric":"x","labels":1}]'])
def test_what_another_worker_sends_is_checked(sent: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode(sent)

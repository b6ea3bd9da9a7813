"""What `passerelle doctor` finds in Redis: it reaches every server that the gateway would use, in every shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gateway.commands.finding import Finding
from gateway.redisurl import Address, Shape, parse_url
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.bus import BusUnavailable, Refusals, ServerReport

_OLDEST: Final = (6, 2)
_SLOW: Final = 0.005
_URL: Final = "PASSERELLE_REDIS_URL"
_REMEDIES: Final[Mapping[str, str]] = {
    "authentication": f"Correct user and password in {_URL}.",
    "tls": f"Correct the options ca, cert and key in {_URL}; the certificate must name the host.",
    "timeout": f"Check address, port and firewall; over TLS, whether the port speaks it (redis://, rediss://: {_URL}).",
    "lost": f"Check that {_URL} fits the server: redis:// for one server, cluster:// for a cluster.",
    "loading": "Wait until it has read its data.",
    "no_master": f"Correct the Sentinels and the name of the service in {_URL}.",
    "cluster_down": "CLUSTER INFO on a node says what is missing.",
    "permission": "Give it the rights that docs/redis.md lists.",
}


async def examine_redis(settings: Settings) -> list[Finding]:
    """Can each server be reached, is it new enough and close, may its user do what is needed, does it evict."""
    if settings.redis_url is None:
        if settings.postgrest_mode:
            return []
        return [Finding("warn", "No Redis is set.", f"Set {_URL}; cache and realtime need it.")]
    from gateway.bus import BusUnavailable, inspect

    address = parse_url(settings.redis_url.get_secret_value())
    try:
        reports = await inspect(address, settings.redis_prefix)
    except BusUnavailable as error:
        return [_unusable(error)]
    return [finding for report in reports for finding in _server(report, address, settings.redis_prefix)]


def _unusable(error: BusUnavailable) -> Finding:
    details = f" ({error.details})" if error.details else ""
    start = f"Start it, or correct {_URL}; over TLS it begins with rediss://."
    return Finding("fail", f"{error.message.removesuffix('.')}{details}.", _REMEDIES.get(error.why, start))


def _server(report: ServerReport, address: Address, prefix: str) -> Iterator[Finding]:
    name = f"{report.product} {report.version} at {report.name}"
    trip = f"{report.round_trip * 1000:.1f} ms"
    if report.compatible < _OLDEST:
        yield Finding("fail", f"{name} is too old.", "Use Redis 6.2 or later, or Valkey.")
    elif report.role != "master":
        yield Finding("fail", f"{name} is a replica, which is not used.", f"Name the master in {_URL}, or Sentinels.")
    elif report.clustered and address.shape is not Shape.CLUSTER:
        yield Finding(
            "fail", f"{name} is a node of a cluster.", f"Begin {_URL} with cluster:// (or rediss+cluster://)."
        )
    elif report.round_trip > _SLOW:
        yield Finding("warn", f"{name} answers as master, in {trip}.", "Bring it closer: limited requests wait for it.")
    else:
        yield Finding("ok", f"{name} answers as master, in {trip}.")
    yield from _rights(report.rights, address, prefix)
    if report.refused is not None and report.role == "master":
        remedy = "Look at maxmemory, its disk and its replicas; until then nothing is cached."
        yield Finding("fail", f"It does not write: {report.refused}", remedy)
    yield from _keeping(report, address)


def _rights(rights: Refusals, address: Address, prefix: str) -> Iterator[Finding]:
    user = address.user or "default"
    missing = [f"run {', '.join(rights.commands)}"] if rights.commands else []
    rules = [f"+{command}" for command in rights.commands]
    if rights.keys:
        missing.append("use its keys")
        rules.append(f"~{prefix}*")
    if rights.channels:
        missing.append("use its channels")
        rules.append(f"&{prefix}*")
    if missing:
        yield Finding(
            "fail", f"The user {user} may not {' or '.join(missing)}.", f"ACL SETUSER {user} {' '.join(rules)}"
        )
    for text in rights.other:
        yield Finding("fail", f"The user {user} lacks a right: {text}", "Give it the rights that docs/redis.md lists.")


def _keeping(report: ServerReport, address: Address) -> Iterator[Finding]:
    if report.eviction.startswith("allkeys-"):
        text = f"When its memory is full it evicts any key ({report.eviction}), also that of the leases."
        better = report.eviction.replace("allkeys-", "volatile-")
        yield Finding("warn", text, f"CONFIG SET maxmemory-policy {better}: an evicted lease makes writes wait 3 s.")
    elif report.memory_limit and report.eviction == "noeviction":
        text = f"When its memory ({report.memory_limit >> 20} MB) is full it refuses to write."
        yield Finding("warn", text, "CONFIG SET maxmemory-policy volatile-lru: then it evicts what may be lost.")
    if address.shape is Shape.SENTINEL and not report.replicas_demanded:
        text = "A master that is cut off goes on as if nothing had happened."
        remedy = "CONFIG SET min-replicas-to-write 1, and min-replicas-max-lag below down-after-milliseconds."
        yield Finding("warn", text, remedy)

"""Which rate limits a request meets, and what a caller is told of them (docs/rate-limits.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from gateway import limits
from gateway.catalog import Catalog, Function, Name, Volatility
from gateway.errors import GatewayError
from gateway.identity import Identity
from gateway.limits import Demand, Limit, Limiter, Rate, Standing, Subject, Verdict
from gateway.rest.request import Request as RestRequest
from gateway.rest.request import Target
from gateway.web import Proxies, Request, rate_limit_fields

_READS: Final = frozenset({"GET", "HEAD"})
_EVERY_ROLE: Final = "*"


@dataclass(frozen=True, slots=True)
class LimitRules:
    """The settings' rates, None for none: `reads` and `writes` of every caller, `anonymous` for all requests of an
    address, `rows` that reads answer and their `cost` in the planner's units. Roles that are `exempt` have no limits,
    those of policy files neither. `proxies` tell where requests come from."""

    reads: Rate | None = None
    writes: Rate | None = None
    anonymous: Rate | None = None
    rows: Rate | None = None
    cost: Rate | None = None
    exempt: frozenset[str] = frozenset()
    proxies: Proxies = field(default_factory=Proxies)


class Spent(NamedTuple):
    """The rows that a read answered, and its cost in the planner's units if that is known."""

    rows: int
    cost: float | None


class RequestLimits:
    """Admits requests, or refuses them with 429, before anything was done for them.

    A caller is a user (`sub`), else the key that was used, if it is not everybody's, else an address. All limits that a
    request meets are asked at once: it counts for all of them, or for none when one refuses it.
    """

    def __init__(self, limiter: Limiter, rules: LimitRules) -> None:
        self._limiter = limiter
        self._rules = rules
        self._exempt = rules.exempt
        self._reads = _own("reads", rules.reads)
        self._writes = _own("writes", rules.writes)
        self._anonymous = _own("anonymous", rules.anonymous)
        self._rows = _own("rows", rules.rows, unit="rows")
        self._cost = _own("cost", rules.cost, unit="cost")
        self.weighs = bool(self._rows or self._cost)
        """Whether reads are charged for what they turned out to be."""

    async def admit(self, request: Request, identity: Identity, asked: RestRequest, catalog: Catalog) -> None:
        """Raises RateLimited. Leaves on the request what its answer says of the limits."""
        if self._free(identity) or asked.method == "OPTIONS":
            return
        demands = [Demand(limit) for limit in self._met(identity, asked, catalog)]
        if demands:
            await self._take(request, identity, demands)

    async def admit_all(
        self, request: Request, identity: Identity, asked: Iterable[RestRequest], catalog: Catalog
    ) -> None:
        """The same for requests that go together, each of which counts."""
        if self._free(identity):
            return
        units = Counter(limit for each in asked for limit in self._met(identity, each, catalog))
        if units:
            await self._take(request, identity, [Demand(limit, count) for limit, count in units.items()])

    def charge(self, request: Request, identity: Identity, reads: Iterable[Spent]) -> None:
        """Charge reads for what they turned out to be, beyond the unit that each took before it ran. Nobody waits."""
        if self._free(identity):
            return
        rows = cost = 0
        for read in reads:
            rows += max(0, read.rows - 1)
            cost += max(0, round(read.cost or 0) - 1)
        demands = [Demand(limit, units) for limit, units in ((self._rows, rows), (self._cost, cost)) if limit and units]
        if demands:
            self._limiter.charge(self._subject(request, identity), demands)

    def _free(self, identity: Identity) -> bool:
        return identity.role in self._exempt or _EVERY_ROLE in self._exempt

    async def _take(self, request: Request, identity: Identity, demands: Sequence[Demand]) -> None:
        verdict = await self._limiter.check(self._subject(request, identity), demands)
        request.answer_headers = rate_limit_fields(verdict)
        if not verdict.allowed:
            raise RateLimited(verdict)

    def _subject(self, request: Request, identity: Identity) -> Subject:
        if identity.subject:
            return limits.user(identity.subject)
        if identity.anonymous:
            return limits.address(self._rules.proxies.client(request.remote, request.headers))
        return limits.digested("key", identity.claims)

    def _met(self, identity: Identity, asked: RestRequest, catalog: Catalog) -> Iterable[Limit]:
        own = self._writes if _writes(asked, catalog) else self._reads
        if own is not None:
            yield own
        if self._anonymous is not None and identity.anonymous and not identity.subject:
            yield self._anonymous
        if asked.method in _READS or asked.is_call:
            if self._rows is not None:
                yield self._rows
            if self._cost is not None:
                yield self._cost
        named = _named(asked, catalog)
        if named is not None:
            yield named


class RateLimited(GatewayError):
    """429 PGRSTX90 with `Retry-After`; 413 PGRSTX91 for a batch that could never pass."""

    def __init__(self, verdict: Verdict) -> None:
        refusing = [standing for standing in verdict.standings if standing.refused]
        details = " ".join(map(_told, refusing))
        if verdict.retry_after is None:
            hint = "Send fewer steps in one batch."
            super().__init__(
                413, "PGRSTX91", "The batch is more than a rate limit ever allows", details=details, hint=hint
            )
            return
        seconds = max(1, verdict.retry_after)
        super().__init__(
            429,
            "PGRSTX90",
            "Too many requests",
            details=details,
            hint=f"Try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )


def _told(standing: Standing) -> str:
    limit, rate = standing.limit, standing.limit.rate
    at_once = f", {rate.burst} at once" if rate.burst != rate.count else ""
    return f"The limit '{limit.name}' allows {rate.count} {limit.unit} in {rate.seconds} seconds{at_once}."


def _own(name: str, rate: Rate | None, *, unit: str = "requests") -> Limit | None:
    return Limit(name, rate, name, unit) if rate is not None else None


def _writes(asked: RestRequest, catalog: Catalog) -> bool:
    """A function that is called by POST reads if it is declared to."""
    if asked.method in _READS:
        return False
    if not asked.is_call:
        return True
    found = _functions(asked, catalog)
    return not found or any(each.volatility is Volatility.VOLATILE for each in found)


def _functions(asked: RestRequest, catalog: Catalog) -> Sequence[Function]:
    return catalog.functions.get(Name(asked.schema, asked.name), ())


def _named(asked: RestRequest, catalog: Catalog) -> Limit | None:
    """The policy files' limit of what the path names. Functions of one name share the strictest of theirs, since the
    body would tell them apart."""
    if asked.target is Target.RELATION:
        relation = catalog.relations.get(Name(asked.schema, asked.name))
        rate = relation.requests if relation is not None else None
        return _of_policies("table", asked.schema, asked.name, rate) if rate is not None else None
    if asked.target is Target.FUNCTION:
        rates = [each.requests for each in _functions(asked, catalog) if each.requests is not None]
        rate = max(rates, key=lambda rate: rate.interval, default=None)
        return _of_policies("function", asked.schema, asked.name, rate) if rate is not None else None
    return None


@lru_cache(maxsize=4096)
def _of_policies(kind: str, schema: str, name: str, rate: Rate) -> Limit:
    call = "rpc/" if kind == "function" else ""
    return Limit(f"{call}{schema}.{name}", rate, kind)

"""What becomes of a read in the cache, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.bus.keys import Keys
from gateway.catalog import ALL, CacheTerms, Catalog, Footprint, Name
from gateway.identity import Identity
from gateway.rest import RestRules
from gateway.rest.caching import Recipe, Refusal, claims_read, footprint_of, question, recipe_for, terms_of
from gateway.rest.callers import Callers
from gateway.rest.compile import Compiled, values
from gateway.rest.grammar.query import parse_shape
from gateway.rest.grammar.syntax import Comparison, Filter
from gateway.rest.plancache import PlanCache
from gateway.rest.request import Request, Target, read_request
from gateway.rest.run import read_plan

_ORIGIN: Final = re.compile(r"^(?:GET\s+)?(?:[a-z][a-z0-9+.-]*://[^/?#]*)?", re.IGNORECASE)
_PREFIX: Final = "/rest/v1"


@dataclass(frozen=True, slots=True)
class Read:
    """A read that the gateway would answer, and what it is of: a relation, or the function with this OID."""

    asked: Request
    compiled: Compiled

    @property
    def subject(self) -> tuple[Name, int | None]:
        called = self.compiled.called
        return (called.name, called.oid) if called is not None else (Name(self.asked.schema, self.asked.name), None)


@dataclass(frozen=True, slots=True)
class Account:
    """Whether answers to a read are kept for one caller.

    `terms` are what the read names, with the rules; `tables` what an answer depends on, and whether their changes are
    recorded. `word` and `reason` say why it is not kept, and then nothing follows. `ttl` in seconds, as `decided` by a
    rule; `stale` in place of a failing database. `sharing` says who shares answers; `claims` are those that are read,
    with the caller's values as JSON, None where the caller has none. `key` is that of Redis.
    """

    shape: str
    terms: tuple[tuple[str, CacheTerms | None], ...]
    tables: tuple[tuple[str, bool], ...]
    functions: tuple[str, ...]
    word: str | None = None
    reason: str | None = None
    ttl: float | None = None
    decided: str = ""
    stale: float = 0.0
    sharing: str | None = None
    claims: tuple[tuple[str, str | None], ...] = ()
    key: str | None = None


def read_of(query: str, catalog: Catalog, rules: RestRules) -> Read | None:
    """`query` is what follows GET: an URL, or a path with or without `/rest/v1`. None for what is not a read of data.
    Raises a GatewayError, as the request would."""
    path, _, raw_query = _ORIGIN.sub("", query.strip(), count=1).partition("?")
    path = "/" + path.removeprefix(_PREFIX).lstrip("/")
    asked = read_request("GET", path, raw_query, headers={}, prefer=(), rules=rules.request)
    if asked.target is Target.ROOT:
        return None
    return Read(asked, read_plan(asked, catalog, rules.compile, PlanCache()))


def account(read: Read, identity: Identity, catalog: Catalog, rules: RestRules, prefix: str) -> Account:
    """`prefix` is that of the keys in Redis."""
    compiled, asked = read.compiled, read.asked
    callers = Callers(rules.extra_search_path, rules.app_settings)
    caller = callers.get(identity, asked.schema, asked.preferences.timezone, catalog)
    recipe = recipe_for(compiled, identity.role, catalog)
    footprint = footprint_of(compiled, identity.role, catalog)
    found = Account(
        shape=recipe.shape.name,
        terms=tuple(terms_of(compiled, catalog)),
        tables=_tables(footprint, catalog),
        functions=tuple(sorted(map(str, footprint.functions))),
    )
    if isinstance(recipe, Refusal):
        return replace(found, word=recipe.word, reason=_reason(recipe))
    asks = question(recipe, caller, compiled.statement.bind(values(asked)))
    if isinstance(asks, Refusal):
        return replace(found, word=asks.word, reason=_reason(asks))
    return replace(
        found,
        ttl=recipe.ttl,
        decided=_decided(recipe, found.terms, footprint),
        stale=recipe.stale_if_error,
        sharing=recipe.shape.sharing,
        claims=_claims(recipe, identity),
        key=Keys(prefix).key(asks.digest()),
    )


def alias_values(read: Read, identity: Identity) -> Mapping[str, str]:
    """What aliases can name: arguments, columns that an `eq` filter holds, `limit` and `sub`."""
    asked, clauses = read.asked, parse_shape(read.asked.query.shape)
    given = {argument.name: asked.query.values[argument.slot] for argument in clauses.arguments}
    for path, condition in clauses.conditions:
        if path or not isinstance(condition, Filter) or condition.negated or condition.field.path:
            continue
        operation = condition.operation
        if isinstance(operation, Comparison) and operation.operator == "=" and operation.quantifier is None:
            given.setdefault(condition.field.name, asked.query.values[operation.slot])
    if asked.limit is not None:
        given.setdefault("limit", str(asked.limit))
    if identity.subject is not None:
        given.setdefault("sub", identity.subject)
    return given


def _reason(refusal: Refusal) -> str:
    match refusal.word:
        case "long":
            return "its parameters are longer than 16 kB"
        case "clock" if not refusal.shape.detail.startswith("never: "):
            return "one of its values reads like `now`, the time of the request, or has escapes that may spell it"
        case _:
            return refusal.shape.detail.removeprefix("never: ")


def _decided(recipe: Recipe, terms: Sequence[tuple[str, CacheTerms | None]], footprint: Footprint) -> str:
    """Which rule says how long."""
    for name, each in terms:
        if each is not None and each.ttl == recipe.ttl:
            return f"`ttl` of {name}"
    if footprint.clock:
        for name, each in terms:
            if each is not None and each.clock == recipe.ttl:
                return f"`clock` of {name}, since the answer depends on the time"
    return "`reads: clock` of a function that it calls"


def _claims(recipe: Recipe, identity: Identity) -> tuple[tuple[str, str | None], ...]:
    if recipe.claims is ALL:
        return (("all claims", identity.claims),)
    has = dict(claims_read(identity.claims, recipe.claims))
    return tuple((name, has.get(name)) for name in sorted(recipe.claims))


def _tables(footprint: Footprint, catalog: Catalog) -> tuple[tuple[str, bool], ...]:
    caching = catalog.caching
    if caching is None:
        return ()
    return tuple((str(name), caching.oids.get(name) in caching.tracked) for name in sorted(footprint.tables))

"""The words and the JSON of `cache explain`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.cache import Served, Source, header
from gateway.catalog import CacheTerms
from gateway.commands.cache.reading import Account
from gateway.commands.cache.words import duration
from gateway.identity import Identity

_FIXES: Final = {
    "no-rule": "Say in its policy file how long, `cache: { ttl: 5m }`, and apply.",
    "clock": "If it may be somewhat old, say so in every rule: `cache: { ttl: 5m, clock: 30s }`.",
    "opaque": "Whoever knows what the function reads can vouch for it: `reads: { tables: […], claims: […] }`.",
    "untracked": "Apply the policy files again, which has the changes of tables recorded; views with data of their own "
    "and foreign tables cannot be.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`alias` is what its policy file calls the answer; `unfit` are aliases that lack a value in this request.
    `against` says why gateways with these settings keep nothing. `assumed`: the token was not verified."""

    query: str
    identity: Identity
    account: Account
    alias: str | None
    unfit: tuple[str, ...]
    against: tuple[str, ...]
    assumed: bool


def lines(told: Explanation) -> Iterator[str]:
    """For people."""
    account = told.account
    yield f"{told.query} as {told.identity.role}"
    if told.assumed:
        yield "(The token was read, not verified.)"
    yield ""
    if account.word is None:
        yield from _kept(told)
    else:
        yield f"Not kept: {account.reason}."
        if account.word in _FIXES:
            yield f"  → {_FIXES[account.word]}"
        yield f"  {status(account)}"
    for reason in told.against:
        yield f"But a gateway with these settings keeps nothing: {reason}."
    yield from _listed("Rules of what it names:", [(name, _rule(terms)) for name, terms in account.terms])
    heading = "A change of one of these ends it:" if account.word is None else "It depends on these tables:"
    recorded = {True: "changes are recorded", False: "changes are NOT recorded"}
    yield from _listed(heading, [(name, recorded[tracked]) for name, tracked in account.tables])
    if account.functions:
        yield f"Functions on the way: {', '.join(account.functions)}"
    if told.alias is not None:
        yield f"Known as: cache:{told.alias}"
    elif told.unfit:
        yield f"No alias fits: {', '.join(told.unfit)}"
    if account.key is not None:
        yield f"Key in Redis: {account.key}"
    yield f"In `cache stats`: {account.shape}"


def document(told: Explanation) -> dict[str, Any]:
    """The same as JSON values; times in seconds."""
    account = told.account
    return {
        "query": told.query,
        "role": told.identity.role,
        "kept": account.word is None,
        "detail": account.word,
        "reason": account.reason,
        "against": list(told.against),
        "ttl": account.ttl,
        "decided_by": account.decided or None,
        "stale_if_error": account.stale or None,
        "sharing": account.sharing,
        "claims": [{"name": name, "value": value} for name, value in account.claims],
        "rules": [{"name": name, **_terms(terms)} for name, terms in account.terms],
        "tables": [{"name": name, "recorded": recorded} for name, recorded in account.tables],
        "functions": list(account.functions),
        "alias": f"cache:{told.alias}" if told.alias is not None else None,
        "redis_key": account.key,
        "shape": account.shape,
    }


def status(account: Account) -> str:
    """The header of an answer that is not kept."""
    return ": ".join(header(Served(Source.BYPASS, why=account.word)))


def _kept(told: Explanation) -> Iterator[str]:
    account, role = told.account, told.identity.role
    assert account.ttl is not None
    yield f"Kept for {duration(account.ttl)}: {account.decided}."
    if account.stale:
        yield f"If the database is away, it stands in for another {duration(account.stale)}, changed or not."
    if not account.claims:
        yield f"Shared by all callers of the role {role}: no claim is read."
        return
    yield f"Shared by callers of the role {role} who agree on what is read of their claims:"
    for name, value in account.claims:
        yield f"  {name} = {value}" if value is not None else f"  {name}: this caller has none"


def _listed(heading: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    pairs = list(rows)
    if pairs:
        width = max(len(name) for name, _ in pairs)
        yield heading
        yield from (f"  {name.ljust(width)}  {words}" for name, words in pairs)


def _rule(terms: CacheTerms | None) -> str:
    if terms is None:
        return "no `cache:`"
    return ", ".join(f"{name} {duration(value)}" for name, value in _terms(terms).items())


def _terms(terms: CacheTerms | None) -> dict[str, float]:
    if terms is None:
        return {}
    found = {"ttl": terms.ttl, "stale_if_error": terms.stale_if_error, "clock": terms.clock}
    return {name: value for name, value in found.items() if value is not None}

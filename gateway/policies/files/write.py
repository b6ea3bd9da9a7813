"""Rules -> the text of policy files. Reading the text gives the same rules, but for the places where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import yaml

from gateway.policies.files.rules.row_policies import ALL
from gateway.policies.files.rules.tables import WHOLE
from gateway.policies.files.schema.forms import CHANGES
from gateway.policies.files.values.names import sql_name
from gateway.policies.files.values.quantities import duration_text, rate_text
from gateway.policies.files.yaml.emit import document, fits, mapping, scalar, sequence, texts
from gateway.policies.model import (
    VERBS,
    CacheRule,
    Defaults,
    Expression,
    FunctionRules,
    Grant,
    Limits,
    Reads,
    RowPolicy,
    TableRules,
    Verb,
)

Entries = Iterator[tuple[str, yaml.Node]]

_PLAIN: Final = Defaults()


def table_document(rules: TableRules, *, defaults: Defaults = _PLAIN, description: str = "") -> str:
    """The file of a table in a set with these defaults; what they say already is left out."""
    return document(_table(rules, defaults, description))


def functions_document(rules: Iterable[FunctionRules], *, defaults: Defaults = _PLAIN, description: str = "") -> str:
    """The file of several functions in a set with these defaults."""
    entries = (mapping(_function(each, defaults)) for each in rules)
    described = [("description", scalar(description))] if description else []
    return document((*described, ("functions", sequence(entries))))


def defaults_document(defaults: Defaults, *, description: str = "") -> str:
    """defaults.yaml."""
    return document(_defaults(defaults, description))


def _table(rules: TableRules, defaults: Defaults, description: str) -> Entries:
    yield "table", scalar(sql_name(rules.table))
    if description:
        yield "description", scalar(description)
    if not rules.row_security:
        yield "row_security", scalar(False)
    if rules.grants:
        yield "grants", mapping(_grants(rules.grants))
    if rules.rows:
        yield "rows", sequence(mapping(_row(policy)) for policy in rules.rows)
    if rules.realtime != defaults.realtime:
        yield "realtime", _realtime(rules.realtime)
    yield from _cache_and_limits(rules.cache, rules.limits, defaults)


def _grants(grants: Iterable[Grant]) -> Entries:
    by_role: dict[str, dict[str, yaml.Node]] = {}
    for grant in grants:
        columns = scalar(WHOLE) if grant.columns is None else texts(sorted(grant.columns))
        by_role.setdefault(grant.role, {})[grant.privilege] = columns
    for role, privileges in by_role.items():
        indentation = len(f"  {role}: ")
        yield role, mapping(privileges.items(), flow=fits(privileges.items(), indentation))


def _row(policy: RowPolicy) -> Entries:
    yield "name", scalar(policy.name)
    yield "to", texts(policy.roles)
    yield "for", scalar(ALL) if policy.verbs == VERBS else texts(policy.verbs)
    if policy.restrictive:
        yield "restrictive", scalar(True)
    for key, expression in (("using", policy.using), ("check", policy.check)):
        if expression is not None:
            yield key, _sql(expression)


def _sql(expression: Expression) -> yaml.ScalarNode:
    """With its predicates put in: the file does not know them."""
    text = expression.text
    return scalar(text == "true") if text in ("true", "false") else scalar(text)


def _realtime(verbs: frozenset[Verb]) -> yaml.Node:
    return texts(verb for verb in CHANGES if verb in verbs) if verbs else scalar(False)


def _cache_and_limits(cache: CacheRule | None, limits: Limits, defaults: Defaults) -> Entries:
    if cache != defaults.cache:
        yield "cache", mapping(_cache(cache, defaults.cache), flow=True) if cache else scalar(False)
    if limits != defaults.limits:
        yield "limits", mapping(_limits(limits, defaults.limits), flow=True) if limits != Limits() else scalar(False)


def _cache(cache: CacheRule, default: CacheRule | None) -> Entries:
    yield "ttl", scalar(duration_text(cache.ttl))
    for key in ("stale_if_error", "clock"):
        value = getattr(cache, key)
        if value != getattr(default, key, None):
            yield key, scalar(duration_text(value) if value else False)
    if cache.alias != (default.alias if default else ()):
        yield "alias", _alias(cache.alias)


def _alias(names: tuple[str, ...]) -> yaml.Node:
    if not names:
        return scalar(False)
    return scalar(names[0]) if len(names) == 1 else texts(names)


def _limits(limits: Limits, default: Limits) -> Entries:
    if limits.max_rows != default.max_rows:
        yield "max_rows", scalar(limits.max_rows if limits.max_rows is not None else False)
    if limits.requests != default.requests:
        yield "requests", scalar(rate_text(limits.requests) if limits.requests else False)


def _function(rules: FunctionRules, defaults: Defaults) -> Entries:
    yield "function", scalar(rules.signature)
    if rules.execute:
        yield "execute", texts(sorted(rules.execute))
    yield from _cache_and_limits(rules.cache, rules.limits, defaults)
    if rules.reads is not None:
        reads = list(_reads(rules.reads))
        yield "reads", mapping(reads, flow=fits(reads, len("    reads: ")))


def _reads(reads: Reads) -> Entries:
    if reads.tables:
        yield "tables", texts(sorted(map(sql_name, reads.tables)))
    if reads.claims:
        yield "claims", texts(sorted(reads.claims))
    if reads.clock is not None:
        yield "clock", scalar(duration_text(reads.clock))


def _defaults(defaults: Defaults, description: str) -> Entries:
    if description:
        yield "description", scalar(description)
    for key in ("schemas", "roles", "search_path"):
        yield key, texts(getattr(defaults, key))
    if defaults.realtime:
        yield "realtime", _realtime(defaults.realtime)
    yield from _cache_and_limits(defaults.cache, defaults.limits, Defaults())

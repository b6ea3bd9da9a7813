"""Which reads may be answered from a cache, and who shares the answers. Pure, but for what it remembers.

An answer may be kept if every relation and function that the request names has a `cache:` rule in the policy files, if
what it depends on could be followed to the end (`catalog.footprint`), and if each table of that is tracked: then its
changes are noticed. Its key has everything else that decides it: statement and parameters, role, the claims that are
read, the session's formats, and the definitions in the database.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from sys import getsizeof
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from gateway.cache import EVERYTHING, Codec, Question, Shape, table_fact
from gateway.catalog import ALL, CacheTerms, Caching, Catalog, Claims, Footprint, Name, joined, key
from gateway.database import Caller
from gateway.identity import Identity
from gateway.rest.compile import Compiled
from gateway.rest.plan.uses import Uses
from gateway.rest.request import Request
from gateway.rest.respond import Answer, RespondRules, Result, check_affected, check_single, respond

_CLOCK_WORDS: Final = re.compile(r"now|today|tomorrow|yesterday|\\", re.IGNORECASE)
"""In a value that becomes a time these mean the time of the request. So may what has escapes, with which they can be
spelt otherwise: in arrays, ranges, rows, JSON. Quotes that are left out are looked through, too."""
_MOST: Final = 4096
_MOST_CHARACTERS: Final = 4_000_000
"""Of the statements of all recipes."""
_LONGEST: Final = 16 * 1024
"""Characters of a statement, and of all parameters of a question; what asks more is not asked twice."""
_LONGEST_REMEMBERED: Final = 4096
"""Characters of a token's claims of which is remembered what was read."""
_REPEATED: Final = 512
"""Characters of the query of a request that is remembered with its question and its answer, which bounds the memory."""
_MADE: Final = 2048
"""Bytes that an answer may take besides its body, with the request that it was made for."""
_TOO_LONG: Final = Shape("statements that are too long", "never", "never: they are too long")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer is not kept, in one `word` for everybody; the name of `shape` says it in full, for operators."""

    word: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to ask for answers of one shape as one role. `clocked` is whether values may mean the time of the request."""

    base: tuple[str, ...]
    facts: tuple[str, ...]
    claims: Claims
    ttl: float
    stale_if_error: float
    clocked: bool
    shape: Shape
    tables: tuple[Name, ...]


_Known: TypeAlias = tuple[str, str, bool, bool]


class Recipes:
    """Of one catalog; a new one empties it. Bounded in number and text; the least recently used leave first."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._recipes: OrderedDict[_Known, Recipe | Refusal] = OrderedDict()
        self._characters = 0

    def get(self, compiled: Compiled, role: str, catalog: Catalog) -> Recipe | Refusal:
        """The recipe for a read, or why there is none."""
        if catalog is not self._catalog:
            self._recipes.clear()
            self._characters = 0
            self._catalog = catalog
        text = compiled.statement.text
        if len(text) > _LONGEST:
            return Refusal("long", _TOO_LONG)
        # Planned and estimated counts have the same statement, and ask for a plan besides.
        known = (text, role, compiled.estimate is None, compiled.uses is None)
        recipe = self._recipes.get(known)
        if recipe is None:
            recipe = recipe_for(compiled, role, catalog)
            self._keep(known, recipe)
        else:
            self._recipes.move_to_end(known)
        return recipe

    def _keep(self, known: _Known, recipe: Recipe | Refusal) -> None:
        self._recipes[known] = recipe
        self._characters += len(known[0])
        while len(self._recipes) > _MOST or self._characters > _MOST_CHARACTERS:
            (text, *_), _ = self._recipes.popitem(last=False)
            self._characters -= len(text)


def recipe_for(compiled: Compiled, role: str, catalog: Catalog) -> Recipe | Refusal:
    """Whether answers of `compiled` may be kept for `role`, and how."""

    name = f"{_name(compiled)} as {role} [{_number(compiled)}]"

    def refuse(word: str, reason: str) -> Refusal:
        return Refusal(word, Shape(name, "never", f"never: {reason}"))

    caching = catalog.caching
    if caching is None:
        return refuse("no-rule", "no policy file in force has a `cache:` rule")
    if compiled.uses is None or compiled.estimate is not None or compiled.void:
        return refuse("rendering", "it is rendered by other code, planned or estimated, or may write")
    terms = list(terms_of(compiled, catalog))
    without = next((name for name, each in terms if each is None), None)
    if without is not None:
        return refuse("no-rule", f"{without} has no `cache:` rule")
    known = [each for _, each in terms if each is not None]
    footprint = footprint_of(compiled, role, catalog)
    clock = _clock(known)
    shared = key(footprint, clock)
    if shared.reason is not None:
        return refuse(_word(footprint), shared.reason)
    untracked = next((name for name in sorted(footprint.tables) if caching.oids.get(name) not in caching.tracked), None)
    if untracked is not None:
        return refuse("untracked", f"changes of {untracked} are not recorded")
    ttl = min(each.ttl for each in known)
    return Recipe(
        base=(caching.definitions, role, compiled.statement.text),
        facts=(EVERYTHING, *(table_fact(caching.oids[name]) for name in sorted(footprint.tables))),
        claims=shared.claims,
        ttl=ttl if shared.bound is None else min(ttl, shared.bound.total_seconds()),
        stale_if_error=min(each.stale_if_error or 0.0 for each in known),
        clocked=not footprint.clock,
        shape=Shape(name, shared.sharing.value, str(shared)),
        tables=tuple(sorted(footprint.tables)),
    )


def question(recipe: Recipe, caller: Caller, arguments: Sequence[str | None]) -> Question | Refusal:
    """What is asked of the cache."""
    values = tuple(arguments)
    if sum(len(value) for value in values if value is not None) > _LONGEST:
        return Refusal("long", recipe.shape)
    if recipe.clocked and any(value is not None and _CLOCK_WORDS.search(value.replace('"', "")) for value in values):
        return Refusal("clock", recipe.shape)
    identity = caller.identity
    claims = claims_read(identity.claims, recipe.claims)
    asked = (
        recipe.base,
        values,
        claims,
        identity.anonymous,
        caller.search_path,
        caller.role_settings,
        caller.settings,
    )
    # Others may have the statement, too; but whoever asks for many shapes has each text to themselves.
    weight = getsizeof(recipe.base[-1]) + sum(map(getsizeof, values)) + sum(getsizeof(text) for _, text in claims)
    return Question(
        asked, recipe.facts, recipe.ttl, recipe.stale_if_error, recipe.shape, recipe.base[0], identity.claims, weight
    )


class Asked(NamedTuple):
    """What a request asks, and the plan that its answer is made with."""

    compiled: Compiled
    question: Question


class Questions:
    """By request and identity, so that a request like one before is not examined again: for a read, these two and the
    catalog decide the question. Of one catalog; a new one empties it. Bounded: when it is full it begins anew."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._asked: dict[tuple[Request, Identity], Asked] = {}

    def get(self, request: Request, identity: Identity, catalog: Catalog) -> Asked | None:
        """What an equal request asked, which has the same `Request` object then."""
        return self._asked.get((request, identity)) if catalog is self._catalog else None

    def keep(self, request: Request, identity: Identity, catalog: Catalog, asked: Asked) -> None:
        """Remember it, unless it is long. `request` must be a GET or HEAD: what others ask is in their bodies, too."""
        if len(request.query.canonical) > _REPEATED:
            return
        if catalog is not self._catalog or len(self._asked) >= _MOST:
            self._asked.clear()
            self._catalog = catalog
        self._asked[request, identity] = asked


def claims_read(claims: str, names: Claims) -> tuple[tuple[str, str], ...]:
    """The JSON texts of the claims called so, of those that the token has: every digit of numbers counts."""
    if not names:
        return ()
    if names is ALL:
        return (("", claims),)
    return _remembered(claims, names) if len(claims) <= _LONGEST_REMEMBERED else _read(claims, names)


@lru_cache(maxsize=4096)
def _remembered(claims: str, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return _read(claims, names)


def _read(claims: str, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    values: dict[str, Any] = json.loads(claims, parse_int=orjson.Fragment, parse_float=orjson.Fragment)
    return tuple((name, orjson.dumps(values[name]).decode()) for name in sorted(names) if name in values)


def terms_of(compiled: Compiled, catalog: Catalog) -> Iterator[tuple[str, CacheTerms | None]]:
    """What a read names, with the terms of its rule, None without one. Nothing where that is not known."""
    caching, uses = catalog.caching, compiled.uses
    if caching is None or uses is None:
        return
    if compiled.called is not None:
        yield str(compiled.called.name), caching.functions.get(compiled.called.oid)
    for name in sorted(uses.relations):
        relation = catalog.relations.get(name)
        yield str(name), caching.relations.get(relation.oid) if relation is not None else None


def footprint_of(compiled: Compiled, role: str, catalog: Catalog) -> Footprint:
    """What answers of a read depend on if `role` asks."""
    caching, uses = catalog.caching, compiled.uses
    if caching is None or uses is None:
        return _unknown("what it reads")
    return joined(_footprints(compiled, uses, role, catalog, caching))


def _footprints(compiled: Compiled, uses: Uses, role: str, catalog: Catalog, caching: Caching) -> Iterable[Footprint]:
    footprints = caching.footprints
    if compiled.called is not None:
        yield footprints.of_function(compiled.called.oid, role)
    for name in uses.relations | uses.junctions:
        oid = caching.oids.get(name)
        yield footprints.of_relation(oid, role) if oid is not None else _unknown(name)
    for oid in uses.functions:
        yield footprints.of_function(oid, role) if oid is not None else _unknown("a relationship")
    for name in uses.names:
        yield footprints.of_name(name, role)
    if uses.operators:
        yield footprints.of_operators(role)
    if uses.clock:
        yield Footprint(clock=True)


def _unknown(name: object) -> Footprint:
    return Footprint(opaque=f"{name} is not known")


def _clock(terms: Sequence[CacheTerms]) -> timedelta | None:
    """How old an answer may be that depends on the clock: as the strictest rule says, never if one is silent."""
    bounds = [each.clock for each in terms]
    known = [bound for bound in bounds if bound is not None]
    return timedelta(seconds=min(known)) if known and len(known) == len(bounds) else None


def _word(footprint: Footprint) -> str:
    if footprint.opaque is not None:
        return "opaque"
    if footprint.volatile is not None:
        return "volatile"
    if footprint.request:
        return "request"
    return "setting" if footprint.settings else "clock"


def _name(compiled: Compiled) -> str:
    called = [f"{compiled.called.name}()"] if compiled.called is not None else []
    relations = compiled.uses.relations if compiled.uses is not None else ()
    return " + ".join([*called, *sorted(map(str, relations))]) or str(compiled.path)


def _number(compiled: Compiled) -> str:
    """Tells shapes of the same relations apart; the same in all processes."""
    return hashlib.blake2b(compiled.statement.text.encode(), digest_size=3).hexdigest()


# -- answers ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Kept:
    """A result, and the last answer that was made of it: the tag alone is a digest of the whole body."""

    result: Result
    _made: tuple[Request, Compiled, RespondRules, Answer] | None = None

    def answer(self, request: Request, compiled: Compiled, rules: RespondRules) -> Answer:
        """As `respond`, and not to be changed. What was kept may have been asked for with other preferences, so they
        are checked. Raises what `check_single`, `check_affected` and `respond` raise."""
        made = self._made
        if made is not None and made[0] is request and made[1] is compiled and made[2] is rules:
            return made[3]
        check_single(compiled, self.result.page)
        check_affected(request, compiled, self.result.page)
        answer = respond(request, compiled, self.result, rules)
        if len(request.query.canonical) <= _REPEATED:
            self._made = request, compiled, rules, answer
        return answer


def _encode(kept: Kept) -> bytes:
    result = kept.result
    place = result.place.decode() if isinstance(result.place, bytes) else result.place
    return orjson.dumps([result.page, result.total, place]) + b"\n" + result.body


def _decode(text: bytes) -> Kept | None:
    head, newline, body = text.partition(b"\n")
    try:
        page, total, place = orjson.loads(head)
    except ValueError:
        return None
    return Kept(Result(body, page, total, place=place)) if newline else None


def _storable(kept: Kept) -> bool:
    """What SQL said about its answer was said by code that is run each time."""
    return kept.result.headers is None and kept.result.status is None


RESULTS: Final[Codec[Kept]] = Codec(_encode, _decode, lambda kept: len(kept.result.body) + _MADE, _storable)
"""How the cache keeps results of reads."""

"""Statements by shape, so that a request which differs from another only in its values plans nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from gateway.catalog import Catalog
from gateway.rest.compile import Compiled


@dataclass(slots=True)
class PlanCounts:
    hits: int = 0
    misses: int = 0


class PlanCache:
    """Key: what `compile.shape_key` lists. Valid for one catalog snapshot; a new one empties it. At most `limit`
    entries, the least recently used leave first. Holds no values of requests and nothing of identities, so entries
    are shared by everybody."""

    def __init__(self, limit: int = 2000, characters: int = 4_000_000) -> None:
        """`characters` bounds the texts of all statements together, and so the memory; a text longer than a hundredth
        of that is not kept."""
        self._limit = limit
        self._most_characters = characters
        self._characters = 0
        self._catalog: Catalog | None = None
        self._plans: OrderedDict[Hashable, Compiled] = OrderedDict()
        self.counts = PlanCounts()

    def __len__(self) -> int:
        return len(self._plans)

    def clear(self) -> None:
        """Forget everything: the settings that statements depend on have changed."""
        self._plans.clear()
        self._characters = 0

    def get(self, catalog: Catalog, key: Hashable, compile_: Callable[[], Compiled]) -> Compiled:
        """The plan for `key`, compiled if it is not known. What `compile_` raises is not kept."""
        if catalog is not self._catalog:
            self.clear()
            self._catalog = catalog
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            self.counts.hits += 1
            return plan
        self.counts.misses += 1
        plan = compile_()
        self._keep(key, plan)
        return plan

    def _keep(self, key: Hashable, plan: Compiled) -> None:
        size = len(plan.statement.text)
        if size > self._most_characters // 100:
            return
        self._plans[key] = plan
        self._characters += size
        while len(self._plans) > self._limit or self._characters > self._most_characters:
            _, oldest = self._plans.popitem(last=False)
            self._characters -= len(oldest.statement.text)

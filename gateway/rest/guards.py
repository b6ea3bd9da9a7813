"""What a role may change at once (docs/writes.md, "Guards"): refusals before a statement runs, and after. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.rest.own_errors import filter_required, guarded_rows

EVERYONE = "*"


@dataclass(frozen=True, slots=True)
class Guarded:
    """An update or deletion of `table`. `filtered`: a condition, or the keys of its body, choose the rows."""

    method: str
    table: str
    filtered: bool
    primary_key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guards:
    """`require_filter` are the roles whose PATCH and DELETE need a filter; `max_affected` is how many rows one of them
    may affect, by role. The role `*` stands for all, or for all that are not named."""

    require_filter: frozenset[str] = frozenset()
    max_affected: Mapping[str, int] = field(default_factory=dict[str, int])

    def check_filter(self, write: Guarded, role: str) -> None:
        """Raises PGRSTX40 for a write that would reach every row."""
        if not write.filtered and not self.require_filter.isdisjoint((role, EVERYONE)):
            raise filter_required(write.method, write.table, role, write.primary_key)

    def check_rows(self, write: Guarded, role: str, rows: int) -> None:
        """Raises PGRSTX41 for a write that reached more rows than allowed; its transaction must not be committed."""
        most = self.max_affected.get(role, self.max_affected.get(EVERYONE))
        if most is not None and rows > most:
            raise guarded_rows(rows, most, role, filtered=write.filtered)

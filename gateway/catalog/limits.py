"""How many rows one answer may have, as policy files say. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RowLimits:
    """Rows by OID of the relation or function."""

    relations: Mapping[int, int] = field(default_factory=dict[int, int])
    functions: Mapping[int, int] = field(default_factory=dict[int, int])

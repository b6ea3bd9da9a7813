"""How many rows one answer may have, and how often one caller may ask, as policy files say. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.rates import Rate


@dataclass(frozen=True, slots=True)
class RowLimits:
    """Rows by OID of the relation or function."""

    relations: Mapping[int, int] = field(default_factory=dict[int, int])
    functions: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class RequestRates:
    """Requests of one caller, by OID of the relation or function."""

    relations: Mapping[int, Rate] = field(default_factory=dict[int, Rate])
    functions: Mapping[int, Rate] = field(default_factory=dict[int, Rate])

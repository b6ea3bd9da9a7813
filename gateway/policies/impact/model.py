"""What a change does to people's rows, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal

from gateway.policies.model import QualifiedName

Reached = Literal["select", "update", "delete"]
"""What can be done with rows that exist. An update also has to satisfy what the policies check of the new row."""

REACHED: Final[tuple[Reached, ...]] = ("select", "update", "delete")


@dataclass(frozen=True, slots=True)
class Budget:
    """How long all of it may take. After the changes are made, which locks their tables, it goes on for what is left of
    `total`. `rows` of a larger table are a sample."""

    total: timedelta = timedelta(seconds=10)
    rows: int = 10_000
    samples: int = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """How many, and the keys of some, as `column=value`."""

    count: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes for one persona in one relation. `errors` are verbs whose policies raise an error afterwards,
    `mended` those that did before and no longer do; there, nothing is known of rows. Of views rows are counted, so
    `gained` and `lost` are net. `columns_gained` and `columns_lost` can be read afterwards, or no longer; both are
    empty where there were none to read before, or are none afterwards."""

    persona: str
    relation: QualifiedName
    gained: Mapping[Reached, Rows] = field(default_factory=lambda: MappingProxyType({}))
    lost: Mapping[Reached, Rows] = field(default_factory=lambda: MappingProxyType({}))
    errors: Mapping[Reached, str] = field(default_factory=lambda: MappingProxyType({}))
    mended: Mapping[Reached, str] = field(default_factory=lambda: MappingProxyType({}))
    columns_gained: tuple[str, ...] = ()
    columns_lost: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        found = (self.gained, self.lost, self.errors, self.mended, self.columns_gained, self.columns_lost)
        return not any(found)


@dataclass(frozen=True, slots=True)
class Sample:
    """Only `rows` of a table with about `of` were looked at, the same before and after."""

    rows: int
    of: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What was not looked at, and why; `persona` None means for nobody."""

    relation: QualifiedName
    persona: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Impact:
    """`looked_at` are the relations that the change can reach, in the order of asking; those without an effect changed
    nothing for anybody, unless they are `unfinished`."""

    personas: tuple[str, ...]
    looked_at: tuple[QualifiedName, ...]
    effects: tuple[Effect, ...]
    samples: Mapping[QualifiedName, Sample]
    unfinished: tuple[Unfinished, ...]
    took: timedelta
    notes: tuple[str, ...] = ()

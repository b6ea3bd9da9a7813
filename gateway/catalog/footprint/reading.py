"""What one tree or one body does by itself, before anybody follows what it leads to."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.catalog.footprint.model import ALL, Claims
from gateway.catalog.graph import Node

EVERY_COLUMN = 0
"""As the number of a column: all of the relation."""

_ALL_CLAIMS = frozenset({"request.jwt.claims", "request.jwt.claim"})
_CLAIM = "request.jwt.claim."
_REQUEST = "request."
_ROLE = "role"


@dataclass(slots=True)
class Reading:
    """`relations` are read (OIDs), `columns` by relation and number; `own` are numbers of columns of the relation that
    an expression belongs to. `targets` are run; `seen` are functions whose effect is in `claims` already. `volatile`
    and `opaque` are predicates: what is said of the tree or body."""

    relations: set[int] = field(default_factory=set[int])
    columns: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    own: set[int] = field(default_factory=set[int])
    targets: set[Node] = field(default_factory=set[Node])
    seen: set[int] = field(default_factory=set[int])
    claims: Claims = frozenset()
    clock: bool = False
    request: bool = False
    settings: set[str] = field(default_factory=set[str])
    volatile: str | None = None
    opaque: str | None = None

    def fail(self, reason: str) -> None:
        """Something cannot be read. The first reason is kept."""
        self.opaque = self.opaque or reason

    def claim(self, name: str) -> None:
        if self.claims is not ALL:
            self.claims = self.claims | {name}

    def setting(self, name: str | None) -> None:
        """`current_setting` is asked for this one; None if that is not known."""
        folded = name.lower() if name is not None else ""
        if name is None:
            self.fail("reads a setting whose name is not a literal")
        elif folded in _ALL_CLAIMS:
            self.claims = ALL
        elif folded.startswith(_CLAIM):
            self.claim(name[len(_CLAIM) :])
        elif folded.startswith(_REQUEST):
            self.request = True
        elif folded != _ROLE:
            self.settings.add(folded)


def is_claims_setting(name: str) -> bool:
    """Whether the setting holds all claims, as JSON."""
    return name.lower() in _ALL_CLAIMS

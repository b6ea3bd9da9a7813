"""What is different between before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.policies.impact.measuring import Reach
from gateway.policies.impact.model import REACHED, Effect, Reached, Rows
from gateway.policies.model import QualifiedName

Keys = Mapping[str, str]
"""Keys of rows by their places."""


def differences(before: Reach, after: Reach) -> tuple[dict[Reached, frozenset[str]], dict[Reached, frozenset[str]]]:
    """The places of rows that are gained and lost, by verb. Where either raises an error, nothing is known."""
    gained, lost = dict[Reached, frozenset[str]](), dict[Reached, frozenset[str]]()
    for verb in REACHED:
        if verb in before.errors or verb in after.errors:
            continue
        old, new = before.rows.get(verb, frozenset()), after.rows.get(verb, frozenset())
        if new - old:
            gained[verb] = new - old
        if old - new:
            lost[verb] = old - new
    return gained, lost


def effect(persona: str, relation: QualifiedName, before: Reach, after: Reach, *, keys: Keys, samples: int) -> Effect:
    """What changes for a persona, with the keys of some rows."""
    gained, lost = differences(before, after)
    more: dict[Reached, Rows] = {verb: _rows(places, keys, samples) for verb, places in gained.items()}
    fewer: dict[Reached, Rows] = {verb: _rows(places, keys, samples) for verb, places in lost.items()}
    return Effect(
        persona,
        relation,
        more | _shown(before, after),
        fewer | _shown(after, before),
        {verb: error for verb, error in after.errors.items() if verb not in before.errors},
        {verb: error for verb, error in before.errors.items() if verb not in after.errors},
        _further(before.columns, after.columns),
        _further(after.columns, before.columns),
    )


def _further(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """Columns that are new. For who had none, or has none left, the rows tell it all."""
    return tuple(column for column in after if column not in before) if before else ()


def sampled(places: Iterable[str], samples: int) -> list[str]:
    """The first few, in the order of the table."""
    return sorted(places, key=_order)[:samples]


def _rows(places: frozenset[str], keys: Keys, samples: int) -> Rows:
    return Rows(len(places), tuple(keys[place] for place in sampled(places, samples) if place in keys))


def _shown(fewer: Reach, more: Reach) -> dict[Reached, Rows]:
    if fewer.shown is None or more.shown is None or more.shown <= fewer.shown:
        return {}
    return {"select": Rows(more.shown - fewer.shown)}


def _order(place: str) -> tuple[int, ...]:
    """`16384 (0,1)` by its numbers."""
    part, _, position = place.partition(" ")
    return (int(part), *(int(number) for number in position.strip("()").split(",")))

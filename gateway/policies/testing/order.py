"""Which probes run together, so that the same rows are given and the same identity is taken as seldom as possible.
Pure; each probe stays independent of all others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.policies.model import NewRow, Persona, Probe
from gateway.policies.personas import claims_document


@dataclass(frozen=True, slots=True)
class Turn:
    """Probes of one persona."""

    persona: Persona
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Turns after the same rows were given. Groups that begin with the same rows follow one another."""

    given: tuple[NewRow, ...]
    turns: tuple[Turn, ...]


def groups(probes: Iterable[Probe]) -> tuple[Group, ...]:
    """All of `probes`, each once. Groups, turns and probes come in the order of their first probe, as far as groups
    with the same beginning allow."""
    numbers: dict[str, int] = {}
    found: dict[tuple[int, ...], dict[str, list[Probe]]] = {}
    for probe in probes:
        given = tuple(numbers.setdefault(row_identity(row), len(numbers)) for row in probe.given)
        found.setdefault(given, {}).setdefault(_persona(probe.persona), []).append(probe)
    ordered = (found[given] for given in sorted(found))
    return tuple(
        Group(
            next(iter(turns.values()))[0].given,
            tuple(Turn(probes[0].persona, tuple(probes)) for probes in turns.values()),
        )
        for turns in ordered
    )


def row_identity(row: NewRow) -> str:
    """Equal for rows that are inserted in the same way."""
    return json.dumps([*row.table, dict(row.values)])


def _persona(persona: Persona) -> str:
    return f"{persona.role}\0{claims_document(persona)}"

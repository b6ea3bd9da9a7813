"""An impact in words, and as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from gateway.policies.impact.model import REACHED, Effect, Impact, Reached, Rows

_ONE: Final[dict[Reached, str]] = {"select": "sees", "update": "may update", "delete": "may delete"}
_MANY: Final[dict[Reached, str]] = {**_ONE, "select": "see"}
_NAMED: Final = 4
"""How many of those to whom the same happens are named."""


def impact_lines(impact: Impact) -> list[str]:
    """By relation; `+` before what is gained, `-` before what is lost, `!` before errors and what is not known."""
    return list(_lines(impact))


def _lines(impact: Impact) -> Iterator[str]:
    who = ", ".join(impact.personas) or "nobody"
    yield f"Impact on the rows of {who} ({impact.took.total_seconds():.1f} s; tried and undone)"
    shown = dict.fromkeys(effect.relation for effect in impact.effects)
    for relation in shown:
        sample = impact.samples.get(relation)
        of = f" (of a sample of {sample.rows:,} of about {sample.of:,} rows)" if sample is not None else ""
        yield f"{relation}{of}"
        together: dict[_Line, list[str]] = {}
        for effect in impact.effects:
            if effect.relation == relation:
                for line in _effect(effect):
                    together.setdefault(line, []).append(effect.persona)
        yield from (f"  {_line(line, personas)}" for line, personas in together.items())
    left = {unfinished.relation for unfinished in impact.unfinished}
    same = [str(name) for name in impact.looked_at if name not in shown and name not in left]
    if same:
        yield f"The same rows as before: {', '.join(same)}"
    for unfinished in impact.unfinished:
        whom = f" for {unfinished.persona}" if unfinished.persona is not None else ""
        yield f"! not known: {unfinished.relation}{whom}: {unfinished.reason}"
    yield from (f"Note: {note}" for note in impact.notes)


class _Line(NamedTuple):
    """What happens to somebody: a mark, the predicate for one person and for several, and the rest."""

    mark: str
    one: str
    many: str
    rest: str


def _line(line: _Line, personas: Sequence[str]) -> str:
    named, others = personas[:_NAMED], personas[_NAMED:]
    who = ", ".join(named) + (f" and {len(others)} more" if others else "")
    return f"{line.mark} {who} {line.one if len(personas) == 1 else line.many} {line.rest}"


def _effect(effect: Effect) -> Iterator[_Line]:
    for verb in REACHED:
        for mark, word, changed in (("+", "more", effect.gained), ("-", "fewer", effect.lost)):
            if verb in changed:
                yield _Line(mark, _ONE[verb], _MANY[verb], _rows(changed[verb], word))
    if effect.columns_gained:
        yield _Line("+", "reads", "read", f"the columns {', '.join(effect.columns_gained)} as well")
    if effect.columns_lost:
        yield _Line("-", "no longer reads", "no longer read", f"the columns {', '.join(effect.columns_lost)}")
    for verb, error in effect.errors.items():
        yield _Line("!", "now meets", "now meet", f"an error with {verb}: {error}")
    for verb, error in effect.mended.items():
        rest = f"an error with {verb} any more, so nobody knows which rows are new: {error}"
        yield _Line("!", "does not meet", "do not meet", rest)


def _rows(rows: Rows, word: str) -> str:
    count = f"{rows.count:,} {word} {'row' if rows.count == 1 else 'rows'}"
    if not rows.keys:
        return count
    return f"{count}: {'; '.join(rows.keys)}{'; …' if rows.count > len(rows.keys) else ''}"


def impact_document(impact: Impact) -> dict[str, Any]:
    """`took` is in seconds; `sample` is null for relations of which every row was looked at."""
    return {
        "personas": list(impact.personas),
        "looked_at": [str(name) for name in impact.looked_at],
        "effects": [_document(effect) for effect in impact.effects],
        "samples": {str(name): {"rows": sample.rows, "of": sample.of} for name, sample in impact.samples.items()},
        "unfinished": [
            {"relation": str(each.relation), "persona": each.persona, "reason": each.reason}
            for each in impact.unfinished
        ],
        "took": round(impact.took.total_seconds(), 3),
        "notes": list(impact.notes),
    }


def _document(effect: Effect) -> dict[str, Any]:
    return {
        "persona": effect.persona,
        "relation": str(effect.relation),
        "gained": {verb: {"count": rows.count, "keys": list(rows.keys)} for verb, rows in effect.gained.items()},
        "lost": {verb: {"count": rows.count, "keys": list(rows.keys)} for verb, rows in effect.lost.items()},
        "errors": dict(effect.errors),
        "mended": dict(effect.mended),
        "columns_gained": list(effect.columns_gained),
        "columns_lost": list(effect.columns_lost),
    }

"""What is wrong with a read, in words. Nothing here decides whether it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tests.chaos.checking import Folders, Read, could_be, totals
from tests.chaos.history import Register, Version
from tests.chaos.model import IDENTITIES, Rules, State
from tests.chaos.queries import NOTHING

STALE: Final = "stale"
"""It shows what was."""
FOREIGN: Final = "foreign"
"""It shows what only somebody else could have seen."""
TORN: Final = "torn"
"""Each part of it is right, but not all at one moment."""
IMPOSSIBLE: Final = "impossible"
"""Nobody could ever have seen it."""

_PLACES: Final = 8
"""How many folders a story tells of."""
_PAST: Final = 2000
"""How many earlier moments are tried."""


@dataclass(frozen=True, slots=True)
class Violation:
    kind: str
    story: str


def tell(read: Read, folders: Folders, rules: Register[Rules]) -> Violation:
    """About a read that is not right."""
    query = read.query
    lines = [
        f"{query.name} ({query.method} {query.path}) as {read.who.name}",
        f"  {read.began:.4f} to {read.ended:.4f}, {read.source}",
        *(f"  rules may be {_told(version)}" for version in rules.possible_within(read.began, read.ended)),
    ]
    parts = read.seen.parts
    if parts is None or read.seen.refused:
        kind, more = _whole(read, folders, rules)
        return Violation(kind, "\n".join([*lines, *more]))
    kinds: set[str] = set()
    for folder in sorted(parts.keys() - set(query.folders)):
        kinds.add(FOREIGN)
        lines.append(f"  folder {folder}: shown {parts[folder]}, which was not asked for")
    for folder in query.folders:
        if not _right_alone(read, folder, folders[folder], rules):
            kind, more = _part(read, folder, folders[folder], rules)
            kinds.add(kind)
            lines += more if len(kinds) < _PLACES else ()
    if not kinds and any(query.refuse(read.who, rule.state) for rule in rules.possible(read.began)):
        kinds.add(STALE)
        lines.append("  answered although this is refused")
    elif not kinds:
        kinds.add(TORN)
        lines.append("  each folder by itself may be as it is shown, but not all at one moment")
        lines += [
            f"  folder {folder}: shown {parts.get(folder, NOTHING)}, may be {_told(version)}"
            for folder in query.folders
            for version in folders[folder].possible(read.ended)
            if version.settled >= read.began or version.invoked >= read.began
        ]
    return Violation(next(kind for kind in (FOREIGN, IMPOSSIBLE, STALE, TORN) if kind in kinds), "\n".join(lines))


def _whole(read: Read, folders: Folders, rules: Register[Rules]) -> tuple[str, list[str]]:
    """A refusal, or a number: it has no parts that could be looked at."""
    said = "refused" if read.seen.refused else f"a total of {read.seen.total}"
    may_be = sorted(
        {
            total
            for rule in rules.possible_within(read.began, read.ended)
            for total in totals(read, read.began, rule.state, folders)
        }
    )
    lines = [f"  shown: {said}; when it began it could be refused, or a total in {may_be}"]
    past = {version.invoked for folder in read.query.folders for version in folders[folder].versions}
    past |= {version.invoked for version in rules.versions}
    for moment in sorted((moment for moment in past if moment < read.began), reverse=True)[:_PAST]:
        if any(could_be(read, moment, rule.state, folders) for rule in rules.possible(moment)):
            lines.append(f"  which was right at {moment:.4f}, {read.began - moment:.4f} s before it began")
            return STALE, lines
    return IMPOSSIBLE, lines


def _right_alone(read: Read, folder: int, register: Register[State], rules: Register[Rules]) -> bool:
    """Whether nothing is wrong with what is shown of this folder by itself."""
    shown = (read.seen.parts or {}).get(folder, NOTHING)
    return any(
        read.query.expect(version.state, read.who, rule.state) == shown
        for moment in (read.began, *register.invoked_within(read.began, read.ended))
        for version in register.possible(moment)
        for rule in rules.possible_within(read.began, read.ended)
    )


def _part(read: Read, folder: int, register: Register[State], rules: Register[Rules]) -> tuple[str, list[str]]:
    """What is wrong with what is shown of one folder."""
    shown = (read.seen.parts or {}).get(folder, NOTHING)
    lines = [f"  folder {folder}: shown {shown}"]
    lines += [f"    may be {_told(version)}" for version in register.possible(read.ended)]
    past = [
        (version, rule)
        for version in reversed(register.versions)
        for rule in reversed(rules.versions)
        if max(version.invoked, rule.invoked) <= read.ended
    ]
    expect = read.query.expect
    for version, rule in past:
        if expect(version.state, read.who, rule.state) == shown:
            later = [*register.after(version), *rules.after(rule)]
            over = read.began - min((one.settled for one in later), default=math.inf)
            lines.append(f"    was {_told(version)} under {rule.state}, over {over * 1000:.1f} ms before it began")
            return STALE, lines
    for version, rule in past:
        for other in IDENTITIES:
            if shown and expect(version.state, other, rule.state) == shown:
                lines.append(f"    which {other.name} may see of {_told(version)} under {rule.state}")
                return FOREIGN, lines
    return IMPOSSIBLE, lines


def _told(version: Version[State] | Version[Rules]) -> str:
    words = "nothing" if version.state is None else str(version.state)
    settled = "not settled" if version.settled == math.inf else f"settled {version.settled:.4f}"
    band = "" if version.committed is None else f", out of band {version.committed:.4f}"
    return f"{words} (invoked {version.invoked:.4f}, {settled}{band})"

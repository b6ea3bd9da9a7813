"""Whether an answer may be: the whole judgement, without any input or output.

A read is right if there is a moment between its beginning and its end at which everything that it shows could have been
the present state: each folder in one of its possible states (`Register.possible`), all under the same rules.

That is a regular register: no state may be shown that was superseded before the read began by a write that somebody had
been told of, and none that nobody had written yet; of writes that run at the same time either side may be seen. It is
more than that, too: since the moment is one for the whole answer, what an answer shows must fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.chaos.history import Register, Version
from tests.chaos.model import Identity, Rules, State
from tests.chaos.queries import NOTHING, Query, Seen

Folders = Mapping[int, Register[State]]


@dataclass(frozen=True, slots=True)
class Read:
    """A request and its answer. `began` is before it was sent, `ended` after the answer was there. `source` is who
    answered, and how, for the story only."""

    query: Query
    who: Identity
    began: float
    ended: float
    seen: Seen
    source: str = ""


def is_right(read: Read, folders: Folders, rules: Register[Rules]) -> bool:
    return any(
        could_be(read, moment, version.state, folders)
        for moment in moments(read, folders, rules)
        for version in rules.possible(moment)
    )


def moments(read: Read, folders: Folders, rules: Register[Rules]) -> Iterator[float]:
    """The moments to look at: the beginning, and wherever something further becomes possible. In between, states only
    cease to be possible, so nothing is right there that was not before."""
    yield read.began
    found = set(rules.invoked_within(read.began, read.ended))
    for folder in read.query.folders:
        found.update(folders[folder].invoked_within(read.began, read.ended))
    yield from sorted(found)


def could_be(read: Read, moment: float, rules: Rules, folders: Folders) -> bool:
    """Whether the answer could be that of this moment under these rules."""
    query, seen = read.query, read.seen
    if seen.refused or query.refuse(read.who, rules):
        return seen.refused and query.refuse(read.who, rules)
    if seen.parts is None:
        return seen.total in totals(read, moment, rules, folders)
    if not seen.parts.keys() <= set(query.folders):
        return False
    return all(
        any(
            query.expect(version.state, read.who, rules) == seen.parts.get(folder, NOTHING)
            for version in folders[folder].possible(moment)
        )
        for folder in query.folders
    )


def totals(read: Read, moment: float, rules: Rules, folders: Folders) -> set[int]:
    """The numbers of rows that there could be."""
    sums = {0}
    for folder in read.query.folders:
        counts = {
            len(read.query.expect(version.state, read.who, rules)) for version in folders[folder].possible(moment)
        }
        sums = {total + count for total in sums for count in counts}
    return sums


def staleness(read: Read, folders: Folders, rules: Register[Rules]) -> float:
    """For a read that is right: how many seconds before it began the database already had what it does not show. That
    is more than 0 only after writes that no gateway acknowledged: out of band, or with an unknown outcome."""
    looked_at = list(moments(read, folders, rules))
    oldest = _behind(rules, read, lambda rule: any(could_be(read, at, rule.state, folders) for at in looked_at))
    in_force = [rule.state for rule in rules.possible_within(read.began, read.ended)]
    for folder in read.query.folders if read.seen.parts is not None else ():
        shown = read.seen.parts.get(folder, NOTHING)

        def shows(version: Version[State], shown: object = shown) -> bool:
            return any(read.query.expect(version.state, read.who, rule) == shown for rule in in_force)

        oldest = max(oldest, _behind(folders[folder], read, shows))
    return oldest


def _behind(register: Register, read: Read, shows: Callable[[Version], bool]) -> float:
    """How long there had been something newer than the newest that the read may show."""
    committed = read.began
    for version in register.possible_within(read.began, read.ended):
        if version.settled < read.began or shows(version):
            break
        committed = min(committed, version.committed or read.began)
    return read.began - committed

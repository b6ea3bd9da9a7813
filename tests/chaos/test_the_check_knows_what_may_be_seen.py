"""The judgement itself, on histories that are written down here: times are small numbers, a folder is its version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checking import Read, is_right, staleness
from tests.chaos.history import Register
from tests.chaos.model import (
    ANN,
    BOB,
    IDENTITIES,
    ORG,
    PRIVATE,
    PUBLIC,
    VISITOR,
    Folder,
    Identity,
    Rules,
    State,
    may_see,
)
from tests.chaos.queries import Query, Rows, Seen
from tests.chaos.stories import FOREIGN, IMPOSSIBLE, STALE, TORN, tell

ANN_ASKS = next(who for who in IDENTITIES if who.name == "ann")
BOB_ASKS = next(who for who in IDENTITIES if who.name == "bob")


def folder(version: int, visibility: str = PUBLIC, owner: str = ANN, org: str = "red") -> Folder:
    return Folder(1, owner, org, visibility, version)


def _show(state: Folder, who: Identity, rules: Rules) -> Rows:
    return ((state.version,),) if may_see(state, who, rules) else ()


LIST = Query("list", "/folders", (1, 2), _show, lambda row: (row["id"], ((row["version"],),)))


class Told:
    """Two folders, both at version 1 since 0, and what happened to them."""

    def __init__(self) -> None:
        self.folders: dict[int, Register[State]] = {number: Register[State](folder(1), 0) for number in (1, 2)}
        self.rules = Register(Rules(), 0)

    def write(self, number: int, state: State | int, invoked: float, settled: float | None = None) -> Told:
        """An acknowledged write, or one under way."""
        made = folder(state) if isinstance(state, int) else state
        version = self.folders[number].invoke(made, invoked)
        if settled is not None:
            self.folders[number].settle(version, settled)
        return self

    def unknown(self, number: int, state: int, invoked: float, *, happened: float | None) -> Told:
        """A write without an answer: it was found in the database then (readers may be 10 behind), or never will be."""
        register = self.folders[number]
        version = register.invoke(folder(state), invoked)
        if happened is None:
            register.undone(version)
        else:
            Register.happened(version, happened, bound=10)
        return self

    def out_of_band(self, number: int, state: int, invoked: float, committed: float) -> Told:
        return self.unknown(number, state, invoked, happened=committed)

    def rule(self, rules: Rules, invoked: float, happened: float) -> Told:
        Register.happened(self.rules.invoke(rules, invoked), happened, bound=2)
        return self

    def read(self, began: float, ended: float, one: int | None, two: int | None = 1, who: Identity = ANN_ASKS) -> Read:
        shown = {number: ((version,),) for number, version in ((1, one), (2, two)) if version is not None}
        return Read(LIST, who, began, ended, Seen(shown))

    def verdict(self, read: Read) -> str:
        if is_right(read, self.folders, self.rules):
            return "right"
        return tell(read, self.folders, self.rules).kind


@pytest.mark.parametrize(
    ("history", "began", "ended", "shown", "verdict"),
    [
        pytest.param(lambda t: t, 1, 2, 1, "right", id="nothing happened"),
        pytest.param(lambda t: t, 1, 2, 9, IMPOSSIBLE, id="nobody ever wrote it"),
        pytest.param(lambda t: t, 1, 2, None, IMPOSSIBLE, id="it was always there"),
        # a write from 10 to 20
        pytest.param(lambda t: t.write(1, 2, 10, 20), 5, 9, 1, "right", id="before"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 5, 9, 2, IMPOSSIBLE, id="seen before it was sent"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 5, 12, 1, "right", id="overlaps its beginning: the old state"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 5, 12, 2, "right", id="overlaps its beginning: the new state"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 12, 14, 1, "right", id="within: the old state"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 12, 14, 2, "right", id="within: the new state"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 19, 30, 1, "right", id="began before the acknowledgement"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 21, 22, 2, "right", id="after it: the new state"),
        pytest.param(lambda t: t.write(1, 2, 10, 20), 21, 22, 1, STALE, id="after it: the old state"),
        pytest.param(lambda t: t.write(1, 2, 10), 500, 501, 1, "right", id="a write that takes long: the old state"),
        pytest.param(lambda t: t.write(1, 2, 10), 500, 501, 2, "right", id="a write that takes long: the new state"),
        # one write after the other
        pytest.param(lambda t: t.write(1, 2, 10, 20).write(1, 3, 30, 40), 15, 35, 1, "right", id="long: the first"),
        pytest.param(lambda t: t.write(1, 2, 10, 20).write(1, 3, 30, 40), 15, 35, 2, "right", id="long: the second"),
        pytest.param(lambda t: t.write(1, 2, 10, 20).write(1, 3, 30, 40), 15, 35, 3, "right", id="long: the third"),
        pytest.param(lambda t: t.write(1, 2, 10, 20).write(1, 3, 30, 40), 25, 35, 1, STALE, id="two writes behind"),
        pytest.param(lambda t: t.write(1, 2, 10, 20).write(1, 3, 30, 40), 25, 35, 2, "right", id="one write behind"),
        # unknown outcomes
        pytest.param(lambda t: t.unknown(1, 2, 10, happened=None), 15, 16, 1, "right", id="it never happened"),
        pytest.param(
            lambda t: t.unknown(1, 2, 10, happened=None), 15, 16, 2, IMPOSSIBLE, id="seen, and never happened"
        ),
        pytest.param(lambda t: t.unknown(1, 2, 10, happened=20), 25, 26, 1, "right", id="nobody was told of it"),
        pytest.param(lambda t: t.unknown(1, 2, 10, happened=20), 12, 13, 2, "right", id="it may have happened at once"),
        pytest.param(lambda t: t.unknown(1, 2, 10, happened=20), 31, 32, 1, STALE, id="behind by more than the bound"),
        pytest.param(
            lambda t: t.unknown(1, 2, 10, happened=20), 31, 32, 2, "right", id="found after an unknown outcome"
        ),
        pytest.param(
            lambda t: t.unknown(1, 2, 10, happened=20).write(1, 3, 21, 22), 31, 32, 1, STALE, id="a later word counts"
        ),
        pytest.param(
            lambda t: t.unknown(1, 2, 10, happened=20).write(1, 3, 21, 22),
            31,
            32,
            2,
            STALE,
            id="for what is between, too",
        ),
        pytest.param(
            lambda t: t.unknown(1, 2, 10, happened=20).write(1, 3, 21), 23, 24, 1, "right", id="if it was said"
        ),
        # coming and going
        pytest.param(lambda t: t.write(1, None, 10, 20), 15, 16, None, "right", id="being deleted: gone"),
        pytest.param(lambda t: t.write(1, None, 10, 20), 15, 16, 1, "right", id="being deleted: there"),
        pytest.param(lambda t: t.write(1, None, 10, 20), 21, 22, 1, STALE, id="deleted, and still shown"),
        pytest.param(lambda t: t.write(1, None, 10, 20).write(1, 2, 30, 40), 41, 42, None, STALE, id="there again"),
    ],
)
def test_one_folder(
    history: Callable[[Told], Told], began: float, ended: float, shown: int | None, verdict: str
) -> None:
    told = history(Told())
    assert told.verdict(told.read(began, ended, shown)) == verdict


ONE_THEN_OTHER = lambda t: t.write(1, 2, 10, 20).write(2, 2, 30, 40)  # noqa: E731
BOTH_AT_ONCE = lambda t: t.write(1, 2, 10, 40).write(2, 2, 11, 41)  # noqa: E731


@pytest.mark.parametrize(
    ("history", "began", "ended", "shown", "verdict"),
    [
        pytest.param(ONE_THEN_OTHER, 5, 50, (1, 1), "right", id="neither"),
        pytest.param(ONE_THEN_OTHER, 5, 50, (2, 1), "right", id="the first"),
        pytest.param(ONE_THEN_OTHER, 5, 50, (2, 2), "right", id="both"),
        pytest.param(ONE_THEN_OTHER, 5, 50, (1, 2), TORN, id="the second without the first"),
        pytest.param(ONE_THEN_OTHER, 25, 50, (1, 2), STALE, id="the first was over"),
        pytest.param(BOTH_AT_ONCE, 5, 50, (1, 2), "right", id="which came first cannot be known"),
        pytest.param(BOTH_AT_ONCE, 5, 50, (2, 1), "right", id="or the other way round"),
        pytest.param(BOTH_AT_ONCE, 42, 50, (2, 1), STALE, id="both are over"),
    ],
)
def test_what_is_shown_must_fit_together(
    history: Callable[[Told], Told], began: float, ended: float, shown: tuple[int, int], verdict: str
) -> None:
    told = history(Told())
    assert told.verdict(told.read(began, ended, *shown)) == verdict


def test_a_row_that_somebody_else_may_see_is_foreign() -> None:
    told = Told().write(1, folder(2, PRIVATE, owner=BOB), 1, 2)
    assert told.verdict(told.read(3, 4, None)) == "right"
    assert told.verdict(told.read(3, 4, 2)) == FOREIGN
    assert told.verdict(told.read(3, 4, 2, who=BOB_ASKS)) == "right"


def test_a_row_that_was_not_asked_for_is_foreign() -> None:
    told = Told()
    read = told.read(1, 2, 1)
    assert told.verdict(replace(read, seen=Seen({1: ((1,),), 2: ((1,),), 3: ((1,),)}))) == FOREIGN


STRICT = Told().write(1, folder(2, ORG), 1, 2).write(2, folder(2, ORG), 3, 4).rule(Rules(strict=True), 10, 20)
"""Two folders for bob's organisation, which the new rules close; both may hold from 10 to 22."""


@pytest.mark.parametrize(
    ("began", "ended", "one", "two", "verdict"),
    [
        (5, 6, 2, 2, "right"),
        (5, 6, None, None, IMPOSSIBLE),
        (11, 12, 2, 2, "right"),
        (11, 12, None, None, "right"),
        (5, 12, None, None, "right"),
        pytest.param(11, 12, 2, None, TORN, id="one by the old rules, the other by the new"),
        (21, 21.5, 2, 2, "right"),
        pytest.param(23, 24, 2, 2, STALE, id="the bound is over"),
        (23, 24, None, None, "right"),
    ],
)
def test_rules_change_for_all_at_once(
    began: float, ended: float, one: int | None, two: int | None, verdict: str
) -> None:
    assert STRICT.verdict(STRICT.read(began, ended, one, two, who=BOB_ASKS)) == verdict


@pytest.mark.parametrize(
    ("began", "refused", "verdict"),
    [(5, False, "right"), (5, True, IMPOSSIBLE), (23, True, "right"), (23, False, STALE)],
)
def test_who_may_ask_changes_with_the_rules(began: float, refused: bool, verdict: str) -> None:
    told = Told().rule(Rules(strict=True), 10, 20)
    query = replace(LIST, refuse=lambda who, rules: rules.strict and who.role == "anon")
    seen = Seen(refused=True) if refused else Seen({1: ((1,),), 2: ((1,),)})
    assert told.verdict(Read(query, VISITOR, began, began + 1, seen)) == verdict


@pytest.mark.parametrize(
    ("began", "ended", "totals", "wrong"),
    [
        (5, 6, {2}, STALE),
        (15, 16, {1, 2}, IMPOSSIBLE),
        (35, 36, {0, 1}, STALE),
        (45, 46, {0}, STALE),
        (15, 36, {0, 1, 2}, ""),
    ],
)
def test_a_number_is_that_of_some_moment(began: float, ended: float, totals: set[int], wrong: str) -> None:
    """Of two folders that are deleted one after the other."""
    told = Told().write(1, None, 10, 20).write(2, None, 30, 40)
    verdicts = {n: told.verdict(Read(LIST, ANN_ASKS, began, ended, Seen(total=n))) for n in range(3)}
    assert {n for n, verdict in verdicts.items() if verdict == "right"} == totals
    assert {verdict for verdict in verdicts.values() if verdict != "right"} <= {STALE, IMPOSSIBLE}
    assert told.verdict(Read(LIST, ANN_ASKS, began, ended, Seen(total=7))) == IMPOSSIBLE
    assert told.verdict(Read(LIST, ANN_ASKS, 45, 46, Seen(total=2))) == STALE


@pytest.mark.parametrize(
    ("began", "shown", "behind"),
    [(21, 1, 1), (25, 1, 5), (25, 2, 0), (15, 1, 0), (5, 1, 0)],
)
def test_how_far_reads_are_behind_is_measured(began: float, shown: int, behind: float) -> None:
    told = Told().out_of_band(1, 2, 10, committed=20)
    read = told.read(began, began + 1, shown)
    assert told.verdict(read) == "right"
    assert staleness(read, told.folders, told.rules) == behind


def test_an_acknowledged_write_vouches_for_no_older_one_out_of_band() -> None:
    """Which may have changed another table: an answer of that one alone may be from before both."""
    told = Told().out_of_band(1, 2, 10, committed=20).write(1, 3, 21, 22)
    assert told.verdict(told.read(23, 24, 1)) == "right"
    assert told.verdict(told.read(31, 32, 1)) == STALE
    assert told.verdict(told.read(31, 32, 3)) == "right"


def test_states_that_nobody_may_see_are_forgotten() -> None:
    told = Told().write(1, 2, 10, 20).write(1, 3, 30, 40)
    register = told.folders[1]
    register.forget(before=35)
    assert [version.state.version for version in register.versions if version.state] == [2, 3]
    assert told.verdict(told.read(36, 37, 2)) == "right"
    register.forget(before=41)
    assert [version.state.version for version in register.versions if version.state] == [3]

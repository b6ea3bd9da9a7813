"""AND, OR and NOT of what may be true, false, null or an error."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from gateway.policies.explain.truth import FALSE, TRUE, Possible, Truth, all_of, any_of, lets_through, negation, then

T, F, N, E = Truth.TRUE, Truth.FALSE, Truth.NULL, Truth.ERROR


def one(truth: Truth) -> Possible:
    return frozenset({truth})


@pytest.mark.parametrize(
    ("operands", "either", "both"),
    [
        ((T, F), {T}, {F}),
        ((T, N), {T}, {N}),
        ((F, N), {N}, {F}),
        ((T, E), {T, E}, {E}),
        ((F, E), {E}, {F, E}),
        ((N, E), {N, E}, {N, E}),
        ((F, N, T), {T}, {F}),
        ((F, E, T), {T, E}, {F, E}),
        ((), {F}, {T}),
    ],
)
def test_combinations_whatever_the_order(operands: tuple[Truth, ...], either: set[Truth], both: set[Truth]) -> None:
    for order in permutations(operands):
        assert any_of(map(one, order)) == either
        assert all_of(map(one, order)) == both


def test_de_morgan() -> None:
    for left, right in product(Truth, repeat=2):
        operands = (one(left), one(right))
        assert negation(any_of(operands)) == all_of(map(negation, operands))


def test_sets_are_combined_element_by_element() -> None:
    assert any_of([frozenset({T, F}), one(N)]) == {T, N}
    assert all_of([frozenset({T, F}), one(N)]) == {F, N}


def test_null_lets_nothing_through() -> None:
    assert lets_through(frozenset({T, N})) == {T, F}


def test_what_comes_second_is_only_asked_if_the_first_holds() -> None:
    assert then(TRUE, one(E)) == {E}
    assert then(FALSE, one(E)) == {F}
    assert then(frozenset({T, E}), FALSE) == {F, E}

"""A refresh token holds for one session and one count; a verdict ends a stolen session and no innocent one."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.tokens import refresh
from gateway.auth.tokens.refresh import MOST_COUNTER, Verdict, verdict

ADVANCE, REPEAT, REUSED = Verdict.ADVANCE, Verdict.REPEAT, Verdict.REUSED
SESSION = UUID("01234567-89ab-4def-8123-456789abcdef")
KEY = bytes(range(32))
TOKEN = refresh.encode(SESSION, 7, KEY)

sessions = st.uuids()
counters = st.integers(0, MOST_COUNTER)
keys = st.binary(min_size=32, max_size=32)


@given(sessions, counters, keys)
def test_what_is_encoded_is_decoded(session: UUID, counter: int, key: bytes) -> None:
    presented = refresh.decode(refresh.encode(session, counter, key))
    assert presented is not None
    assert (presented.session, presented.counter) == (session, counter)
    assert presented.is_genuine(key)


@given(st.integers(0, 52 * 6 - 1))
def test_no_bit_can_be_changed(bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[bit // 8] ^= 1 << bit % 8
    presented = refresh.decode(base64.urlsafe_b64encode(raw).decode())
    assert presented is None or not presented.is_genuine(KEY)


@given(sessions, counters, keys, keys)
def test_another_sessions_key_makes_no_token(session: UUID, counter: int, key: bytes, other: bytes) -> None:
    presented = refresh.decode(refresh.encode(session, counter, other))
    assert presented is not None
    assert presented.is_genuine(key) is (key == other)


def test_a_token_moved_to_another_session_or_count_is_forged() -> None:
    raw = base64.urlsafe_b64decode(TOKEN)
    other = base64.urlsafe_b64decode(refresh.encode(UUID(int=5), 8, KEY))
    for forged in (raw[:1] + other[1:17] + raw[17:], raw[:17] + other[17:23] + raw[23:], raw[:23] + bytes(16)):
        presented = refresh.decode(base64.urlsafe_b64encode(forged).decode())
        assert presented is not None
        assert not presented.is_genuine(KEY)


def test_tokens_are_the_same_whenever_they_are_made_and_tell_little() -> None:
    assert refresh.encode(SESSION, 7, KEY) == TOKEN
    assert len(TOKEN) == 52
    presented = refresh.decode(TOKEN)
    assert presented is not None
    assert len(presented.mac) * 8 == 128
    assert presented.mac.hex() not in repr(presented)
    assert str(presented.mac) not in repr(presented)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN + "=",
        TOKEN + "\n",
        " " + TOKEN[1:],
        TOKEN[:-1] + "+",
        TOKEN[:-1] + "é",
        TOKEN[:-1] + "\0",
        TOKEN[:-1] + "\ud800",
        "AA" + TOKEN[2:],  # another version
        "9x7k2m4p5q3w",  # as upstream's first scheme has them
        "A" * 1_000_000,
    ],
)
def test_malformed_tokens_are_none(text: str) -> None:
    assert refresh.decode(text) is None


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    assert refresh.decode(text) is None


@pytest.mark.parametrize(
    ("counter", "key"), [(-1, KEY), (MOST_COUNTER + 1, KEY), (0, b""), (0, KEY[:-1])], ids=["-1", "2^48", "no", "short"]
)
def test_impossible_tokens_are_not_made(counter: int, key: bytes) -> None:
    with pytest.raises(ValueError, match="counter"):
        refresh.encode(SESSION, counter, key)


@pytest.mark.parametrize(
    ("presented", "current", "since", "interval", "expected"),
    [
        (0, 0, None, 10, ADVANCE),
        (5, 5, 0, 10, ADVANCE),
        (5, 5, 1e9, 10, ADVANCE),
        (4, 5, 0, 10, REPEAT),
        (4, 5, 1e9, 10, REPEAT),  # the direct parent, at any age
        (4, 5, 1e9, 0, REPEAT),
        (4, 5, None, 10, REPEAT),
        (3, 5, 9.9, 10, REPEAT),
        (0, 5, 10, 10, REPEAT),
        (3, 5, -1, 10, REPEAT),  # the clock was set back a little
        (3, 5, 10.1, 10, REUSED),
        (3, 5, -11, 10, REUSED),
        (3, 5, None, 10, REUSED),
        (0, 5, 1, 0, REUSED),
        (6, 5, 1e9, 10, ADVANCE),  # the database lost a commit
    ],
)
def test_verdicts(presented: int, current: int, since: float | None, interval: float, expected: Verdict) -> None:
    assert verdict(presented, current, since, interval) is expected


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e6)), max_size=30), st.floats(0, 60))
def test_a_client_alone_is_never_signed_out(steps: list[tuple[bool, float]], interval: float) -> None:
    """Answers may be lost at every refresh, and pauses be as long as they like."""
    current = held = 0
    for lost, pause in steps:
        found = verdict(held, current, pause, interval)
        assert found is not REUSED
        current = held + 1 if found is ADVANCE else current
        held = held if lost else current
    assert current - held in {0, 1}


@given(st.integers(0, 10), st.integers(2, 10), st.floats(0.1, 60), st.floats(60.1, 1e6))
def test_a_token_that_was_copied_ends_the_session(stolen: int, later: int, interval: float, pause: float) -> None:
    """The owner has refreshed twice or more since, so the thief's is neither current nor the parent."""
    assert verdict(stolen, stolen + later, pause, interval) is REUSED

"""Durations and rates as policy files write them: `15m`, `300/min`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from gateway.policies.model import Rate

DURATION_PATTERN: Final = "^[0-9]{1,9}(ms|s|m|h|d)$"
RATE_PATTERN: Final = "^[0-9]{1,9}/(s|min|h|d)$"

_DURATION: Final = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>ms|s|m|h|d)")
_RATE: Final = re.compile(r"(?P<count>[0-9]{1,9})/(?P<unit>s|min|h|d)")
_UNITS: Final = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_PERIODS: Final = {"d": _UNITS["d"], "h": _UNITS["h"], "min": _UNITS["m"], "s": _UNITS["s"]}
_LONGEST: Final = timedelta(days=3660)


def duration(text: str) -> timedelta | None:
    """The duration, above zero and at most ten years; None for text of another form."""
    match = _DURATION.fullmatch(text)
    if match is None or not 0 < int(match["count"]) <= _LONGEST / _UNITS[match["unit"]]:
        return None
    return int(match["count"]) * _UNITS[match["unit"]]


def duration_text(value: timedelta) -> str:
    """The shortest text that `duration` reads as this, to the millisecond."""
    return next(f"{value // unit}{name}" for name, unit in _UNITS.items() if not value % unit or unit == _UNITS["ms"])


def rate(text: str) -> Rate | None:
    """The rate, above zero; None for text of another form."""
    match = _RATE.fullmatch(text)
    return Rate(int(match["count"]), _PERIODS[match["unit"]]) if match and int(match["count"]) else None


def rate_text(value: Rate) -> str:
    """The text that `rate` reads as this. Raises ValueError for a period that has none."""
    for name, period in _PERIODS.items():
        if period == value.per:
            return f"{value.count}/{name}"
    raise ValueError(f"no unit for a period of {value.per}")

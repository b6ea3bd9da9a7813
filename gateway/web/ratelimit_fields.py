"""The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11). Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from gateway.limits import Limit, Standing, Verdict, whole_seconds

EXPOSED: Final = "RateLimit, RateLimit-Policy, Retry-After"
"""What pages of other origins may read."""

_UNFIT: Final = re.compile(r"[^\x20-\x7e]")
_ESCAPED: Final = re.compile(r'(["\\])')


def rate_limit_fields(verdict: Verdict) -> dict[str, str]:
    """The fields of an answer; none if nothing was limited.

    `q` is what a rate counts and `w` its period in seconds; `passerelle-burst` is there if fewer may come at once. `r`
    may come at once now, and one more after `t` seconds. A refusal names in `RateLimit` the limits that it is due to.
    """
    standings = verdict.standings
    if not standings:
        return {}
    told = standings if verdict.allowed else [standing for standing in standings if standing.refused]
    return {
        "RateLimit-Policy": ", ".join(_policy(standing.limit) for standing in standings),
        "RateLimit": ", ".join(_service_limit(standing) for standing in told),
    }


@lru_cache(maxsize=4096)
def _policy(limit: Limit) -> str:
    rate = limit.rate
    unit = "" if limit.unit == "requests" else f";qu={_string(limit.unit)}"
    burst = "" if rate.burst == rate.count else f";passerelle-burst={rate.burst}"
    return f"{_string(limit.name)};q={rate.count}{unit};w={rate.seconds}{burst}"


def _service_limit(standing: Standing) -> str:
    return f"{_string(standing.limit.name)};r={standing.remaining};t={whole_seconds(standing.wait)}"


@lru_cache(maxsize=4096)
def _string(text: str) -> str:
    """A string of RFC 9651, 3.3.3: ASCII that can be printed."""
    clean = _UNFIT.sub("?", text)
    return '"' + _ESCAPED.sub(r"\\\1", clean) + '"'

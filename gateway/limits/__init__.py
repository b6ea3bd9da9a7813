"""Rate limits: so many requests, rows or whatever is counted, for each subject."""

from gateway.limits.limiter import LimitCounts, Limiter
from gateway.limits.model import (
    NOWHERE,
    Demand,
    Limit,
    Standing,
    Subject,
    Verdict,
    address,
    digested,
    user,
    whole_seconds,
)
from gateway.rates import Rate

__all__ = [
    "NOWHERE",
    "Demand",
    "Limit",
    "LimitCounts",
    "Limiter",
    "Rate",
    "Standing",
    "Subject",
    "Verdict",
    "address",
    "digested",
    "user",
    "whole_seconds",
]

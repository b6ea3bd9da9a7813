"""What a look at one thing came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do unless it is in order."""

    level: Level
    text: str
    remedy: str = ""

"""How long to wait before trying to connect again. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds that double from `first` to `most`, each between half of that and all of it.

    Instances that lost the same server at the same moment so come back at different ones.
    """

    first: float = 0.05
    most: float = 2.0

    def pause(self, failures: int, chance: float) -> float:
        """The pause after so many failures in a row; `chance` is a random number from 0 to 1.

        After none, that is when a working connection broke, anything up to `first`.
        """
        if failures <= 0:
            return self.first * chance
        whole = min(self.most, self.first * 2.0 ** min(failures - 1, 30))
        return whole * (0.5 + chance / 2)

"""Settings that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence


class SettingsError(ValueError):
    """Settings cannot be used. `problems` has one line for each, naming the setting as the user wrote it.

    Secret values never appear in it.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

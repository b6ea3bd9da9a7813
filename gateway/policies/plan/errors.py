"""Why a plan was not applied. Nothing was changed then, unless the error says otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.policies.plan.changes import Loss


class ApplyError(Exception):
    """The plan was not applied."""


class PlanOutdated(ApplyError):
    """Files or database are no longer what was planned."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"this is plan {found} now, not {expected}: the files or the database changed meanwhile. "
            "Look at the new plan, then apply that one."
        )


class LossRefused(ApplyError):
    """The plan takes away what no file mentions, and nobody allowed it."""

    def __init__(self, losses: Iterable[Loss], described: Iterable[str]) -> None:
        self.losses = frozenset(losses)
        options = " ".join(f"--allow {loss}" for loss in sorted(self.losses))
        lines = "\n".join(f"  {line}" for line in described)
        super().__init__(
            f"the plan takes away what no file mentions:\n{lines}\n"
            f"Write it into a file to keep it (passerelle policies pull shows how), or add {options}."
        )


class Interrupted(ApplyError):
    """The database failed, or was out of reach: not a matter of the files. It may be tried again."""


class Locked(Interrupted):
    """Another session's lock was in the way, each time."""


class NotInstalled(ApplyError):
    """The database lacks the gateway's own tables."""

    def __init__(self) -> None:
        super().__init__("the database has no passerelle.policy_applies: run passerelle migrate first")


class NotAchieved(ApplyError):
    """After every statement had run, the database did not enforce what the files say; all was undone."""


class StatementFailed(ApplyError):
    """PostgreSQL refused a statement; all was undone."""


class OutcomeUnknown(Interrupted):
    """The connection broke while the transaction was ending."""

    def __init__(self) -> None:
        super().__init__(
            "the connection broke during COMMIT: either everything was applied or nothing. Plan again to see."
        )

"""What a lint is: a danger with a code, and a pure function that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.policies.lints.scene import Scene
from gateway.policies.problems import Place, Problem, Severity


class Finding(NamedTuple):
    """One place where a lint applies. `subject` is a table, function or role; without a `fix` the lint's own holds."""

    subject: str
    message: str
    place: Place | None = None
    fix: str = ""


class Lint(NamedTuple):
    """`code` is stable. `why` says in a few sentences what can happen, `fix` what to write instead. A lint that
    `needs_database` finds nothing in files alone; what one finds that `varies` depends on how much data there is."""

    code: str
    severity: Severity
    title: str
    why: str
    fix: str
    find: Callable[[Scene], Iterator[Finding]]
    needs_database: bool = False
    varies: bool = False

    @classmethod
    def of(
        cls,
        code: str,
        severity: Severity,
        title: str,
        *,
        why: str,
        fix: str,
        find: Callable[[Scene], Iterator[Finding]],
        needs_database: bool = False,
        varies: bool = False,
    ) -> Lint:
        """With texts that may run over several lines."""
        return cls(code, severity, title, " ".join(why.split()), " ".join(fix.split()), find, needs_database, varies)

    def problems(self, scene: Scene) -> Iterator[Problem]:
        """What it finds, each thing once."""
        if self.needs_database and scene.state is None:
            return
        for finding in dict.fromkeys(self.find(scene)):
            fix = finding.fix or self.fix
            yield Problem(self.code, self.severity, finding.message, finding.place, finding.subject, fix)

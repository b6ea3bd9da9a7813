"""Which findings the files accept, and which acceptances accept nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gateway.policies.files import DEFAULTS_NAME
from gateway.policies.lints.lint import Lint
from gateway.policies.lints.scene import Scene
from gateway.policies.model import Acceptance
from gateway.policies.problems import Problem, Severity

UNNEEDED: Final = "L000"
UNNEEDED_TITLE: Final = "An acceptance accepts nothing"
UNNEEDED_WHY: Final = (
    "`accept:` silences findings that are meant. One that matches no finding of its file any more would silence the "
    "next one unread. It is only looked for with a database, which many lints need, and not for lints whose findings "
    "depend on how much data there is."
)
UNNEEDED_FIX: Final = "Remove the entry, or correct its `lint` or `about`."


def unaccepted(scene: Scene, lints: Iterable[Lint]) -> Iterator[Problem]:
    """What lints find that no file accepts, and what is wrong with acceptances."""
    by_code = {lint.code: lint for lint in lints}
    subjects = _subjects(scene)
    used: set[Acceptance] = set()
    for problem in (problem for lint in by_code.values() for problem in lint.problems(scene)):
        matching = [each for each in scene.policy_set.accepts if _accepts(each, problem, subjects)]
        used.update(matching)
        if not matching:
            yield problem
    for each in scene.policy_set.accepts:
        if each.lint not in by_code:
            yield _unneeded(each, f"there is no lint {each.lint} whose findings could be accepted")
        elif each not in used and scene.state is not None and not by_code[each.lint].varies:
            about = f" about {each.about}" if each.about else ""
            yield _unneeded(each, f"{each.lint} finds nothing{about} here that could be accepted")


def _accepts(acceptance: Acceptance, problem: Problem, subjects: dict[str, str]) -> bool:
    if acceptance.lint != problem.code:
        return False
    if acceptance.about is not None and problem.subject not in (acceptance.about, f"public.{acceptance.about}"):
        return False
    file = acceptance.place.file
    in_file = problem.place is not None and problem.place.file == file
    return in_file or file == DEFAULTS_NAME or problem.subject == subjects.get(file)


def _subjects(scene: Scene) -> dict[str, str]:
    """The table that each file is about. Findings about a function always stand in its file."""
    return {table.place.file: str(table.table) for table in scene.policy_set.tables}


def _unneeded(acceptance: Acceptance, message: str) -> Problem:
    return Problem(UNNEEDED, Severity.WARNING, message, acceptance.place, acceptance.about or "", UNNEEDED_FIX)

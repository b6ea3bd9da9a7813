"""Everything that can be said against a set: what is wrong, and what is dangerous."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from gateway.policies.expressions import parse_problem
from gateway.policies.files import read_set_or_problems
from gateway.policies.lints import lints, lints_of_database
from gateway.policies.model import Expression, PolicySet
from gateway.policies.plan import Connection, Examined, examine
from gateway.policies.problems import Problem, Severity


async def check(folder: Path, connection: Connection | None) -> tuple[Problem, ...]:
    """All problems of the set in `folder`, errors first; without a connection only those that need no database."""
    policy_set, problems = await asyncio.to_thread(read_set_or_problems, folder)
    if policy_set is None:
        return _sorted(problems)
    if connection is None:
        offline = await asyncio.to_thread(lambda: [*expression_problems(policy_set), *lints(policy_set, None)])
        return _sorted([*problems, *offline])
    # PostgreSQL's verdict on expressions counts where there is one.
    examined = await examine(connection, policy_set)
    dangers = [*lints(policy_set, examined), *_unlisted(policy_set, examined)]
    return _sorted([*problems, *examined.problems, *dangers])


def _unlisted(policy_set: PolicySet, examined: Examined) -> Iterator[Problem]:
    """The dangers of tables that no file names: an apply would close them, but they are open now."""
    names = {str(relation.name) for relation in examined.compiled.unlisted}
    return (problem for problem in lints_of_database(policy_set, examined.state) if problem.subject in names)


def expression_problems(policy_set: PolicySet) -> Iterator[Problem]:
    """What is wrong with the SQL in the files, as far as a parser can tell."""
    for rules in policy_set.tables:
        for row in rules.rows:
            for expression in (row.using, row.check):
                if expression is not None:
                    yield from _parse(expression, str(rules.table))


def _parse(expression: Expression, subject: str) -> Iterator[Problem]:
    problem = parse_problem(expression.text)
    if problem is not None:
        yield Problem(
            problem.code, problem.severity, problem.message, expression.place(problem.offset), subject=subject
        )


def _sorted(problems: list[Problem] | tuple[Problem, ...]) -> tuple[Problem, ...]:
    def order(problem: Problem) -> tuple[bool, str, int, int, str]:
        place = problem.place
        file, line, column = place or ("", 0, 0)
        return (problem.severity is not Severity.ERROR, file, line, column, problem.message)

    return tuple(sorted(dict.fromkeys(problems), key=order))

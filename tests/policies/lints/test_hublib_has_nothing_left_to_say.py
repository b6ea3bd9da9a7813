"""The reference application's set: no finding that its files do not accept, and no error among those that they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from gateway.policies import PolicySet, Severity, read_set
from gateway.policies.lints import lints
from gateway.policies.plan import examine

FOLDER = Path(__file__).parents[3] / "policies" / "hublib"


@pytest.fixture(scope="module")
def hublib() -> PolicySet:
    return read_set(FOLDER)


@pytest.mark.parametrize("counted", ["select 1", "analyze"])
async def test_with_its_database(hublib_database: str, hublib: PolicySet, counted: str) -> None:
    """Whether or not PostgreSQL knows how many rows there are."""
    connection = await asyncpg.connect(hublib_database)
    try:
        await connection.execute(counted)
        examined = await examine(connection, hublib)
        found = lints(hublib, examined)
        accepted = lints(replace(hublib, accepts=()), examined)
    finally:
        await connection.close()
    assert not [str(problem) for problem in (*examined.problems, *found)]
    assert {problem.severity for problem in accepted} == {Severity.WARNING}
    assert all(each.because for each in hublib.accepts)


def test_without_a_database(hublib: PolicySet) -> None:
    assert not [str(problem) for problem in lints(hublib, None)]

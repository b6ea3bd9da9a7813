"""A table of many types, and expressions over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import EmbeddedPostgres
from tests.policies.expressions.server import Server

HERE = Path(__file__).parent


def _lines(file: str) -> tuple[str, ...]:
    lines = (HERE / file).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("--"))


@pytest.fixture(scope="session")
def valid() -> tuple[str, ...]:
    """Boolean expressions over `app.items` that PostgreSQL takes for a policy."""
    return _lines("valid.sql")


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> Iterator[Server]:
    """A database with the tables of `table.sql`, for a whole file of tests."""
    administrator = Server(postgres.dsn())
    administrator.run("create database expressions")
    server = Server(postgres.dsn("expressions"))
    server.run((HERE / "table.sql").read_text("utf-8"))
    yield server
    server.close()
    administrator.run("drop database expressions with (force)")
    administrator.close()

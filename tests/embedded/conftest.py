"""A cluster to copy, where what is tested does not begin with initdb."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import EmbeddedPostgres, remove_directory


@pytest.fixture(scope="package")
def made_cluster(server_directory: Path) -> Iterator[Path]:
    """The directory of a server that was started and stopped."""
    directory = server_directory / "made"
    EmbeddedPostgres(directory, durability=False, port=None).start().stop()
    yield directory
    remove_directory(directory)


def copy_cluster(made: Path, directory: Path) -> None:
    """As if it had been made in `directory`, which must not be there."""
    subprocess.run(["cp", "-a", made, directory], check=True)

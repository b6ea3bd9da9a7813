"""Lua scripts, one per file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib import resources


@dataclass(frozen=True, slots=True)
class Script:
    """A script and its digest, by which a server that has it runs it.

    All its keys must be in one slot, so they share a hash tag (``ratelimit:{alice}:minute``), also where there is no
    cluster.
    """

    name: str
    text: str = field(repr=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


def load_script(package: str, *names: str) -> Script:
    """The script in ``<name>.lua`` of a package; of several names, the texts behind each other."""
    files = [resources.files(package).joinpath(f"{name}.lua") for name in names]
    return Script(names[-1], "\n".join(file.read_text(encoding="utf-8") for file in files))

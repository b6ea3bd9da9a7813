"""Sets of policy files for tests, as a mapping of names to contents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import dedent

from gateway.policies.files.assembly import assemble
from gateway.policies.model import PolicySet
from gateway.policies.problems import Problem

Files = Mapping[str, str | bytes]

SUB = "11111111-1111-4111-8111-111111111111"


def read(files: Files | str) -> PolicySet:
    """The set of these files; a text alone is `t.yaml`."""
    policy_set, problems = assemble(_bytes(files))
    assert not problems, "\n".join(map(str, problems))
    assert policy_set is not None
    return policy_set


def problems(files: Files | str, aliases: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """What is wrong with these files."""
    policy_set, found = assemble(_bytes(files), aliases)
    assert (policy_set is None) == bool(found)
    return found


def said(files: Files | str) -> list[str]:
    """The same as `code line:column`, with the file before those that are not `t.yaml`."""
    return [f"{each.code} {str(each.place).removeprefix('t.yaml:')}" for each in problems(files)]


def marked(text: str) -> tuple[str, list[str]]:
    """A text without its `»`, and the places `line:column` of the characters behind them."""
    places = [
        f"{number}:{match.start() - index + 1}"
        for number, line in enumerate(text.split("\n"), 1)
        for index, match in enumerate(re.finditer("»", line))
    ]
    return text.replace("»", ""), places


def _bytes(files: Files | str) -> dict[str, bytes]:
    if isinstance(files, str):
        files = {"t.yaml": files}
    return {
        name: content if isinstance(content, bytes) else dedent(content).removeprefix("\n").encode()
        for name, content in files.items()
    }

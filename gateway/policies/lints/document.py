"""`docs/policy-lints.md`, made from the registry so that it cannot lie. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Final

from gateway.policies.codes import PROBLEMS
from gateway.policies.lints.acceptance import UNNEEDED, UNNEEDED_FIX, UNNEEDED_TITLE, UNNEEDED_WHY
from gateway.policies.lints.registry import LINTS
from gateway.policies.problems import Severity

_WIDTH: Final = 118
_INTRODUCTION: Final = """\
# Lints and problems of policy files

<!-- Written by `make docs` from gateway/policies/lints and gateway/policies/codes.py. -->

`passerelle policies check` tells two kinds of things. *Problems* (P…) are what is wrong: the files cannot be applied.
*Lints* (L…) are what is dangerous although it is valid. `check` fails for errors of either kind, and under `--strict`
for warnings too. Lints look at what will be in force: what the files ask for, and for all that they do not rule, what
the database has.

What is meant to be so is accepted, with the reason, at the top of the file of a table or of functions, or in
`defaults.yaml` for the whole set; `about` narrows it to one table, function or role:

```yaml
table: public.suggestions
accept:
  - { lint: L024, because: visitors get an empty list and not an error }
```

```yaml
# defaults.yaml
accept:
  - { lint: L007, because: it answers with totals only, about: public.global_stats() }
```
"""


def lints_page() -> str:
    """The page as Markdown."""
    return "\n".join([_INTRODUCTION, *_overview(), "", *_sections(), *_problems()]) + "\n"


def _overview() -> Iterator[str]:
    yield "| lint | | finds | with |"
    yield "|---|---|---|---|"
    for lint in LINTS:
        needs = "a database" if lint.needs_database else "files alone"
        yield f"| [{lint.code}](#{lint.code.lower()}) | {lint.severity} | {lint.title} | {needs} |"
    yield f"| [{UNNEEDED}](#{UNNEEDED.lower()}) | {Severity.WARNING} | {UNNEEDED_TITLE} | a database |"


def _sections() -> Iterator[str]:
    for lint in LINTS:
        yield from _section(lint.code, lint.title, lint.severity, lint.why, lint.fix)
    yield from _section(UNNEEDED, UNNEEDED_TITLE, Severity.WARNING, UNNEEDED_WHY, UNNEEDED_FIX)


def _section(code: str, title: str, severity: Severity, why: str, fix: str) -> Iterator[str]:
    yield f"## {code}"
    yield ""
    yield _filled(f"**{title}** ({severity}). {why}")
    yield ""
    yield _filled(f"*Instead:* {fix}")
    yield ""


def _filled(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _problems() -> Iterator[str]:
    yield "## Problems"
    yield ""
    yield "| code | |"
    yield "|---|---|"
    for code, meaning in sorted(PROBLEMS.items()):
        yield f"| {code} | {meaning} |"

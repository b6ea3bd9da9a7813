"""Lint about comparisons that null turns round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.lints.leaf import Leaf, Side
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene
from gateway.policies.problems import Severity


def _traps(scene: Scene) -> Iterator[Finding]:
    for policy in scene.policies:
        for rule in policy.rules:
            for leaf in (*rule.condition.leaves, *rule.condition.inner()):
                said = _trap(leaf)
                if said is not None:
                    yield Finding(str(policy.table), f"{policy}: {said}", policy.spot(rule))


def _trap(leaf: Leaf) -> str | None:
    comparison, reading = leaf.comparison, leaf.reading
    split = reading.comparison(leaf.first, leaf.end)
    if split is not None and reading.reads(*split[2]):
        excludes = split[1] == "not in" or (split[1] == "in" and leaf.negated)
        if excludes or (split[1] in ("<>", "!=") and reading.found.key(split[2][0]) == "all"):
            return "NOT IN lets no row through once the subquery returns a single null"
    if comparison is None or comparison.other is not Side.CALLER or comparison.column in reading.about.required:
        return None
    same = "is distinct from" if leaf.negated else "is not distinct from"
    if comparison.operator == same:
        return f"visitors, who have no id, match every row whose {comparison.column} is null"
    return None


NULLS: Final = Lint.of(
    "L025",
    Severity.WARNING,
    "Null turns a condition round",
    why="""
        `auth.uid()` is null for visitors. `is not distinct from` takes null for equal, so they own every row without an
        owner. `NOT IN (select …)` is null, and lets nothing through, as soon as the subquery returns one null; somebody
        who may insert such a row locks everybody else out.
    """,
    fix="Use `=`, which null never fulfils; and `not exists (select … where …)` instead of `not in`.",
    find=_traps,
)

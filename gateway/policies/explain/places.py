"""Where the files have what the database enforces. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.policies.model import PolicySet, QualifiedName
from gateway.policies.plan.compiled import policy_names
from gateway.policies.problems import Place

Places = Mapping[QualifiedName, Mapping[str, Place]]
"""Places by table and by the name of a PostgreSQL policy."""


def places(policy_set: PolicySet) -> Places:
    """Of every policy of a set, by name: whether the database has the same one is not asked."""
    return {
        rules.table: {name: row.place for row in rules.rows for name, _ in policy_names(row)}
        for rules in policy_set.tables
    }

"""The rows that a read counts: its filters without its limits."""

from __future__ import annotations

from gateway.catalog import Relationship
from gateway.rest.plan.model import Embed, Node, Presence
from gateway.rest.sql.arguments import Arguments
from gateway.rest.sql.names import node_prefix
from gateway.rest.sql.predicates import predicate
from gateway.rest.sql.rows import SOURCE, join_conditions, source


def count_rows(
    node: Node, arguments: Arguments, parent: str | None = None, relationship: Relationship | None = None
) -> str:
    """`SELECT 1` for each row that matches. Inner embeds and null filters become EXISTS; others do not matter."""
    prefix = node_prefix(node)

    def exists(embed: Embed) -> str:
        return f"EXISTS ({count_rows(embed.node, arguments, prefix, embed.relationship)})"

    def embedded(presence: Presence) -> str:
        embed = next(embed for embed in node.embeds if embed.join == presence.join)
        return exists(embed) if presence.present else f"NOT {exists(embed)}"

    parts = [predicate(condition, prefix, arguments, embedded) for condition in node.where]
    if relationship is not None and parent is not None:
        parts += join_conditions(relationship, prefix, parent, node)
    parts += [exists(embed) for embed in node.embeds if embed.inner]
    rows = f"{SOURCE} AS {prefix}" if node.derived else source(node, parent, relationship)
    conditions = f" WHERE {' AND '.join(parts)}" if parts else ""
    return f"SELECT 1 FROM {rows}{conditions}"

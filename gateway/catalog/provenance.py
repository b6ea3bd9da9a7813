"""Which base table column each view column shows, traced through views of views. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gateway.catalog.nodetree import Origin, output_origins

Provenance = Mapping[int, Mapping[tuple[int, int], tuple[int, ...]]]
"""View OID -> (relation OID, column number) -> the view's columns that show it, in view order."""


def trace_views(
    trees: Mapping[int, str], *, views: Iterable[int], through: Collection[int]
) -> dict[int, dict[tuple[int, int], tuple[int, ...]]]:
    """Provenance of `views`. `trees` maps views to their stored rule; only views in `through` are looked into.

    PostgREST: "Resource Embedding", views are traced only through exposed schemas and the extra search path.
    """
    origins: dict[int, list[Origin]] = {}
    traced: dict[int, dict[int, frozenset[tuple[int, int]]]] = {}

    def direct(view: int) -> list[Origin]:
        if view not in origins:
            origins[view] = list(output_origins(trees[view])) if view in trees else []
        return origins[view]

    def sources(view: int, path: tuple[int, ...]) -> dict[int, frozenset[tuple[int, int]]]:
        """Column number of `view` -> everything it shows, nearest and deeper."""
        if view in traced:
            return traced[view]
        found: dict[int, frozenset[tuple[int, int]]] = {}
        for origin in direct(view):
            shown = frozenset({(origin.relation, origin.column)})
            if origin.relation in through and origin.relation not in path:
                shown |= sources(origin.relation, (*path, origin.relation)).get(origin.column, frozenset())
            found[origin.number] = found.get(origin.number, frozenset()) | shown
        traced[view] = found
        return found

    result: dict[int, dict[tuple[int, int], tuple[int, ...]]] = {}
    for view in views:
        columns: dict[tuple[int, int], list[int]] = {}
        for number, shown in sources(view, (view,)).items():
            for source in shown:
                columns.setdefault(source, []).append(number)
        if columns:
            result[view] = {source: tuple(numbers) for source, numbers in columns.items()}
    return result

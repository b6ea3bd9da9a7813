"""`passerelle cache flush`: make all instances give up what they keep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer

from gateway.commands.cache.port import AdminPort, ask
from gateway.commands.cache.words import visible


def run_flush(admin: AdminPort, tables: Sequence[str], *, as_json: bool) -> None:
    """Flush what depends on `tables`, or everything, through one instance, which tells the others."""
    told = ask(admin, "POST", "/cache/flush", {"tables": list(tables)} if tables else {})
    typer.echo(json.dumps(told, indent=2) if as_json else visible(_line(told)))


def _line(told: dict[str, Any]) -> str:
    flushed, count = told["flushed"], told["instances"]
    what = "Everything was" if flushed == "everything" else f"What depends on {', '.join(flushed)} was"
    match count:
        case 0:
            return f"{what} flushed; no instance holds a lease now, so none serves from its cache."
        case 1:
            return f"{what} flushed; the only instance has confirmed it."
        case _:
            return f"{what} flushed; all {count} instances have confirmed it."

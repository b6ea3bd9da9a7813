"""The kinds of reads: what is asked, and what each state of a folder would contribute to the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import quote

from tests.chaos.model import PRIVATE, PUBLIC, USERS, VISIBILITIES, Folder, Identity, Rules, may_see, may_see_share

Rows = tuple[tuple[object, ...], ...]
"""What an answer says of one folder: rows, each without what is the same for all states."""

Show = Callable[[Folder, Identity, Rules], Rows]
NOTHING: Final[Rows] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer, taken apart by folder. `total` alone is known where only a number was asked for. `refused`: the caller
    may not ask this."""

    parts: dict[int, Rows] | None = None
    total: int | None = None
    refused: bool = False


class Malformed(ValueError):
    """An answer that no state could give."""


@dataclass(frozen=True, slots=True)
class Query:
    """`folders`: those that the answer may speak of. `show`: what it says of one that exists. `take`: from a row of the
    answer to the folder and its `Rows`; rows of one folder are joined."""

    name: str
    path: str
    folders: tuple[int, ...]
    show: Show
    take: Callable[[Any], tuple[int, Rows]]
    refuse: Callable[[Identity, Rules], bool] = lambda who, rules: False
    method: str = "GET"
    prefer: str = ""

    def expect(self, folder: Folder | None, who: Identity, rules: Rules) -> Rows:
        return NOTHING if folder is None else self.show(folder, who, rules)

    def read(self, rows: Any, total: int | None) -> Seen:
        """`rows`: the body as JSON, which a HEAD has not. Raises Malformed."""
        if self.method == "HEAD":
            return Seen(total=total)
        parts: dict[int, Rows] = {}
        for row in rows if isinstance(rows, list) else [rows]:
            folder, shown = self.take(row)
            parts[folder] = parts.get(folder, ()) + shown
        if total is not None and total != len(rows):
            raise Malformed(f"{len(rows)} rows, and a total of {total}")
        return Seen(parts)


def queries(folders: Sequence[int]) -> Sequence[Callable[[Random], Query]]:
    """The kinds, each ready to make one at random."""
    every = tuple(folders)

    def some(rng: Random) -> tuple[int, ...]:
        return tuple(sorted(rng.sample(every, min(5, len(every)))))

    def one(rng: Random) -> tuple[int, ...]:
        return (rng.choice(every),)

    return (
        lambda rng: _folders("list", every, ""),
        lambda rng: _folders("list counted", every, "", prefer="count=exact"),
        lambda rng: _folders("by ids", ids := some(rng), f"&id={_in(ids)}"),
        lambda rng: _folders("by id", ids := one(rng), f"&id={_in(ids)}"),
        lambda rng: _by_visibility(every, rng.choice(VISIBILITIES)),
        lambda rng: _count(every),
        lambda rng: _embed(some(rng)),
        lambda rng: _embed(every),
        lambda rng: _embedded_count(every),
        lambda rng: _notes("notes", every, ""),
        lambda rng: _notes("notes of", ids := some(rng), f"&folder={_in(ids)}"),
        lambda rng: _notes_with_folder(some(rng)),
        lambda rng: _shares(every),
        lambda rng: _stats(every),
        lambda rng: _view(every),
        lambda rng: _slow_view(every),
        lambda rng: _owned(every, rng.choice(USERS)),
        lambda rng: _report(one(rng)),
    )


def _in(folders: tuple[int, ...]) -> str:
    return f"in.({','.join(map(str, folders))})"


def _row(row: dict[str, Any]) -> tuple[int, Rows]:
    """A row whose first column is the folder."""
    folder, *others = row.values()
    return folder, (tuple(others),)


def _no_notes(who: Identity, rules: Rules) -> bool:
    return who.role == "anon" and rules.strict


def _visitor(who: Identity, rules: Rules) -> bool:
    return who.role == "anon"


def _folders(name: str, folders: tuple[int, ...], where: str, prefer: str = "") -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((folder.version, folder.visibility),) if may_see(folder, who, rules) else ()

    return Query(name, f"/folders?select=id,version,visibility&order=id{where}", folders, show, _row, prefer=prefer)


def _by_visibility(folders: tuple[int, ...], visibility: str) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((folder.version,),) if folder.visibility == visibility and may_see(folder, who, rules) else ()

    return Query(f"{visibility} ones", f"/folders?select=id,version&visibility=eq.{visibility}", folders, show, _row)


def _count(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((),) if folder.visibility != PRIVATE and may_see(folder, who, rules) else ()

    return Query(
        *("count", "/folders?select=id&visibility=neq.private", folders, show, _row),
        method="HEAD",
        prefer="count=exact",
    )


def _embed(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((folder.version, folder.notes, folder.changes),) if may_see(folder, who, rules) else ()

    def take(row: Any) -> tuple[int, Rows]:
        notes = tuple((note["id"], note["version"]) for note in row["notes"])
        return row["id"], ((row["version"], notes, (row["folder_stats"] or {}).get("changes")),)

    path = f"/folders?select=id,version,notes(id,version),folder_stats(changes)&notes.order=id&id={_in(folders)}"
    return Query("embed", path, folders, show, take, _no_notes)


def _embedded_count(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((len(folder.notes),),) if may_see(folder, who, rules) else ()

    def take(row: Any) -> tuple[int, Rows]:
        return row["id"], ((row["notes"][0]["count"],),)

    return Query("embedded count", "/folders?select=id,notes(count)&order=id", folders, show, take, _no_notes)


def _notes(name: str, folders: tuple[int, ...], where: str) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return folder.notes if may_see(folder, who, rules) else ()

    return Query(name, f"/notes?select=folder,id,version&order=id{where}", folders, show, _row, _no_notes)


def _notes_with_folder(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        seen = may_see(folder, who, rules)
        return tuple((note, folder.version, folder.visibility) for note, _ in folder.notes) if seen else ()

    def take(row: Any) -> tuple[int, Rows]:
        above = row["folders"]
        return above["id"], ((row["id"], above["version"], above["visibility"]),)

    path = f"/notes?select=id,folders!inner(id,version,visibility)&order=id&folder={_in(folders)}"
    return Query("notes with folder", path, folders, show, take, _no_notes)


def _shares(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return tuple((member,) for member in sorted(folder.members) if may_see_share(member, who))

    return Query("shares", "/shares?select=folder,member&order=folder,member", folders, show, _row, _visitor)


def _stats(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((len(folder.notes), folder.changes),) if may_see(folder, who, rules) else ()

    return Query("stats", "/folder_stats?select=folder,notes,changes&order=folder", folders, show, _row)


def _view(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((folder.version, len(folder.notes)),) if folder.visibility == PUBLIC else ()

    return Query("view", "/open_folders?select=id,version,notes", folders, show, _row)


def _slow_view(folders: tuple[int, ...]) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((folder.version,),) if folder.visibility == PUBLIC else ()

    return Query("slow view", "/slow_folders?select=id,version", folders, show, _row)


def _owned(folders: tuple[int, ...], owner: str) -> Query:
    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        return ((folder.version * rules.sign,),) if folder.owner == owner and may_see(folder, who, rules) else ()

    return Query("function", f"/rpc/folders_of?wanted={quote(owner)}", folders, show, _row)


def _report(folders: tuple[int, ...]) -> Query:
    (wanted,) = folders

    def show(folder: Folder, who: Identity, rules: Rules) -> Rows:
        if not may_see(folder, who, rules):
            return ()
        shares = sum(may_see_share(member, who) for member in folder.members)
        return ((folder.version, folder.changes, len(folder.notes), shares),)

    def take(row: Any) -> tuple[int, Rows]:
        return _row(row) if row is not None else (wanted, ())

    return Query("opaque function", f"/rpc/folder_report?wanted={wanted}", folders, show, take, _visitor)

"""The kinds of writes: what is sent, and the state that each folder has afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Any

from tests.chaos.model import ORGS, PUBLIC, USERS, VISIBILITIES, Folder, State

MOST_NOTES = 4


@dataclass(frozen=True, slots=True)
class Change:
    """`after`: the state of each folder that it touches. As a request, by the folder's owner or the service; or as one
    SQL statement behind the gateway's back, with its values. `rows`: how many rows it affects."""

    name: str
    after: Mapping[int, State]
    method: str
    path: str
    body: Any
    sql: str
    values: tuple[Any, ...]
    rows: int = 1
    for_owner: bool = True


@dataclass(slots=True)
class Serials:
    """Numbers that are given once: versions, and ids of notes."""

    _numbers: count[int] = field(default_factory=lambda: count(1000))

    def __call__(self) -> int:
        return next(self._numbers)


def choose(rng: Random, number: int, state: State, new: Serials) -> Change:
    """Some change of the folder, which is in that state."""
    if state is None:
        return create(rng, number, new)
    kinds: list[Callable[[], Change]] = [
        lambda: _columns("rename", state, version=new()),
        lambda: _columns("show", state, version=new(), visibility=rng.choice(VISIBILITIES)),
        lambda: _columns("show", state, version=new(), visibility=rng.choice(VISIBILITIES)),
        lambda: _columns("hand over", state, version=new(), owner=rng.choice(USERS)),
        lambda: _columns("move", state, version=new(), org=rng.choice(ORGS)),
        lambda: _share(state, rng.choice(USERS)),
        lambda: _share(state, rng.choice(USERS)),
        lambda: _note(rng, state, new),
        lambda: _note(rng, state, new),
        lambda: _delete(state),
    ]
    if len(state.notes) < MOST_NOTES:
        kinds.append(lambda: _publish(state, new(), new()))
    return rng.choice(kinds)()


def show_all(folders: Mapping[int, Folder], visibility: str) -> Change:
    """One statement for several folders."""
    ids = ",".join(map(str, folders))
    after = {number: replace(folder, visibility=visibility) for number, folder in folders.items()}
    return Change(
        *("show several", after, "PATCH", f"/folders?id=in.({ids})", {"visibility": visibility}),
        *("update public.folders set visibility = $2 where id = any ($1)", (list(folders), visibility)),
        rows=len(folders),
        for_owner=False,
    )


def create(rng: Random, number: int, new: Serials) -> Change:
    folder = Folder(number, rng.choice(USERS), rng.choice(ORGS), rng.choice(VISIBILITIES), new())
    row = {name: getattr(folder, name) for name in ("id", "owner", "org", "visibility", "version")}
    return Change(
        *("create", {number: folder}, "POST", "/folders", row),
        "insert into public.folders (id, owner, org, visibility, version) values ($1, $2, $3, $4, $5)",
        tuple(row.values()),
    )


def _columns(name: str, folder: Folder, **columns: Any) -> Change:
    after = {folder.id: replace(folder, **columns)}
    assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(columns, start=2))
    return Change(
        *(name, after, "PATCH", f"/folders?id=eq.{folder.id}", columns),
        *(f"update public.folders set {assignments} where id = $1", (folder.id, *columns.values())),
        for_owner="owner" not in columns,
    )


def _share(folder: Folder, member: str) -> Change:
    """Share with them, or no longer."""
    after = {folder.id: replace(folder, members=folder.members ^ {member})}
    if member in folder.members:
        return Change(
            *("unshare", after, "DELETE", f"/shares?folder=eq.{folder.id}&member=eq.{member}", None),
            *("delete from public.shares where folder = $1 and member = $2", (folder.id, member)),
            for_owner=False,
        )
    return Change(
        *("share", after, "POST", "/shares", {"folder": folder.id, "member": member}),
        *("insert into public.shares (folder, member) values ($1, $2)", (folder.id, member)),
        for_owner=False,
    )


def _note(rng: Random, folder: Folder, new: Serials) -> Change:
    """Write a note, rewrite one, or take one away."""
    at, version = rng.randrange(MOST_NOTES), new()
    before, others = folder.notes[at : at + 1], folder.notes[:at] + folder.notes[at + 1 :]

    def after(*notes: tuple[int, int]) -> dict[int, State]:
        return {folder.id: replace(folder, notes=tuple(sorted(notes)), changes=folder.changes + 1)}

    if not before:
        row = {"id": new(), "folder": folder.id, "version": version}
        return Change(
            *("write a note", after(*folder.notes, (row["id"], version)), "POST", "/notes", row),
            *("insert into public.notes (id, folder, version) values ($1, $2, $3)", tuple(row.values())),
        )
    note = before[0][0]
    if rng.random() < 0.5:
        return Change(
            *("rewrite a note", after(*others, (note, version)), "PATCH", f"/notes?id=eq.{note}", {"version": version}),
            *("update public.notes set version = $2 where id = $1", (note, version)),
        )
    return Change(
        *("drop a note", after(*others), "DELETE", f"/notes?id=eq.{note}", None),
        *("delete from public.notes where id = $1", (note,)),
    )


def _publish(folder: Folder, version: int, note: int) -> Change:
    notes = tuple(sorted((*folder.notes, (note, version))))
    after = replace(folder, visibility=PUBLIC, version=version, notes=notes, changes=folder.changes + 1)
    values = {"wanted": folder.id, "new_version": version, "note": note}
    return Change(
        *("publish by a function", {folder.id: after}, "POST", "/rpc/publish_folder", values),
        *("select public.publish_folder($1, $2, $3)", tuple(values.values())),
    )


def _delete(folder: Folder) -> Change:
    return Change(
        *("delete", {folder.id: None}, "DELETE", f"/folders?id=eq.{folder.id}", None),
        *("delete from public.folders where id = $1", (folder.id,)),
    )

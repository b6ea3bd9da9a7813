"""The files of a policy set on disk. Everything is read before anything is judged.

A set is closed: symbolic links may give a file or folder of it another name, and lead nowhere else.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from gateway.policies.files.assembly import assemble
from gateway.policies.files.codes import Code
from gateway.policies.files.yaml.source import LARGEST
from gateway.policies.model import PolicySet
from gateway.policies.problems import Place, PolicyError, Problem, error

LARGEST_SET: Final = 64 * LARGEST
SUFFIXES: Final = (".yaml", ".yml")

_ODD: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


def read_set(folder: Path) -> PolicySet:
    """The policy set in `folder`. Raises PolicyError with everything that is wrong with it."""
    policy_set, problems = read_set_or_problems(folder)
    if policy_set is None:
        raise PolicyError(problems)
    return policy_set


def read_set_or_problems(folder: Path) -> tuple[PolicySet | None, tuple[Problem, ...]]:
    """The policy set in `folder`, or None and everything that is wrong with it."""
    try:
        root = Path(os.path.realpath(folder, strict=True))
        found = _Folder(root)
        found.walk()
    except OSError as fault:
        fix = "name a folder with policy files, or write some for what is there: passerelle policies pull"
        message = f"the folder {folder} cannot be read: {_reason(fault)}"
        return None, (error(Code.NO_FILES, message, fix=fix),)
    if not found.files and not found.problems:
        message = f"the folder {folder} holds no policy files (*.yaml)"
        return None, (error(Code.NO_FILES, message, fix="write some for what is there: passerelle policies pull"),)
    policy_set, problems = assemble(found.read(), found.aliases)
    problems = (*found.problems, *problems)
    return (None if problems else policy_set), problems


class _Named(NamedTuple):
    """A file or folder: its name in the set, and what it really is."""

    name: str
    path: Path


@dataclass(slots=True)
class _Folder:
    """`files` maps the names of files to their real paths, `aliases` other names of them to these."""

    root: Path
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[Problem] = field(default_factory=list[Problem])
    _names: dict[Path, str] = field(default_factory=dict[Path, str])
    _folders: list[_Named] = field(default_factory=list["_Named"])
    _links: list[_Named] = field(default_factory=list["_Named"])

    def walk(self) -> None:
        """Finds everything; each folder once, whatever links lead to it. Raises OSError for the root."""
        self._enter("", self.root)
        while self._folders or self._links:
            # Links come last: what has a name of its own keeps it.
            if self._folders:
                self._enter_or_note(*self._folders.pop(0))
            else:
                self._follow(*self._links.pop(0))

    def read(self) -> dict[str, bytes]:
        """The bytes of all files that can be read, one more than allowed at most; what cannot be is noted."""
        found: dict[str, bytes] = {}
        total = 0
        for name, path in sorted(self.files.items()):
            data = self._read(name, path)
            if data is not None:
                found[name] = data
                total += len(data)
            if total > LARGEST_SET:
                fix = "is this the right folder?"
                self._note(Code.TOO_LARGE, name, f"up to here, the set has more than {LARGEST_SET} bytes", fix)
                break
        return found

    def _read(self, name: str, path: Path) -> bytes | None:
        try:
            # Not to wait for a writer, if it is a pipe.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(handle, "rb") as file:  # noqa: PTH123 - of a descriptor
                if stat.S_ISREG(os.fstat(handle).st_mode):
                    return file.read(LARGEST + 1)
            self._note(Code.UNREADABLE, name, "this is no regular file", "replace it by one")
        except OSError as fault:
            self._note(Code.UNREADABLE, name, f"the file cannot be read: {_reason(fault)}", "let the user read it")
        return None

    def _enter(self, name: str, folder: Path) -> None:
        self._names[folder] = name
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            inside = f"{name}/{entry.name}".removeprefix("/")
            if entry.name.startswith("."):
                continue
            if _ODD.search(entry.name):
                if _is_yaml(entry.name) or entry.is_dir():
                    self._note(Code.UNREADABLE, name, f"the name {entry.name!a} is not plain text", "rename it")
            elif entry.is_symlink():
                self._link(inside, folder, Path(entry.path))
            elif entry.is_dir():
                self._folders.append(_Named(inside, Path(entry.path)))
            else:
                self._file(inside, Path(entry.path))

    def _enter_or_note(self, name: str, folder: Path) -> None:
        try:
            self._enter(name, folder)
        except OSError as fault:
            self._note(Code.UNREADABLE, name, f"the folder cannot be read: {_reason(fault)}", "let the user read it")

    def _follow(self, name: str, target: Path) -> None:
        if target in self._names:
            if self._names[target] in self.files:
                self.aliases[name] = self._names[target]
        elif target.is_dir():
            self._enter_or_note(name, target)
        else:
            self._file(name, target)

    def _file(self, name: str, path: Path) -> None:
        if _is_yaml(name):
            self.files[name] = path
            self._names[path] = name

    def _link(self, name: str, folder: Path, path: Path) -> None:
        """Notes where a link leads, if that is in the set; it is followed when all without links is known."""
        try:
            target = Path(os.path.realpath(path, strict=True))
        except OSError as fault:
            if fault.errno == errno.ELOOP:
                self._note(Code.BAD_LINK, name, "this symbolic link leads in a circle", "remove it")
            elif _is_yaml(name):
                self._note(Code.BAD_LINK, name, f"this symbolic link leads nowhere: {_reason(fault)}", "remove it")
            return
        if not (_is_yaml(name) or target.is_dir()):
            return
        if not target.is_relative_to(self.root):
            self._note(
                Code.BAD_LINK, name, "this symbolic link leads out of the set", "copy what is needed into the set"
            )
        elif folder.is_relative_to(target):
            self._note(Code.BAD_LINK, name, "this symbolic link leads in a circle, to a folder it is in", "remove it")
        else:
            self._links.append(_Named(name, target))

    def _note(self, code: Code, name: str, message: str, fix: str) -> None:
        self.problems.append(error(code, message, Place(name), fix=fix))


def _is_yaml(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _reason(fault: OSError) -> str:
    return (fault.strerror or str(fault)).lower()

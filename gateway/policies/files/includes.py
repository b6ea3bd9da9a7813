"""Which files include which. Only names are compared with those of the set: nothing outside of it is ever touched."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.documents import Document
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node

_ABSOLUTE: Final = re.compile(r"/|~|[A-Za-z]:")


def read_includes(document: Document, files: Collection[str], aliases: Mapping[str, str]) -> tuple[str, ...]:
    """The files of the set that a document includes. `aliases` are names of files that links give them."""
    reading = document.reading

    def read(node: Node, what: str) -> str | None:
        written = reading.text(node, what)
        if written is None:
            return None
        fault, fix = "", "name a file relative to this one, with `/` between folders"
        name = posixpath.normpath(posixpath.join(posixpath.dirname(document.file), written))
        name = aliases.get(name, name)
        if _ABSOLUTE.match(written) or "\\" in written:
            fault = "is no path relative to this file"
        elif name == ".." or name.startswith("../"):
            fault, fix = "leads out of the set", "copy what is needed into the set"
        elif not written or name not in files:
            fault, fix = "is no file of the set", reading.near(name, files) or fix
        if not fault:
            return name
        return reading.refuse(Code.BAD_INCLUDE, node.start, f"{shown(written)} {fault}", fix)

    node = document.fields.node("include")
    return (reading.each(node, "`include`", read, may_be_empty=True) or ()) if node else ()


def reached(file: str, includes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The file and all that it includes, directly or through others; each once, nearest first."""
    found = {file: None}
    queue = [file]
    for each in queue:
        for included in includes.get(each, ()):
            if included not in found:
                found[included] = None
                queue.append(included)
    return tuple(found)

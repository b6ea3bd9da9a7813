"""Values -> YAML text that people like to read, and that every YAML parser reads as the same values."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, Final

import yaml
from yaml.emitter import Emitter
from yaml.resolver import Resolver
from yaml.serializer import Serializer

from gateway.policies.files.yaml.core_schema import kind_of
from gateway.policies.files.yaml.source import FORBIDDEN

WIDTH: Final = 120

_TEXT: Final = "tag:yaml.org,2002:str"
_TAGS: Final = {bool: "tag:yaml.org,2002:bool", int: "tag:yaml.org,2002:int"}
_NO_TEXT: Final = "tag:yaml.org,2002:null"
_LONGEST_LINE: Final = 90
"""Characters of a text on the line of its key."""


_YAML_1_1: Final[Any] = Resolver()


class _Writer(Emitter, Serializer):
    """Takes a plain scalar for text only if both YAML 1.1 and 1.2 do: an editor may know either."""

    def __init__(self, stream: io.StringIO, *, unicode: bool) -> None:
        Emitter.__init__(self, stream, width=WIDTH, allow_unicode=unicode)
        Serializer.__init__(self)  # pyright: ignore[reportUnknownMemberType] - its arguments have no types

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag that a node has without saying so."""
        tag = _YAML_1_1.resolve(kind, value, implicit)
        disagree = tag == _TEXT and implicit[0] and kind_of(value) != "text"
        return _NO_TEXT if disagree else tag

    def expect_flow_sequence_item(self) -> None:
        """An item that would not fit begins a line; PyYAML alone looks at what is written already."""
        ahead = f", {self.event.value}," if isinstance(self.event, yaml.ScalarEvent) else ""
        self.best_width = WIDTH - len(ahead) + 1
        super().expect_flow_sequence_item()
        self.best_width = WIDTH

    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        """Tags do not depend on where a node is."""

    def ascend_resolver(self) -> None:
        """As above."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists inside mappings are indented like everything else."""
        super().increase_indent(flow, False)


def document(entries: Iterable[tuple[str, yaml.Node]]) -> str:
    """The text of a mapping. Characters that a policy file cannot have are escaped."""
    root = mapping(entries)
    text = _written(root, unicode=True)
    return text if FORBIDDEN.search(text) is None else _written(root, unicode=False)


def _written(root: yaml.Node, *, unicode: bool) -> str:
    stream = io.StringIO()
    writer = _Writer(stream, unicode=unicode)
    writer.open()
    writer.serialize(root)
    writer.close()
    return stream.getvalue()


def mapping(entries: Iterable[tuple[str, yaml.Node]], *, flow: bool = False) -> yaml.MappingNode:
    pairs = [(scalar(key), value) for key, value in entries]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=flow)


def sequence(items: Iterable[yaml.Node], *, flow: bool = False) -> yaml.SequenceNode:
    return yaml.SequenceNode("tag:yaml.org,2002:seq", list(items), flow_style=flow)


def scalar(value: str | bool | int) -> yaml.ScalarNode:
    """A text, boolean or number; text of several or long lines becomes a block."""
    if isinstance(value, str):
        block = "\n" in value or len(value) > _LONGEST_LINE
        return yaml.ScalarNode(_TEXT, value, style="|" if block else None)
    return yaml.ScalarNode(_TAGS[type(value)], str(value).lower())


def texts(values: Iterable[str]) -> yaml.SequenceNode:
    """A list on one line, or as many as it needs."""
    return sequence((yaml.ScalarNode(_TEXT, value) for value in values), flow=True)


def fits(entries: Iterable[tuple[str, yaml.Node]], indentation: int) -> bool:
    """Whether a mapping fits on one line behind so many characters."""
    line = _written(mapping(entries, flow=True), unicode=True)
    return line.count("\n") == 1 and len(line) + indentation <= WIDTH

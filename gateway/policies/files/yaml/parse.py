"""The part of YAML that policy files are written in: bytes -> tree, with every problem's line and column.

Nothing is constructed, expanded or resolved by PyYAML: only its parser runs (libyaml's where it was built in), event by
event, so that what is refused costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from gateway.policies.files.codes import Code
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.core_schema import kind_of
from gateway.policies.files.yaml.source import Source, decoded
from gateway.policies.files.yaml.syntax import syntax_problem
from gateway.policies.files.yaml.tree import Broken, Mapping, Node, Scalar, Sequence
from gateway.policies.problems import PolicyError, Problem, error

DEEPEST: Final = 50
"""Lists and mappings in each other."""

MOST_PROBLEMS: Final = 100
"""Of one file; whoever has more of them repairs the first ones first."""

_SURROGATES: Final = ("\ud800", "\udfff")


class EventParser(Protocol):
    def get_event(self) -> Any: ...


class PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for where libyaml is missing. It reads the same, fifteen times slower."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)


try:
    from yaml._yaml import CParser as FastParser
except ImportError:
    FastParser = PureParser


def read_yaml(file: str, data: bytes) -> tuple[Source | None, Node | None, tuple[Problem, ...]]:
    """The source and the document of a file's bytes, as far as it can be read, and what is wrong with it."""
    try:
        source = decoded(file, data)
    except PolicyError as refused:
        return None, None, refused.problems
    node, problems = parse(source)
    return source, node, problems


def parse(source: Source, parser: Callable[[str], EventParser] = FastParser) -> tuple[Node | None, tuple[Problem, ...]]:
    """The only document of the text, and what is wrong with it. None if there is none, or syntax ends it early."""
    composer = _Composer(source)
    try:
        node = composer.document(parser(source.text))
    except yaml.YAMLError as fault:
        return None, (*composer.problems, syntax_problem(source, fault))
    except PolicyError as refused:
        return None, (*composer.problems, *refused.problems)
    return node, tuple(composer.problems)


class _Composer:
    """Builds the tree. What it can go on after is noted in `problems`, all else is raised."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def document(self, parser: EventParser) -> Node:
        parser.get_event()  # the stream's start
        event = parser.get_event()
        if not isinstance(event, yaml.DocumentStartEvent):
            raise PolicyError([self._problem(Code.EMPTY, 0, "the file says nothing", "say something, or delete it")])
        if event.tags or event.version not in (None, (1, 2)):
            self._note(Code.TAG, _start(event), "directives are not allowed", "remove the line with `%`")
        node = self._node(parser, parser.get_event(), 1)
        parser.get_event()  # the document's end
        event = parser.get_event()
        if isinstance(event, yaml.DocumentStartEvent):
            self._note(
                Code.MORE_DOCUMENTS,
                _start(event),
                "a second document begins here",
                "give each document a file of its own",
            )
        return node

    def _problem(self, code: Code, offset: int, message: str, fix: str) -> Problem:
        return error(code, message, self.source.place(offset), fix=fix)

    def _note(self, code: Code, offset: int, message: str, fix: str) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            raise PolicyError([self._problem(Code.MORE_PROBLEMS, offset, "here and below are more problems", "")])
        self.problems.append(self._problem(code, offset, message, fix))

    def _node(self, parser: EventParser, event: Any, depth: int) -> Node:
        start = _start(event)
        if isinstance(event, yaml.AliasEvent):
            self._note(Code.ALIAS, start, f"the alias *{event.anchor} is not allowed", "write out what it stands for")
            return Broken(start)
        if event.anchor is not None:
            self._note(Code.ALIAS, start, f"the anchor &{event.anchor} is not allowed", "remove it")
        if event.tag is not None:
            self._note(Code.TAG, start, "tags are not allowed", "remove it; text that begins with `!` needs quotes")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if depth > DEEPEST:
            fix = "write it flatter"
            raise PolicyError([self._problem(Code.TOO_DEEP, start, f"more than {DEEPEST} levels of nesting", fix)])
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := parser.get_event(), yaml.SequenceEndEvent):
                items.append(self._node(parser, event, depth + 1))
            return Sequence(tuple(items), start)
        return self._mapping(parser, start, depth)

    def _scalar(self, event: Any) -> Scalar:
        value, style = event.value, event.style
        start, end = _start(event), int(event.end_mark.index)
        if not style or style == "plain":
            return Scalar(value, kind_of(value), "", start, end)
        if "\0" in value or any(_SURROGATES[0] <= character <= _SURROGATES[1] for character in value):
            self._note(Code.CONTROL_CHARACTER, start, "an escape stands for no character", "remove it")
        return Scalar(value, "text", style, start, end)

    def _mapping(self, parser: EventParser, start: int, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := parser.get_event(), yaml.MappingEndEvent):
            key = self._node(parser, event, depth + 1)
            value = self._node(parser, parser.get_event(), depth + 1)
            if not isinstance(key, Scalar):
                if not isinstance(key, Broken):
                    self._note(Code.KEY_NOT_TEXT, key.start, "a key cannot be a list or mapping", "make it text")
            elif self._usable(key, entries):
                entries[key.value] = (key, value)
        return Mapping(tuple(entries.values()), start)

    def _usable(self, key: Scalar, entries: dict[str, tuple[Scalar, Node]]) -> bool:
        if key.value == "<<" and not key.style:
            self._note(Code.MERGE_KEY, key.start, "merge keys are not allowed", "write out what is merged")
        elif key.kind != "text":
            what = f"the key {shown(key.value)}" if key.value else "an empty key"
            self._note(Code.KEY_NOT_TEXT, key.start, f"{what} is not text", "put it in quotes")
        elif key.value in entries:
            first, again = (self.source.place(offset).line for offset in (entries[key.value][0].start, key.start))
            self._note(
                Code.DUPLICATE_KEY,
                key.start,
                f"the key {shown(key.value)} stands twice, in lines {first} and {again}",
                "remove one of them",
            )
        else:
            return True
        return False


def _start(event: Any) -> int:
    return int(event.start_mark.index)

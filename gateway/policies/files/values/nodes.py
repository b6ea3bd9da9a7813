"""Reads nodes as what they must be. What they are not is noted, and reading goes on: None stands for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from gateway.policies.files.codes import Code
from gateway.policies.files.schema.keys import Shape
from gateway.policies.files.values import quantities
from gateway.policies.files.values.names import NotAName, check_name, qualified_name
from gateway.policies.files.values.wording import listed, shown, suggestion
from gateway.policies.files.yaml.core_schema import integer
from gateway.policies.files.yaml.parse import MOST_PROBLEMS
from gateway.policies.files.yaml.source import Source
from gateway.policies.files.yaml.tree import Broken, Mapping, Node, Scalar
from gateway.policies.files.yaml.tree import Sequence as SequenceNode
from gateway.policies.model import QualifiedName, Rate
from gateway.policies.problems import Place, Problem, error

T = TypeVar("T")

_NO_BOOLEANS: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NO_ROLE: Final = "none"
_QUOTE_IT: Final = "put it in quotes"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping whose keys are known. `entries` maps them to where they stand and what they have."""

    start: int
    entries: dict[str, tuple[Scalar, Node]]

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def node(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def start_of(self, key: str) -> int:
        """Where the key stands; where the mapping does, if it is not there."""
        entry = self.entries.get(key)
        return entry[0].start if entry else self.start


class Reading:
    """A file being read: its text and what is wrong with it so far. `what` in its methods names the value in messages.
    `subject` is the table or function that the file is about, as soon as it is known."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.subject = ""
        self._problems: list[Problem] = []
        self._more = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The first of them, and one that says so if there are more."""
        if not self._more:
            return tuple(self._problems)
        return (*self._problems, error(Code.MORE_PROBLEMS, "this file has more problems", Place(self.source.file)))

    def place(self, offset: int) -> Place:
        return self.source.place(offset)

    def refuse(self, code: Code, at: int | Place, message: str, fix: str = "") -> None:
        """Note a problem at an offset or a place of any file."""
        if len(self._problems) >= MOST_PROBLEMS:
            self._more = True
            return
        place = at if isinstance(at, Place) else self.place(at)
        self._problems.append(error(code, message, place, subject=self.subject, fix=fix))

    def near(self, name: str, known: Iterable[str]) -> str:
        """`did you mean …?`, or nothing; nothing also where no problem is noted any more, as looking takes time."""
        return "" if len(self._problems) >= MOST_PROBLEMS else suggestion(name, known)

    def fields(self, node: Node | None, shape: Shape, what: str = "") -> Fields | None:
        """A mapping with the keys of `shape`; those that it has are kept even if others are wrong."""
        what = what or shape.title
        if not isinstance(node, Mapping):
            return self.wrong(node, what, "a mapping of keys and values")
        known = set(shape.names)
        entries: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.entries:
            if key.value in known or shape.open:
                entries[key.value] = (key, value)
            else:
                fix = self.near(key.value, shape.names) or f"possible are {listed(shape.names)}"
                self.refuse(Code.UNKNOWN_KEY, key.start, f"{what} has no key {shown(key.value)}", fix)
        for name in shape.required:
            if name not in entries:
                self.refuse(Code.MISSING_KEY, node.start, f"{what} needs `{name}`", f"add `{name}:`")
        return Fields(node.start, entries)

    def pairs(self, node: Node | None, what: str) -> tuple[tuple[Scalar, Node], ...]:
        """The entries of a mapping with keys of the user's choice."""
        if node is None or isinstance(node, Mapping):
            return node.entries if node else ()
        self.wrong(node, what, "a mapping of names and values")
        return ()

    def items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        """The items of a list."""
        if node is None or isinstance(node, SequenceNode):
            return node.items if node else ()
        self.wrong(node, what, "a list")
        return ()

    def text(self, node: Node | None, what: str) -> str | None:
        if isinstance(node, Scalar) and node.kind == "text":
            return node.value
        return self.wrong(node, what, "text")

    def boolean(self, node: Node | None, what: str) -> bool | None:
        if isinstance(node, Scalar) and node.kind == "boolean":
            return node.value.lower() == "true"
        return self.wrong(node, what, "`true` or `false`")

    def is_false(self, node: Node | None) -> bool:
        return isinstance(node, Scalar) and node.kind == "boolean" and node.value.lower() == "false"

    def number(self, node: Node | None, what: str, least: int = 0) -> int | None:
        """A whole number of at most nine digits."""
        if isinstance(node, Scalar) and node.kind == "integer":
            if len(node.value) <= len("999999999") and (value := integer(node.value)) >= least:
                return value
            self.refuse(Code.NOT_A_QUANTITY, node.start, f"{what} is not between {least} and 999999999")
            return None
        return self.wrong(node, what, "a whole number")

    def choice(self, node: Node | None, what: str, choices: Sequence[str]) -> str | None:
        """One of the words that are possible."""
        text = self.text(node, what)
        if text is None or text in choices:
            return text
        assert node is not None
        fix = self.near(text, choices) or f"possible are {listed(choices)}"
        return self.refuse(Code.NOT_A_CHOICE, node.start, f"{what} cannot be {shown(text)}", fix)

    def each(
        self, node: Node | None, what: str, read: Callable[[Node, str], T | None], *, may_be_empty: bool = False
    ) -> tuple[T, ...] | None:
        """A list of values that differ from each other; one value alone stands for a list of it."""
        if isinstance(node, Scalar) and node.kind == "text":
            value = read(node, what)
            return None if value is None else (value,)
        if not isinstance(node, SequenceNode):
            return self.wrong(node, what, "a list")
        if not node.items and not may_be_empty:
            return self.refuse(Code.WRONG_KIND, node.start, f"{what} lists nothing", "list something, or leave it out")
        found: dict[T, None] = {}
        for item in node.items:
            value = read(item, f"an item of {what}")
            if value in found:
                message = f"{what} lists {shown(str(value))} twice"
                self.refuse(Code.LISTED_TWICE, item.start, message, "remove one of them")
            elif value is not None:
                found[value] = None
        return tuple(found)

    def description(self, fields: Fields) -> None:
        """Checks the free text, which is for people."""
        if "description" in fields:
            self.text(fields.node("description"), "`description`")

    def name(self, node: Node | None, what: str) -> str | None:
        """A name as PostgreSQL takes it."""
        text = self.text(node, what)
        return None if text is None or node is None else self._checked(node, what, text, check_name)

    def role(self, node: Node | None, what: str) -> str | None:
        name = self.name(node, what)
        if name == _NO_ROLE and node is not None:
            return self.refuse(Code.NOT_A_NAME, node.start, "no role can have the name `none`", "PUBLIC is `public`")
        return name

    def relation(self, node: Node | None, what: str) -> QualifiedName | None:
        """A table, or a function without its arguments."""
        text = self.text(node, what)
        return None if text is None or node is None else self._checked(node, what, text, qualified_name)

    def _checked(self, node: Node, what: str, text: str, check: Callable[[str], T]) -> T | None:
        try:
            return check(text)
        except NotAName as refused:
            return self.refuse(Code.NOT_A_NAME, node.start, f"{what} cannot be {shown(text)}", str(refused))

    def duration(self, node: Node | None, what: str) -> timedelta | None:
        return self._quantity(node, what, quantities.duration, "a duration like 500ms, 30s, 15m, 1h or 7d, above zero")

    def rate(self, node: Node | None, what: str) -> Rate | None:
        return self._quantity(node, what, quantities.rate, "a rate like 10/s, 300/min or 1000/h, above zero")

    def _quantity(self, node: Node | None, what: str, read: Callable[[str], T | None], expected: str) -> T | None:
        if not isinstance(node, Scalar) or node.kind in ("null", "boolean"):
            return self.wrong(node, what, expected)
        value = read(node.value)
        if value is not None:
            return value
        fix = f"a unit is missing: {node.value}s?" if node.kind == "integer" and read is quantities.duration else ""
        return self.refuse(Code.NOT_A_QUANTITY, node.start, f"{what} must be {expected}", fix)

    def json(self, node: Node | None, what: str) -> Any:
        """A JSON value; None also for what has none, which is noted."""
        if isinstance(node, Mapping):
            return {key.value: self.json(value, what) for key, value in node.entries}
        if isinstance(node, SequenceNode):
            return [self.json(item, what) for item in node.items]
        if not isinstance(node, Scalar):
            return None
        if node.kind in ("integer", "float"):
            return self._number(node, what)
        return {"text": node.value, "null": None, "boolean": node.value.lower() == "true"}[node.kind]

    def _number(self, node: Scalar, what: str) -> int | float | None:
        try:
            if node.kind == "integer":
                return integer(node.value)
            value = float(node.value.replace(".inf", "inf").replace(".nan", "nan"))
            if math.isfinite(value) and Decimal(repr(value)) == Decimal(node.value):
                return value
        except (ValueError, ArithmeticError):
            pass
        return self.refuse(
            Code.NOT_A_QUANTITY, node.start, f"{what} has a number that JSON cannot hold exactly", _QUOTE_IT
        )

    def row(self, node: Node | None, what: str, *, may_be_empty: bool = False) -> dict[str, Any]:
        """JSON values by column."""
        pairs = self.pairs(node, what)
        if node is not None and not pairs and isinstance(node, Mapping) and not may_be_empty:
            self.refuse(Code.WRONG_KIND, node.start, f"{what} has no columns", "name at least one")
        return {name: self.json(value, what) for name, value in self._named(pairs, "a column")}

    def _named(self, pairs: Iterable[tuple[Scalar, Node]], what: str) -> Iterator[tuple[str, Node]]:
        for key, value in pairs:
            name = self.name(key, what)
            if name is not None:
                yield name, value

    def wrong(self, node: Node | None, what: str, expected: str) -> None:
        """Note that a value is of another kind; nothing if there is none, or it was refused already."""
        if node is None or isinstance(node, Broken):
            return
        fix = ""
        if isinstance(node, Scalar):
            found = f"{shown(node.value)}"
            if node.kind == "null":
                found, fix = "nothing", "write its value, or remove the key"
            elif node.kind == "text":
                better = _NO_BOOLEANS.get(node.value.lower(), "")
                if node.style and node.value in ("true", "false") and node.value in expected:
                    fix = "remove the quotes"
                elif better and "true" in expected:
                    found, fix = f"the text {found}", f"YAML 1.2 knows only true and false: write {better}"
            else:
                kind = "boolean" if node.kind == "boolean" else "number"
                found, fix = f"the {kind} {found}", _QUOTE_IT if expected == "text" else ""
        else:
            found = "a mapping" if isinstance(node, Mapping) else "a list"
        self.refuse(Code.WRONG_KIND, node.start, f"{what} must be {expected}, not {found}", fix)

"""RFC 9535 JSONPath, as far as a role can need it.

Supported: names (`.a`, `['a b']`), indexes (also negative), lists of selectors, wildcards, descendants (`..a`), and
filters of `==`, `!=`, `search()`, `match()` joined by `&&`, `||`, `!` and parentheses, where an operand is `@`, a
path below it, or a literal. Not supported: slices, orderings, `$` inside filters, `length()`, `count()`, `value()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from gateway.identity.role_path.scanner import SPACE, Scanner
from gateway.identity.role_path.steps import (
    MISSING,
    Step,
    Test,
    children,
    children_where,
    descendants,
    element,
    equal,
    member,
    union,
    walk,
)

Operand = Callable[[Any], Any]

_NAME: Final = re.compile(r"[A-Za-z_\u0080-\U0010ffff][0-9A-Za-z_\u0080-\U0010ffff]*")
_INDEX: Final = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|' + r"'((?:[^'\\]|\\.)*)'")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"} | {char: char for char in "/\\'\""}
_WORD: Final = re.compile(r"(true|false|null)(?![0-9A-Za-z_])")
_FUNCTION: Final = re.compile(r"(search|match)\(")
_COMPARISON: Final = re.compile(r"==|!=")
_MAX_NESTING: Final = 32


class JsonPath(Scanner):
    depth = 0

    def path(self) -> tuple[Step, ...]:
        self.take("$")
        steps = self.segments()
        if self.at != len(self.text):
            self.fail("expected a segment or the end")
        return steps

    def segments(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            if self.skip(".."):
                steps.append(Step(descendants))
                steps.append(self.bracketed() if self.skip("[") else self.dotted())
            elif self.skip("."):
                steps.append(self.dotted())
            elif self.skip("["):
                steps.append(self.bracketed())
            else:
                return tuple(steps)

    def dotted(self) -> Step:
        if self.skip("*"):
            return Step(children)
        name = self.match(_NAME)
        if name is None:
            self.fail("expected a name")
        return member(name.group())

    def bracketed(self) -> Step:
        selectors = [self.selector()]
        self.match(SPACE)
        while self.skip(","):
            selectors.append(self.selector())
            self.match(SPACE)
        self.take("]")
        return selectors[0] if len(selectors) == 1 else union(tuple(selectors))

    def selector(self) -> Step:
        self.match(SPACE)
        if self.skip("*"):
            return Step(children)
        if self.skip("?"):
            return children_where(self.disjunction())
        quoted = self.match(_QUOTED)
        if quoted:
            return member(self.unquote(quoted))
        index = self.match(_INDEX)
        if index is None:
            self.fail("expected a quoted name, an index, '*' or a filter")
        return element(int(index.group()))

    def disjunction(self) -> Test:
        terms = [self.conjunction()]
        while self.joined_by("||"):
            terms.append(self.conjunction())
        return terms[0] if len(terms) == 1 else lambda value: any(term(value) for term in terms)

    def conjunction(self) -> Test:
        terms = [self.negation()]
        while self.joined_by("&&"):
            terms.append(self.negation())
        return terms[0] if len(terms) == 1 else lambda value: all(term(value) for term in terms)

    def joined_by(self, operator: str) -> bool:
        self.match(SPACE)
        return self.skip(operator)

    def negation(self) -> Test:
        self.match(SPACE)
        if self.text.startswith("!", self.at):
            self.at += 1
            term = self.nested()
            return lambda value: not term(value)
        return self.nested()

    def nested(self) -> Test:
        self.match(SPACE)
        if not self.skip("("):
            return self.basic()
        self.depth += 1
        if self.depth > _MAX_NESTING:
            self.fail("too many parentheses")
        inner = self.disjunction()
        self.match(SPACE)
        self.take(")")
        self.depth -= 1
        return inner

    def basic(self) -> Test:
        function = self.match(_FUNCTION)
        if function:
            return self.pattern_test(whole=function.group(1) == "match")
        is_query = self.text.startswith("@", self.at)
        left = self.operand()
        self.match(SPACE)
        comparison = self.match(_COMPARISON)
        if comparison is None:
            if not is_query:
                self.fail("expected a comparison")
            return lambda value: left(value) is not MISSING
        self.match(SPACE)
        right = self.operand()
        if comparison.group() == "==":
            return lambda value: equal(left(value), right(value))
        return lambda value: not equal(left(value), right(value))

    def pattern_test(self, *, whole: bool) -> Test:
        self.match(SPACE)
        operand = self.operand()
        self.match(SPACE)
        self.take(",")
        self.match(SPACE)
        quoted = self.match(_QUOTED)
        if quoted is None:
            self.fail("expected a quoted pattern")
        try:
            pattern = re.compile(self.unquote(quoted))
        except re.error as error:
            self.fail(f"not a regular expression ({error})")
        self.match(SPACE)
        self.take(")")
        test = pattern.fullmatch if whole else pattern.search

        def matches(value: Any) -> bool:
            subject = operand(value)
            return isinstance(subject, str) and test(subject) is not None

        return matches

    def operand(self) -> Operand:
        if self.skip("@"):
            steps = self.segments()
            return lambda value: walk(steps, value)
        literal = self.literal()
        return lambda _: literal

    def literal(self) -> Any:
        quoted = self.match(_QUOTED)
        if quoted:
            return self.unquote(quoted)
        word = self.match(_WORD)
        if word:
            return {"true": True, "false": False, "null": None}[word.group()]
        number = self.match(_NUMBER)
        if number is None:
            self.fail("expected '@' or a literal")
        return float(number.group())

    def unquote(self, quoted: re.Match[str]) -> str:
        def character(escape: re.Match[str]) -> str:
            code, letter = escape.groups()
            if code:
                return chr(int(code, 16))
            if letter not in _ESCAPED:
                self.fail(f"unknown escape {escape.group()!r}")
            return _ESCAPED[letter]

        inner = quoted.group(1) if quoted.group(1) is not None else quoted.group(2)
        return _ESCAPE.sub(character, inner)

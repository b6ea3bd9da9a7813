"""An offset in the value of a scalar is mapped to the line and column where that character stands in the file."""

from __future__ import annotations

from bisect import bisect_right

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.policies.files.values.expressions import read_expression
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.yaml.parse import FastParser, PureParser, parse
from gateway.policies.files.yaml.scalars import runs
from gateway.policies.files.yaml.source import source
from gateway.policies.files.yaml.tree import Mapping, Scalar
from gateway.policies.model import Expression

FORMS = {
    "plain": "a: MARK\n",
    "plain after emoji": "😀: {é: 😀 MARK}\n",
    "plain on the next line": "a:\n  b\n  MARK\n",
    "plain after an empty line": "a: b\n\n\n  MARK c\n",
    "plain with blanks at the ends of lines": "a: b   \n    \n  MARK\n",
    "plain in a list": "a: [b,   c MARK, d]\n",
    "single quotes": "a: 'it''s ''MARK'''\n",
    "single quotes over lines": "a: '\n  b ''  \n\n   MARK\n   '\n",
    "double quotes": 'a: "\\"\\x41\\u00e9\\U0001F600 MARK"\n',
    "double quotes with a line end": 'a: "b\\n\\\n   MARK"\n',
    "double quotes with blanks kept": 'a: "b \\\n   \\  MARK"\n',
    "double quotes with empty lines after an escape": 'a: "b\\\n\n\n   MARK"\n',
    "double quotes over lines": 'a: "b\n\n  c\n  MARK\n  "\n',
    "literal": "a: |\n  b\n  c MARK\n",
    "literal with deeper lines": "a: |\n  b\n    MARK\n",
    "literal that begins deeper": "a: |2\n     b\n  MARK\n",
    "literal after empty lines": "a: |\n\n   \n   b\n\n   MARK\n",
    "literal with a comment in its header": "a: |- # c\n  MARK\n",
    "literal in a list": "a:\n- - |\n   MARK\n",
    "literal with tabs": "a: |\n  b\n  \tMARK\n",
    "folded": "a: >\n  b\n  c MARK\n",
    "folded with deeper lines": "a: >-\n  b\n\n    c\n   MARK\n  d\n",
    "folded with paragraphs": "a: >\n  b\n  c\n\n\n  d\n  MARK\n",
    "folded with blanks at the end": "a: >\n  b  \n  MARK\n",
    "literal at the end of the file": "a: |\n  b\n  MARK",
    "after old line ends": "a: |\r  b\r  MARK\r",
}


def scalar(text: str, parser: type = FastParser) -> Scalar:
    node, problems = parse(source("t.yaml", text), parser)
    assert problems == ()
    while not isinstance(node, Scalar):
        assert node is not None
        node = node.entries[-1][1] if isinstance(node, Mapping) else _marked(node.items)
    return node


def _marked(items: tuple) -> object:
    return next((item for item in items if isinstance(item, Scalar) and "MARK" in item.value), items[0])


def offset_in_file(text: str, node: Scalar, offset: int) -> int:
    found = runs(text, node)
    assert found[0][0] == 0
    start, at = found[bisect_right(found, offset, key=lambda run: run[0]) - 1]
    return at + offset - start


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("parser", [FastParser, PureParser])
@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_forms(text: str, parser: type, line_end: str) -> None:
    text = source("t.yaml", text.replace("\n", line_end)).text
    node = scalar(text, parser)
    for index, character in enumerate("MARK"):
        at = offset_in_file(text, node, node.value.index("MARK") + index)
        assert text[at] == character
        assert at == text.index("MARK") + index


VALUES = st.text(st.sampled_from("abC  \n\n'\"\\\t:#-é😀(){}[],$|>"), max_size=60)
"""Whatever a value may be."""


def written(value: str, style: str | None, width: int, indent: int) -> str:
    node = yaml.MappingNode(
        "tag:yaml.org,2002:map",
        [
            (
                yaml.ScalarNode("tag:yaml.org,2002:str", "k"),
                yaml.SequenceNode(
                    "tag:yaml.org,2002:seq", [yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)]
                ),
            )
        ],
    )
    return yaml.serialize(node, width=width, indent=indent, allow_unicode=True)


@given(VALUES, st.sampled_from([None, "'", '"', "|", ">"]), st.integers(10, 60), st.integers(2, 6), st.booleans())
@settings(max_examples=800, deadline=None)
def test_every_character_of_whatever_is_written(
    value: str, style: str | None, width: int, indent: int, windows: bool
) -> None:
    """Line ends may be folded and characters escaped; every other character stands in the file where it should."""
    text = written(value, style, width, indent)
    text = text.replace("\n", "\r\n") if windows else text
    node, problems = parse(source("t.yaml", text))
    assume(not problems)
    found = node.entries[0][1].items[0]  # pyright: ignore
    previous = -1
    for offset, character in enumerate(found.value):
        at = offset_in_file(text, found, offset)
        if character in "\n \t":
            continue
        if found.style == '"' and text[at] == "\\":
            assert character in '"\\' or not character.isascii()
        else:
            assert text[at] == character, (text, offset)
        assert at > previous
        previous = at


LINES = st.lists(st.text(st.sampled_from("ab  "), max_size=6).map(lambda line: line + "."), min_size=1, max_size=6)


@given(
    LINES, st.lists(st.integers(0, 2), min_size=6, max_size=6), st.sampled_from(["|", ">", "|-", ">+", '"', "'", ""])
)
@settings(max_examples=500, deadline=None)
def test_every_character_over_several_lines(lines: list[str], gaps: list[int], style: str) -> None:
    """Written by hand, with empty lines and deeper lines as people have them."""
    quote = style if style in ("'", '"') else ""
    header = "" if style in ("", "'", '"') else style
    body = "".join("\n" * gap + "   " + line + "\n" for line, gap in zip(lines, gaps, strict=False))
    text = f"k: {header}{quote}\n{body}   {quote}\n"
    node, problems = parse(source("t.yaml", text))
    assume(not problems)
    found = node.entries[0][1]  # pyright: ignore
    for offset, character in enumerate(found.value):
        if character not in "\n ":
            assert text[offset_in_file(text, found, offset)] == character
    order = [offset_in_file(text, found, offset) for offset, character in enumerate(found.value) if character in "ab."]
    assert order == [at for at, character in enumerate(text) if character in "ab."]


def expression(text: str) -> Expression:
    found = source("t.yaml", text)
    reading = Reading(found)
    read = read_expression(reading, scalar(found.text), "`using`")
    assert read is not None, reading.problems
    return read


PLACES = {
    "plain": ("a: x = y\n", "y", 1, 8),
    "blanks around": ("a: '   x = y  '\n", "x", 1, 8),
    "empty lines before": ("a: |\n\n\n  x\n  = y\n", "y", 5, 5),
    "emoji before": ("😀: 😀x = y\n", "y", 1, 9),
    "escapes before": ('a: "x =\\x20\\u0020y"\n', "y", 1, 18),
    "doubled quotes": ("a: 'x = '''' and y'\n", "y", 1, 18),
    "folded": ("a: >\n  x\n\n  =\n  y\n", "y", 5, 3),
}


@pytest.mark.parametrize(("text", "mark", "line", "column"), PLACES.values(), ids=PLACES)
def test_places_of_expressions(text: str, mark: str, line: int, column: int) -> None:
    read = expression(text)
    assert read.text == read.text.strip()
    assert read.place(read.text.index(mark)) == ("t.yaml", line, column)
    assert read.segments[0][0] == 0

"""The codes of what can be wrong with policy files before anything is compiled. They are stable."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class Code(enum.StrEnum):
    """P10x: the file; P11x: YAML; P12x: keys and values; P13x: what a document says; P14x: the folder; P15x:
    predicates; P201: the text of an expression."""

    NOT_UTF8 = "P101"
    TOO_LARGE = "P102"
    CONTROL_CHARACTER = "P103"
    EMPTY = "P104"
    SYNTAX = "P110"
    TAB = "P111"
    ALIAS = "P112"
    TAG = "P113"
    MERGE_KEY = "P114"
    MORE_DOCUMENTS = "P115"
    DUPLICATE_KEY = "P116"
    TOO_DEEP = "P117"
    KEY_NOT_TEXT = "P118"
    CUT_BY_COMMENT = "P119"
    UNKNOWN_KEY = "P120"
    MISSING_KEY = "P121"
    WRONG_KIND = "P122"
    NOT_A_CHOICE = "P123"
    NOT_A_QUANTITY = "P124"
    NOT_A_NAME = "P125"
    LISTED_TWICE = "P126"
    MORE_PROBLEMS = "P129"
    KIND_OF_FILE = "P130"
    DEFINED_TWICE = "P131"
    WRONG_CLAUSE = "P132"
    UNKNOWN_NAME = "P133"
    WRONG_TEST = "P134"
    NO_FILES = "P140"
    UNREADABLE = "P141"
    BAD_LINK = "P142"
    BAD_INCLUDE = "P143"
    UNKNOWN_PREDICATE = "P150"
    PREDICATE_CYCLE = "P151"
    PARAMETER = "P152"
    TOO_LONG = "P153"
    NOT_AN_EXPRESSION = "P201"


MEANINGS: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.NOT_UTF8: "The file is not valid UTF-8.",
        Code.TOO_LARGE: "The file is larger than 1 MB, or the set has too many of something.",
        Code.CONTROL_CHARACTER: "A character that cannot be seen, or that makes text look other than it reads.",
        Code.EMPTY: "The file says nothing.",
        Code.SYNTAX: "This is not YAML.",
        Code.TAB: "A tab stands where YAML wants spaces.",
        Code.ALIAS: "Anchors (`&`) and aliases (`*`) are not allowed.",
        Code.TAG: "Tags (`!`) and directives (`%`) are not allowed.",
        Code.MERGE_KEY: "Merge keys (`<<`) are not allowed.",
        Code.MORE_DOCUMENTS: "A file holds one document.",
        Code.DUPLICATE_KEY: "A key stands twice in one mapping.",
        Code.TOO_DEEP: "Lists and mappings are nested too deeply.",
        Code.KEY_NOT_TEXT: "Keys are text.",
        Code.CUT_BY_COMMENT: "YAML takes the rest of an expression for a comment.",
        Code.UNKNOWN_KEY: "The key is not known here.",
        Code.MISSING_KEY: "A required key is missing.",
        Code.WRONG_KIND: "The value is of another kind than expected.",
        Code.NOT_A_CHOICE: "The value is none of those that are possible.",
        Code.NOT_A_QUANTITY: "This is not a duration, rate or number of the expected form.",
        Code.NOT_A_NAME: "This cannot be a name.",
        Code.LISTED_TWICE: "A value stands twice in one list.",
        Code.MORE_PROBLEMS: "The file has more problems than are shown.",
        Code.KIND_OF_FILE: "It is unclear what the file is about.",
        Code.DEFINED_TWICE: "A table, function, policy, predicate, persona or row is defined twice.",
        Code.WRONG_CLAUSE: "PostgreSQL has no such clause for these verbs.",
        Code.UNKNOWN_NAME: "No persona or row of that name is known here.",
        Code.WRONG_TEST: "The test does not say what it expects, or says it twice.",
        Code.NO_FILES: "The folder is missing, or holds no policy files.",
        Code.UNREADABLE: "The file or folder cannot be read.",
        Code.BAD_LINK: "A symbolic link leads in a circle, nowhere, or out of the set.",
        Code.BAD_INCLUDE: "What `include` names is no file of the set.",
        Code.UNKNOWN_PREDICATE: "No predicate of that name is known here.",
        Code.PREDICATE_CYCLE: "A predicate uses itself.",
        Code.PARAMETER: "An expression has no parameters such as `$1`.",
        Code.TOO_LONG: "The expression is too long, or its predicates are nested too deeply.",
        Code.NOT_AN_EXPRESSION: "The text is not one complete SQL expression.",
    }
)

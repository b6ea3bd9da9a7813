"""Filter operations: `[not.]operator[(modifier)].value` (PostgREST docs: "Horizontal Filtering").

`split` is what runs for each request: it cuts a filter into its head (which belongs to the request's shape) and the
value as PostgreSQL gets it. `operation` reads a head, once per shape. The slow parser below them serves logic trees
and error messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.rest.grammar import names
from gateway.rest.grammar.scanner import Mismatch, Scanner, quoted
from gateway.rest.grammar.syntax import Comparison, FullText, Is, IsDistinct, Membership, Operation, Quantifier

_SIMPLE = {
    "neq": "<>",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
}
_QUANTIFIABLE = {
    "eq": "=",
    "gte": ">=",
    "gt": ">",
    "lte": "<=",
    "lt": "<",
    "like": "LIKE",
    "ilike": "ILIKE",
    "match": "~",
    "imatch": "~*",
}
_FULL_TEXT = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
_KEYWORDS = {"null": "NULL", "not_null": "NOT NULL", "true": "TRUE", "false": "FALSE", "unknown": "UNKNOWN"}
_QUANTIFIERS = {"any": Quantifier.ANY, "all": Quantifier.ALL}

OPERATOR_LABEL = "operator (eq, gt, ...)"

_HEAD = re.compile(
    r"(?P<negated>not\.)?(?:"
    r"(?P<in>in)\.|(?P<is>is)\.(?P<keyword>(?ai:null|not_null|true|false|unknown))|(?P<distinct>isdistinct)\."
    rf"|(?P<fts>{'|'.join(_FULL_TEXT)})(?:\((?P<language>[\w $]+)\))?\."
    rf"|(?P<simple>{'|'.join(_SIMPLE)})\."
    rf"|(?P<quantifiable>{'|'.join(_QUANTIFIABLE)})(?:\((?P<quantifier>any|all)\))?\."
    r")"
)
_PLAIN_LIST = re.compile(r'\(([^",()\\{} ]+(?:,[^",()\\{} ]+)*)\)')


def split(text: str) -> tuple[str, str | None] | None:
    """The head of a filter and its value as a parameter (None if the operation has none).

    None if the text is not a filter. Raises `Mismatch` if it is one whose list cannot be read.
    """
    match = _HEAD.match(text)
    if match is None:
        return None
    head, value = match.group(), text[match.end() :]
    if match["in"]:
        return head, list_literal(value)
    if match["is"]:
        return head.lower(), None
    if match["quantifiable"] in ("like", "ilike"):
        return head, value.replace("*", "%")
    return head, value


def typed_head(operator: str) -> str | None:
    """The head of a filter whose value is given apart from it; None for what is no operator with a value."""
    match = _HEAD.fullmatch(f"{operator}.")
    return match.group() if match is not None and not match["is"] else None


def operation(head: str, slot: int) -> tuple[Operation, bool]:
    """The operation that a head from `split` stands for, and whether it is negated."""
    match = _HEAD.match(head)
    assert match is not None, head
    negated = match["negated"] is not None
    if match["in"]:
        return Membership(slot), negated
    if match["is"]:
        return Is(_KEYWORDS[match["keyword"].lower()]), negated
    if match["distinct"]:
        return IsDistinct(slot), negated
    if match["fts"]:
        language = match["language"]
        return FullText(_FULL_TEXT[match["fts"]], language.strip() if language else None, slot), negated
    if match["simple"]:
        return Comparison(_SIMPLE[match["simple"]], slot), negated
    quantifier = _QUANTIFIERS.get(match["quantifier"] or "")
    return Comparison(_QUANTIFIABLE[match["quantifiable"]], slot, quantifier), negated


def list_literal(text: str) -> str:
    """`(a,"b,c")` as a PostgreSQL array literal. What follows the closing parenthesis is not looked at."""
    plain = _PLAIN_LIST.match(text)
    if plain is not None:
        # every element in quotes: an unquoted NULL would be SQL's null, and PostgREST compares with the text
        return '{"' + plain.group(1).replace(",", '","') + '"}'
    return array_literal(list_elements(Scanner(text)))


def array_literal(elements: list[str]) -> str:
    """PostgreSQL's text form of an array; one empty element means no element, as `in.()` matches nothing."""
    if elements == [""]:
        return "{}"
    escaped = (element.replace("\\", "\\\\").replace('"', '\\"') for element in elements)
    return "{" + ",".join(f'"{element}"' for element in escaped) + "}"


_RAW_ELEMENT = re.compile(r"[^,)]*")


def list_elements(scanner: Scanner) -> list[str]:
    scanner.blanks()
    scanner.literal("(")
    scanner.blanks()
    elements = [bounded_value(scanner)]
    while scanner.accepts(","):
        elements.append(bounded_value(scanner))
    scanner.blanks()
    scanner.literal(")")
    scanner.blanks()
    return elements


def bounded_value(scanner: Scanner) -> str:
    """A value that ends at `,` or `)`: in quotes if the closing quote ends it, else the raw characters."""
    if scanner.peek() == '"':
        value = scanner.attempt(lambda: _closed_quotes(scanner))
        if value is not None:
            return value
    match = _RAW_ELEMENT.match(scanner.text, scanner.position)
    assert match is not None  # the pattern matches the empty text
    scanner.advance(match.end())
    return match.group()


def _closed_quotes(scanner: Scanner) -> str:
    value = names.quoted_text(scanner)
    if scanner.peek() not in ("", ",", ")"):
        raise Mismatch
    return value


def parse_operation(
    scanner: Scanner, value: Callable[[Scanner], str], add: Callable[[str], int]
) -> tuple[Operation, bool]:
    """The slow way: any operation at the scanner's position. `value` reads the value, `add` keeps it and answers its
    slot. Raises `Mismatch` with PostgREST's expectations noted."""
    negated = scanner.attempt(lambda: _negation(scanner)) is not None
    match = _HEAD.match(scanner.text, scanner.position)
    if match is None or match["negated"]:
        _explain(scanner)
        raise Mismatch
    head = match.group()
    scanner.advance(match.end())
    if match["is"]:
        return operation(head, -1)[0], negated
    if match["in"]:
        text = array_literal(list_elements(scanner))
    else:
        text = value(scanner)
        if match["quantifiable"] in ("like", "ilike"):
            text = text.replace("*", "%")
    return operation(head, add(text))[0], negated


def _negation(scanner: Scanner) -> bool:
    scanner.literal("not")
    scanner.literal(".", names.DELIMITER)
    return True


_LANGUAGE_BEGUN = re.compile(r"\((?:[\w $]+\)?)?")
_QUANTIFIER_BEGUN = re.compile(r"\((?:(?:any|all)\)?)?")


def _explain(scanner: Scanner) -> None:
    """Note why no operation begins here, as far to the right as one could have been meant."""
    rest = scanner.text[scanner.position :]
    if rest.startswith("in."):
        scanner.advance(scanner.position + 3)
        scanner.note('"("')
        return
    if rest.startswith("is."):
        known = max(_common(rest[3:].lower(), keyword) for keyword in _KEYWORDS)
        scanner.advance(scanner.position + 3)
        scanner.note("isVal: (null, not_null, true, false, unknown)", at=scanner.position + known)
        return
    furthest = max(_meant(rest, word) for word in (*_FULL_TEXT, *_SIMPLE, *_QUANTIFIABLE, "in", "is", "isdistinct"))
    at = scanner.position + furthest
    if scanner.text[at - 1 : at] == "(" and rest[: furthest - 1] in _QUANTIFIABLE:
        differs = at + _common(scanner.text[at:], "any")  # the word tried first names the character
        scanner.note(OPERATOR_LABEL, at=at, found=quoted(scanner.text[differs]) if differs < len(scanner.text) else "")
    else:
        scanner.note(OPERATOR_LABEL, at=at)


def _meant(text: str, word: str) -> int:
    """How much of `text` reads as the operator `word` with its modifier; 0 if it is not that operator."""
    if not text.startswith(word):
        return 0
    begun = _LANGUAGE_BEGUN if word in _FULL_TEXT else _QUANTIFIER_BEGUN if word in _QUANTIFIABLE else None
    modifier = begun.match(text, len(word)) if begun else None
    return modifier.end() if modifier else len(word)


def _common(text: str, word: str) -> int:
    """The length of the beginning that both share."""
    return next((at for at, char in enumerate(word) if text[at : at + 1] != char), len(word))

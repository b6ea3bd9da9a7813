"""The `select` parameter (PostgREST docs: "Vertical Filtering", "Resource Embedding", "Aggregate Functions")."""

from __future__ import annotations

import re

from gateway.rest.errors import RestError
from gateway.rest.grammar import names
from gateway.rest.grammar.scanner import Mismatch, Scanner
from gateway.rest.grammar.syntax import Aggregate, EmbedItem, Field, FieldItem, Join, SelectItem

MAX_DEPTH = 40
"""Embeds inside embeds. PostgreSQL's planning time grows faster than the text, so this is a bound on work."""

MAX_EMBEDS = 250
"""All embeds of a request: planning three thousand of them takes PostgreSQL minutes, in which nothing can stop it."""

# The longer name first where one begins another's beginning; the order is that of the error message.
_AGGREGATES = (Aggregate.SUM, Aggregate.AVG, Aggregate.COUNT, Aggregate.MAX, Aggregate.MIN)
_WHAT = "select parameter"
_PLAIN_COLUMN = re.compile(r" *[\w$][\w $]*(?=[,)])")
_ITEM_LABELS = ('"..."', names.NAME_LABEL, '"*"', '"count()"')


def parse_select(text: str) -> tuple[SelectItem, ...]:
    """`select=…` as items in the order written; empty means all columns. Raises PGRST100."""
    scanner = Scanner(text)
    try:
        items = _items(scanner, 0)  # what follows a complete list is not looked at, as PostgREST does
    except Mismatch:
        raise scanner.error(_WHAT) from None
    if _embeds(items) > MAX_EMBEDS:
        details = f"there are more than {MAX_EMBEDS} embeds"
        raise RestError(400, "PGRST100", '"failed to parse select parameter"', details=details)
    return items


def _embeds(items: tuple[SelectItem, ...]) -> int:
    return sum(1 + _embeds(item.items) for item in items if isinstance(item, EmbedItem))


def _items(scanner: Scanner, depth: int) -> tuple[SelectItem, ...]:
    if depth > MAX_DEPTH:
        details = f"embeds are nested more than {MAX_DEPTH} levels deep"
        raise RestError(400, "PGRST100", '"failed to parse select parameter"', details=details)
    if scanner.peek() in ("", ")"):
        for label in _ITEM_LABELS:
            scanner.note(label)
        return ()
    items: list[SelectItem] = []
    while True:
        items.append(_item(scanner, depth))
        scanner.blanks()
        if not scanner.accepts(","):
            return tuple(items)
        scanner.blanks()


def _item(scanner: Scanner, depth: int) -> SelectItem:
    plain = _PLAIN_COLUMN.match(scanner.text, scanner.position)
    if plain is not None:  # by far the most items; trying all other forms first costs thirty times as much
        scanner.advance(plain.end())
        return FieldItem(Field(plain.group().strip()))
    for head in (_spread_head, _embed_head):
        embed = scanner.attempt(lambda head=head: head(scanner))
        if embed is not None:
            scanner.literal("(")
            items = _items(scanner, depth + 1)
            scanner.literal(")")
            return EmbedItem(embed.target, items, embed.alias, embed.hint, embed.join, embed.spread)
    return _field_item(scanner)


def _spread_head(scanner: Scanner) -> EmbedItem:
    scanner.blanks()
    scanner.literal("...")
    target = names.name(scanner)
    hint, join = _embed_parameters(scanner)
    return _open(scanner, EmbedItem(target, (), None, hint, join, spread=True))


def _embed_head(scanner: Scanner) -> EmbedItem:
    scanner.blanks()
    alias = scanner.attempt(lambda: _alias(scanner))
    target = names.name(scanner)
    if target == "count":  # `rel(count)` and `count()` are not embeds
        raise Mismatch
    hint, join = _embed_parameters(scanner)
    return _open(scanner, EmbedItem(target, (), alias, hint, join))


def _open(scanner: Scanner, head: EmbedItem) -> EmbedItem:
    if not scanner.ahead("("):
        raise Mismatch
    scanner.blanks()
    return head


def _alias(scanner: Scanner) -> str:
    alias = names.name(scanner)
    scanner.literal(":")
    if scanner.peek() == ":":
        raise Mismatch
    return alias


def _embed_parameters(scanner: Scanner) -> tuple[str | None, Join | None]:
    hint: str | None = None
    join: Join | None = None
    for _ in range(2):
        if not scanner.accepts("!"):
            break
        if scanner.accepts("left"):
            join = join or Join.LEFT
        elif scanner.accepts("inner"):
            join = join or Join.INNER
        else:
            found = names.name(scanner)
            hint = hint if hint is not None else found
    return hint, join


def _field_item(scanner: Scanner) -> FieldItem:
    scanner.blanks()
    item = (
        scanner.attempt(lambda: _star(scanner)) or scanner.attempt(lambda: _row_count(scanner)) or _plain_field(scanner)
    )
    scanner.blanks()
    return item


def _star(scanner: Scanner) -> FieldItem:
    scanner.literal("*")
    _item_end(scanner)
    return FieldItem(Field("*"))


def _row_count(scanner: Scanner) -> FieldItem:
    alias = scanner.attempt(lambda: _alias(scanner))
    scanner.literal("count()")
    cast = _cast(scanner)
    _item_end(scanner)
    return FieldItem(Field("*"), alias, None, Aggregate.COUNT, cast)


def _plain_field(scanner: Scanner) -> FieldItem:
    alias = scanner.attempt(lambda: _alias(scanner))
    field = names.field(scanner)
    cast = _cast(scanner)
    aggregate = scanner.attempt(lambda: _aggregate(scanner))
    aggregate_cast = _cast(scanner) if aggregate else None
    _item_end(scanner)
    return FieldItem(field, alias, cast, aggregate, aggregate_cast)


def _cast(scanner: Scanner) -> str | None:
    return names.type_name(scanner) if scanner.accepts("::") else None


def _aggregate(scanner: Scanner) -> Aggregate:
    scanner.literal(".")
    for aggregate in _AGGREGATES:
        if scanner.accepts(aggregate.value):
            scanner.literal("()")
            return aggregate
    raise Mismatch


def _item_end(scanner: Scanner) -> None:
    """`)` or `,` is next, or nothing; all three are noted as expected."""
    if not any([scanner.ahead(")"), scanner.ahead(",")]):
        scanner.end()

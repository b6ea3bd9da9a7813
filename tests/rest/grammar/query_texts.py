"""Printers of syntax values, and strategies that make them: what a client's query builder would send."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.rest.grammar.syntax import (
    Aggregate,
    Comparison,
    Condition,
    EmbedItem,
    Field,
    FieldItem,
    Filter,
    Is,
    Join,
    JsonStep,
    Logic,
    Membership,
    SelectItem,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
NAME = TEXT.filter(bool)
INDEX = st.integers(-99, 99).map(lambda number: f"{number:+d}")
KEYWORDS = {"NULL": "null", "NOT NULL": "not_null", "TRUE": "true", "FALSE": "false", "UNKNOWN": "unknown"}
COMPARISONS = {"=": "eq", "<>": "neq", ">": "gt", "<=": "lte", "@>": "cs", "~": "match", "-|-": "adj"}


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- select ---------------------------------------------------------------------------------------------------------


def json_steps() -> st.SearchStrategy[JsonStep]:
    keys = st.builds(JsonStep, NAME, st.just(False), st.booleans())
    return keys | st.builds(JsonStep, INDEX, st.just(True), st.booleans())


def fields() -> st.SearchStrategy[Field]:
    # an index ends a step only before some characters, and a `)` may follow here: the last step is a key
    last_is_key = st.lists(json_steps(), max_size=3).filter(lambda steps: not steps or not steps[-1].is_index)
    return st.builds(Field, NAME, last_is_key.map(tuple))


CASTS = st.sampled_from([None, "text", "double precision", "int4"])
COLUMNS = st.builds(
    lambda field, alias, cast, aggregate, after: FieldItem(field, alias, cast, aggregate, after if aggregate else None),
    fields(),
    st.none() | NAME,
    CASTS,
    st.none() | st.sampled_from(Aggregate),
    CASTS,
)
ITEMS = st.just(FieldItem(Field("*"))) | COLUMNS


def _embeds(items: st.SearchStrategy[SelectItem]) -> st.SearchStrategy[SelectItem]:
    return st.builds(
        lambda target, inside, alias, hint, join, spread: EmbedItem(
            target, tuple(inside), None if spread else alias, hint, join, spread
        ),
        NAME.filter(lambda name: name != "count"),
        st.lists(items, max_size=3),
        st.none() | NAME,
        st.none() | NAME,
        st.none() | st.sampled_from(Join),
        st.booleans(),
    )


SELECTS = st.lists(st.recursive(ITEMS, _embeds, max_leaves=8), min_size=1, max_size=4).map(tuple)


def print_select(items: tuple[SelectItem, ...]) -> str:
    return ",".join(_print_item(item) for item in items)


def _print_item(item: SelectItem) -> str:
    alias = f"{quoted(item.alias)}:" if item.alias is not None else ""
    if isinstance(item, EmbedItem):
        hint = f"!{quoted(item.hint)}" if item.hint is not None else ""
        join = f"!{item.join.value}" if item.join else ""
        return f"{'...' if item.spread else alias}{quoted(item.target)}{hint}{join}({print_select(item.items)})"
    if item == FieldItem(Field("*")):
        return "*"
    cast = f"::{item.cast}" if item.cast else ""
    aggregate = f".{item.aggregate.value}()" if item.aggregate else ""
    after = f"::{item.aggregate_cast}" if item.aggregate_cast else ""
    return f"{alias}{print_field(item.field)}{cast}{aggregate}{after}"


def print_field(field: Field) -> str:
    return quoted(field.name) + "".join(_print_step(step) for step in field.path)


def _print_step(step: JsonStep) -> str:
    arrow = "->>" if step.as_text else "->"
    return arrow + (step.operand.removeprefix("+") if step.is_index else quoted(step.operand))


# -- logic trees ----------------------------------------------------------------------------------------------------

VALUES = TEXT | st.lists(TEXT, min_size=1, max_size=3).map(tuple)
"""A text, or the elements of a list."""


def operations() -> st.SearchStrategy[str]:
    """What a filter does, as the text before its value; `in` takes a list."""
    return st.sampled_from([*COMPARISONS.values(), "in", *(f"is.{word}" for word in KEYWORDS.values())])


FILTERS = st.tuples(fields(), operations(), st.booleans(), TEXT, st.lists(TEXT, min_size=1, max_size=3))
TREES = st.recursive(
    FILTERS,
    lambda children: st.tuples(
        st.sampled_from(["and", "or"]), st.booleans(), st.lists(children, min_size=1, max_size=3)
    ),
    max_leaves=10,
).filter(lambda tree: isinstance(tree[0], str))


def print_tree(tree: tuple) -> str:  # type: ignore[type-arg]
    if isinstance(tree[0], str):
        operator, negated, children = tree
        return f"{'not.' if negated else ''}{operator}({','.join(map(print_tree, children))})"
    field, operation, negated, value, elements = tree
    head = f"{print_field(field)}.{'not.' if negated else ''}{operation}"
    if operation.startswith("is."):
        return head
    return f"{head}.({','.join(map(quoted, elements))})" if operation == "in" else f"{head}.{quoted(value)}"


def expected_tree(tree: tuple, values: list[str]) -> Condition:  # type: ignore[type-arg]
    """The condition that the text of `tree` must give; its values are added to `values`."""
    if isinstance(tree[0], str):
        operator, negated, children = tree
        return Logic(operator.upper(), tuple(expected_tree(child, values) for child in children), negated)
    field, operation, negated, value, elements = tree
    if operation.startswith("is."):
        keyword = next(sql for sql, word in KEYWORDS.items() if f"is.{word}" == operation)
        return Filter(field, Is(keyword), negated)
    slot = len(values)
    if operation == "in":
        values.append(print_array(elements))
        return Filter(field, Membership(slot), negated)
    values.append(value)
    return Filter(field, Comparison(next(sql for sql, word in COMPARISONS.items() if word == operation), slot), negated)


def print_array(elements: list[str]) -> str:
    """PostgreSQL's array literal with every element in quotes; a single empty element counts as none."""
    return "{" + ",".join(map(quoted, elements)) + "}" if elements != [""] else "{}"

"""What tables, functions and defaults say about answers: `realtime`, `cache`, `limits`.

What is not said is as in the defaults, also inside of `cache` and `limits`; `false` takes it away.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar, cast

from gateway.policies.aliases import NotAnAlias, read_alias
from gateway.policies.files.codes import Code
from gateway.policies.files.schema.forms import CHANGES
from gateway.policies.files.schema.keys import CACHE, LIMITS
from gateway.policies.files.values.nodes import Fields, Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node, Scalar
from gateway.policies.model import CacheRule, Limits, Verb

T = TypeVar("T")


def read_realtime(reading: Reading, node: Node | None, default: frozenset[Verb]) -> frozenset[Verb]:
    """The changes that are told."""
    if node is None:
        return default
    if reading.is_false(node) or _says(node, "none"):
        return frozenset()
    if _says(node, "all"):
        return frozenset(CHANGES)
    if isinstance(node, Scalar) and node.kind == "boolean":
        reading.refuse(Code.NOT_A_CHOICE, node.start, "`realtime` cannot be `true`", "write `all`")
        return default
    found = reading.each(node, "`realtime`", _change(reading), may_be_empty=True)
    return frozenset(cast("tuple[Verb, ...]", found or ()))


def read_cache(reading: Reading, node: Node | None, default: CacheRule | None) -> CacheRule | None:
    """How long answers may be kept; None for never."""
    if node is None:
        return default
    if reading.is_false(node):
        return None
    fields = reading.fields(node, CACHE)
    if fields is None:
        return default
    base = default or CacheRule(timedelta())
    ttl = reading.duration(fields.node("ttl"), "`ttl`") if "ttl" in fields else base.ttl
    if ttl == timedelta():
        reading.refuse(Code.MISSING_KEY, fields.start, "`cache` needs `ttl`", "add `ttl:`")
    return CacheRule(
        ttl or base.ttl,
        _unless_false(reading, fields, "stale_if_error", base.stale_if_error, reading.duration),
        _unless_false(reading, fields, "clock", base.clock, reading.duration),
        _unless_false(reading, fields, "alias", base.alias, _aliases(reading)) or (),
    )


def read_limits(reading: Reading, node: Node | None, default: Limits) -> Limits:
    """What one caller may ask for."""
    if node is None:
        return default
    if reading.is_false(node):
        return Limits()
    fields = reading.fields(node, LIMITS)
    if fields is None:
        return default
    return Limits(
        _unless_false(reading, fields, "max_rows", default.max_rows, lambda node, what: reading.number(node, what, 1)),
        _unless_false(reading, fields, "requests", default.requests, reading.rate),
    )


def _unless_false(
    reading: Reading, fields: Fields, key: str, default: T | None, read: Callable[[Node | None, str], T | None]
) -> T | None:
    if key not in fields:
        return default
    node = fields.node(key)
    return None if reading.is_false(node) else read(node, f"`{key}`")


def _aliases(reading: Reading) -> Callable[[Node | None, str], tuple[str, ...] | None]:
    return lambda node, what: None if node is None else reading.each(node, what, _alias(reading))


def _alias(reading: Reading) -> Callable[[Node, str], str | None]:
    def read(node: Node, what: str) -> str | None:
        text = reading.text(node, what)
        if text is None:
            return None
        try:
            read_alias(text)
        except NotAnAlias as refused:
            return reading.refuse(Code.NOT_A_NAME, node.start, f"{what} cannot be {shown(text)}", str(refused))
        return text

    return read


def _change(reading: Reading) -> Callable[[Node, str], str | None]:
    return lambda node, what: reading.choice(node, what, CHANGES)


def _says(node: Node, word: str) -> bool:
    return isinstance(node, Scalar) and node.kind == "text" and node.value == word

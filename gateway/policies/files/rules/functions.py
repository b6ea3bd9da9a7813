"""Files with `function:` or `functions:` -> FunctionRules."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.policies.files.codes import Code
from gateway.policies.files.documents import Document, Subject
from gateway.policies.files.rules.answers import read_cache, read_limits
from gateway.policies.files.schema.keys import FUNCTION, READS
from gateway.policies.files.values.names import NotAName, signature
from gateway.policies.files.values.nodes import Fields, Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node
from gateway.policies.model import Defaults, FunctionRules, QualifiedName, Reads


def read_functions(document: Document, defaults: Defaults) -> Iterator[FunctionRules]:
    """What the file says about its functions, its tests aside."""
    reading = document.reading
    if document.subject is Subject.FUNCTION:
        found = _function(reading, document.fields, defaults)
        if found:
            yield found
        return
    reading.description(document.fields)
    for item in reading.items(document.fields.node("functions"), "`functions`"):
        fields = reading.fields(item, FUNCTION)
        found = _function(reading, fields, defaults) if fields else None
        if found:
            yield found
    reading.subject = ""


def function_name(rules: FunctionRules) -> tuple[QualifiedName, str | None]:
    """The name and, if the signature has them, the argument types; equal for equal spellings."""
    return signature(rules.signature)


def _function(reading: Reading, fields: Fields, defaults: Defaults) -> FunctionRules | None:
    written = _signature(reading, fields.node("function"))
    reading.subject = written or ""
    execute = fields.node("execute")
    roles = reading.each(execute, "`execute`", reading.role, may_be_empty=True) if execute else ()
    cache = read_cache(reading, fields.node("cache"), defaults.cache)
    limits = read_limits(reading, fields.node("limits"), defaults.limits)
    reads = _reads(reading, fields.node("reads"))
    reading.description(fields)
    if written is None:
        return None
    place = reading.place(fields.start_of("function"))
    return FunctionRules(written, frozenset(roles or ()), cache, limits, reads, place)


def _signature(reading: Reading, node: Node | None) -> str | None:
    text = reading.text(node, "`function`")
    if text is None or node is None:
        return None
    try:
        signature(text)
    except NotAName as refused:
        return reading.refuse(Code.NOT_A_NAME, node.start, f"{shown(text)} is no function", str(refused))
    return text.strip()


def _reads(reading: Reading, node: Node | None) -> Reads | None:
    fields = reading.fields(node, READS)
    if fields is None:
        return None
    tables, claims = fields.node("tables"), fields.node("claims")
    return Reads(
        frozenset((reading.each(tables, "`tables`", reading.relation, may_be_empty=True) if tables else ()) or ()),
        frozenset((reading.each(claims, "`claims`", reading.text, may_be_empty=True) if claims else ()) or ()),
        reading.duration(fields.node("clock"), "`clock`") if "clock" in fields else None,
    )

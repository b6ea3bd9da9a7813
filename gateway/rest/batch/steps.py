"""From a step to the statement that answers it. Pure; reuses the pipeline of `/rest/v1`, stage by stage.

Steps are prepared before anything runs, so that whatever is wrong with one shows while nothing has happened. What
depends on references is filled in when its turn comes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace

from multidict import CIMultiDict

from gateway.catalog import Catalog
from gateway.rest.batch.errors import invalid, no_filter_value
from gateway.rest.batch.references import Lookup, Reference, Template
from gateway.rest.batch.request import Filter, Step
from gateway.rest.compile import Compiled, CompileRules, values
from gateway.rest.compile_write import write_values
from gateway.rest.exact_json import Json, Number, text_of
from gateway.rest.grammar.operations import array_literal
from gateway.rest.grammar.query import Query
from gateway.rest.payload import media_type
from gateway.rest.plancache import PlanCache
from gateway.rest.preferences import Preferences
from gateway.rest.request import Request, Rules, Target, read_request
from gateway.rest.run import payload_of, read_plan, write_plan

_READS = frozenset({"GET", "HEAD"})
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})
_PATTERNS = frozenset({"like.", "ilike."})


@dataclass(frozen=True, slots=True)
class Runnable:
    """A step with all of its values."""

    asked: Request
    compiled: Compiled
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step that was read. `runnable` is None while the statement depends on a reference. Without any, it has all its
    values (`complete`); else it shows what the statement will be."""

    step: Step
    asked: Request
    runnable: Runnable | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes steps ready to run. `rules` must have the fast path off."""

    catalog: Catalog
    request: Rules
    rules: CompileRules
    plans: PlanCache

    def read(self, step: Step) -> Request:
        """What a step asks for. Raises what the REST surface would, BatchError."""
        headers = CIMultiDict(step.headers)
        prefer = [headers["Prefer"]] if "Prefer" in headers else []
        asked = read_request(step.method, step.path, step.query, headers=headers, prefer=prefer, rules=self.request)
        if asked.target is Target.ROOT:
            raise invalid("`path` must name a relation or a function")
        if asked.preferences.tx is not None:
            raise invalid("a step cannot end the transaction: `Prefer: tx` is not allowed", hint="Use dry_run.")
        return asked

    def prepare(self, step: Step, asked: Request) -> Prepared:
        """Compile a step that was read, with its references left open. Raises as `read` does."""
        asked = _filtered(asked, step.filters, [""] * len(step.filters))
        known = step.body is None or _has_known_keys(step.body, asked.preferences)
        runnable = self._complete(step, asked, _nothing) if known else None
        return Prepared(step, asked, runnable, not step.filters and not step.references)

    def complete(self, prepared: Prepared, lookup: Lookup) -> Runnable:
        """The step with the values that `lookup` finds. Raises as `prepare` does."""
        step, asked = prepared.step, prepared.asked
        if prepared.complete and prepared.runnable is not None:
            return prepared.runnable
        if step.filters:
            texts = [_parameter(each, each.value.resolve(lookup)) for each in step.filters]
            asked = replace(asked, query=_with_values(asked, texts))
        return self._complete(step, asked, lookup)

    def _complete(self, step: Step, asked: Request, lookup: Lookup) -> Runnable:
        catalog, rules, plans = self.catalog, self.rules, self.plans
        if step.method in _READS:
            compiled = read_plan(asked, catalog, rules, plans)
            return Runnable(asked, compiled, compiled.statement.bind(values(asked)))
        content_type = step.headers.get("Content-Type")
        payload = None
        if step.method not in _WITHOUT_BODY:
            payload = payload_of(asked, _body(step.body, content_type, lookup), content_type)
        compiled = write_plan(asked, payload, catalog, rules, plans)
        return Runnable(asked, compiled, compiled.statement.bind(write_values(asked, payload)))


def _nothing(_: Reference) -> Json:
    return None


def _has_known_keys(body: Template, preferences: Preferences) -> bool:
    """Whether what decides the statement is written down, whatever the references stand for."""
    value = body.value
    if not body.references:
        return True
    if preferences.by_key or preferences.operations or preferences.nested:
        return False  # these look into the rows
    if isinstance(value, dict):
        return True
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _body(body: Template | None, content_type: str | None, lookup: Lookup) -> bytes:
    if body is None:
        return b""
    kind = media_type(content_type)
    if kind == "application/json":
        return text_of(body.resolve(lookup)).encode()
    text = body.value
    assert isinstance(text, str)  # `read_batch` takes nothing else
    if kind != "application/octet-stream":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise invalid("the body is not base64") from None


# -- filters --------------------------------------------------------------------------------------------------------


def _filtered(asked: Request, filters: Sequence[Filter], texts: Sequence[str]) -> Request:
    """`asked` with further filters, whose values come after all others."""
    if not filters:
        return asked
    query = asked.query
    parts = tuple(("filter", each.column, each.head) for each in filters)
    return replace(asked, query=replace(query, shape=query.shape + parts, values=(*query.values, *texts)))


def _with_values(asked: Request, texts: Sequence[str]) -> Query:
    query = asked.query
    return replace(query, values=(*query.values[: -len(texts)], *texts))


def _parameter(each: Filter, value: Json) -> str:
    """`value` as PostgreSQL reads it, for a comparison with a column of any type."""
    head = each.head.removeprefix("not.")
    if isinstance(value, list):
        items = [_element(each.column, item) for item in value]
        # for the grammar one empty element is what stands between the parentheses of `in.()`
        return array_literal(items) if items != [""] else '{""}'
    if head == "in.":
        raise no_filter_value(each.column, "`in` compares with an array")
    text = _element(each.column, value)
    return text.replace("*", "%") if head.partition("(")[0].rstrip(".") + "." in _PATTERNS else text


def _element(column: str, value: Json) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Number(text):
            return text
        case dict():
            return text_of(value)
        case None:
            raise no_filter_value(column, "null is equal to nothing; write is.null into the path")
        case _:
            raise no_filter_value(column, "arrays within arrays cannot be compared with")

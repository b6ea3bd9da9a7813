"""What tests expect: `rows`, `allowed`, `denied`; and what to call a test that has no name."""

from __future__ import annotations

import re
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.values.nodes import Fields, Reading
from gateway.policies.files.yaml.tree import Node, Scalar
from gateway.policies.model import Action, Expected, Outcome, Persona

ROWS_OR_DENIED: Final = ("rows", "denied")
YES_OR_DENIED: Final = ("allowed", "denied")

_SQLSTATE: Final = re.compile(r"[0-9A-Z]{5}")
_COUNTS: Final = {
    "some": Expected(Outcome.SOME),
    "all": Expected(Outcome.ALL),
    "none": Expected(Outcome.ROWS),
}


def read_expected(reading: Reading, fields: Fields, keys: tuple[str, str]) -> Expected | None:
    """The expectation under the one of `keys` that is there."""
    given = [key for key in keys if key in fields]
    if len(given) != 1:
        at = fields.start_of(given[1]) if given else fields.start
        message = f"a test has either `{keys[0]}` or `{keys[1]}`"
        reading.refuse(Code.WRONG_TEST, at, message, "remove one of them" if given else "say what is expected")
        return None
    node = fields.node(given[0])
    if given[0] == "rows":
        return _rows(reading, node)
    if given[0] == "denied":
        return _denied(reading, node)
    allowed = reading.boolean(node, "`allowed`")
    return None if allowed is None else Expected(Outcome.ALLOWED if allowed else Outcome.DENIED)


def _rows(reading: Reading, node: Node | None) -> Expected | None:
    if isinstance(node, Scalar) and node.kind == "text":
        word = reading.choice(node, "`rows`", tuple(_COUNTS))
        return _COUNTS[word] if word else None
    count = reading.number(node, "`rows`")
    return None if count is None else Expected(Outcome.ROWS, count)


def _denied(reading: Reading, node: Node | None) -> Expected | None:
    """An SQLSTATE is taken as it is written, in quotes or not: 42501 is a number for YAML."""
    if not isinstance(node, Scalar) or node.kind == "boolean":
        denied = reading.boolean(node, "`denied`")
        if denied is False and node is not None:
            reading.refuse(Code.WRONG_TEST, node.start, "`denied` cannot be `false`", "say what is expected instead")
        return Expected(Outcome.DENIED) if denied else None
    if _SQLSTATE.fullmatch(node.value):
        return Expected(Outcome.DENIED, sqlstate=node.value)
    message = "`denied` must be `true`, or an SQLSTATE of five digits and capitals"
    return reading.refuse(Code.WRONG_TEST, node.start, message, "a privilege or policy that is missing is 42501")


def worded(persona: Persona, action: Action, expected: Expected, what: str = "") -> str:
    """The name of a probe, as a sentence. `what` names the row or the table."""
    what = what or str(action.table or action.function)
    if action.verb == "insert":
        what = f"into {what}"
    if expected.outcome in (Outcome.ALLOWED, Outcome.DENIED):
        may = "may" if expected.outcome is Outcome.ALLOWED else "may not"
        return f"{persona} {may} {action.verb} {what}"
    count = str(expected.rows) if expected.outcome is Outcome.ROWS else expected.outcome
    of = "row" if count == "1" else "rows"
    return f"{persona} {action.verb}s {count} {of} of {what}"

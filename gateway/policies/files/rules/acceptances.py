"""The key `accept` -> Acceptances."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.documents import Document
from gateway.policies.files.schema.forms import LINT_PATTERN
from gateway.policies.files.schema.keys import ACCEPTANCE
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node
from gateway.policies.model import Acceptance

_LINT: Final = re.compile(LINT_PATTERN)


def read_acceptances(document: Document) -> Iterator[Acceptance]:
    """What the file says about lints."""
    reading = document.reading
    for item in reading.items(document.fields.node("accept"), "`accept`"):
        fields = reading.fields(item, ACCEPTANCE)
        if fields is None:
            continue
        lint = _lint(reading, fields.node("lint"))
        because = _reason(reading, fields.node("because"))
        about = reading.text(fields.node("about"), "`about`")
        if lint and because:
            yield Acceptance(lint, because, reading.place(fields.start), about)


def _lint(reading: Reading, node: Node | None) -> str | None:
    text = reading.text(node, "`lint`")
    if text is None or node is None or _LINT.search(text):
        return text
    return reading.refuse(Code.NOT_A_CHOICE, node.start, f"no lint has the code {shown(text)}", "codes are like L007")


def _reason(reading: Reading, node: Node | None) -> str | None:
    text = reading.text(node, "`because`")
    if text is None or node is None or text.strip():
        return text
    return reading.refuse(Code.WRONG_KIND, node.start, "`because` gives no reason", "say why the finding is meant")

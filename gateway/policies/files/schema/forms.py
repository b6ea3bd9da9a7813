"""What values look like, as fragments of JSON Schema: for editors. Reading is done elsewhere, in more detail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.policies.files.values.quantities import DURATION_PATTERN, RATE_PATTERN
from gateway.policies.model import VERBS

Form = Mapping[str, Any]

LINT_PATTERN: Final = "^L[0-9]{3}$"
CHANGES: Final = VERBS[1:]
"""What realtime tells of."""

TEXT: Final[Form] = {"type": "string"}
NAME: Final[Form] = {"type": "string", "minLength": 1}
BOOLEAN: Final[Form] = {"type": "boolean"}
SQL: Final[Form] = {"type": ["string", "boolean"], "minLength": 1}
LINT: Final[Form] = {"type": "string", "pattern": LINT_PATTERN}
DURATION: Final[Form] = {"type": "string", "pattern": DURATION_PATTERN}
NONE: Final[Form] = {"const": False}
BY_COLUMN: Final[Form] = {"type": "object"}


def shape(name: str) -> Form:
    """A mapping that `keys.SHAPES` has under `name`."""
    return {"$ref": f"#/$defs/{name}"}


def list_of(form: Form) -> Form:
    return {"type": "array", "items": form}


def mapping_of(form: Form) -> Form:
    return {"type": "object", "additionalProperties": form}


def choice(*values: str) -> Form:
    return {"enum": list(values)}


def either(*forms: Form) -> Form:
    return {"anyOf": list(forms)}


NAMES: Final[Form] = {"type": "array", "items": NAME, "minItems": 1, "uniqueItems": True}
NAME_OR_NAMES: Final[Form] = either(NAME, NAMES)
POSSIBLY_NO_NAMES: Final[Form] = either(NAME, {"type": "array", "items": NAME, "uniqueItems": True})
COLUMNS: Final[Form] = either(choice("all"), NAMES)
VERBS_OR_ALL: Final[Form] = either(
    choice("all", *VERBS), {"type": "array", "items": choice(*VERBS), "minItems": 1, "uniqueItems": True}
)
REALTIME: Final[Form] = either(
    NONE, choice("all", "none", *CHANGES), {"type": "array", "items": choice(*CHANGES), "uniqueItems": True}
)
MAX_ROWS: Final[Form] = either(NONE, {"type": "integer", "minimum": 1})
REQUESTS: Final[Form] = either(NONE, {"type": "string", "pattern": RATE_PATTERN})
OPTIONAL_DURATION: Final[Form] = either(NONE, DURATION)
ROW_COUNT: Final[Form] = either(choice("some", "all", "none"), {"type": "integer", "minimum": 0})
DENIED: Final[Form] = either({"const": True}, {"type": "integer"}, {"type": "string", "pattern": "^[0-9A-Z]{5}$"})
WHO: Final[Form] = either(NAME, {"type": "array", "items": NAME, "uniqueItems": True})

"""Policy files: a folder of YAML -> `PolicySet`, and back. Only `folder.py` touches the disk."""

from gateway.policies.files.codes import MEANINGS, Code
from gateway.policies.files.documents import DEFAULTS_NAME
from gateway.policies.files.folder import read_set, read_set_or_problems
from gateway.policies.files.schema.jsonschema import json_schema
from gateway.policies.files.values.expressions import Fault, expression_fault, expression_problem
from gateway.policies.files.write import defaults_document, functions_document, table_document

__all__ = [
    "DEFAULTS_NAME",
    "MEANINGS",
    "Code",
    "Fault",
    "defaults_document",
    "expression_fault",
    "expression_problem",
    "functions_document",
    "json_schema",
    "read_set",
    "read_set_or_problems",
    "table_document",
]

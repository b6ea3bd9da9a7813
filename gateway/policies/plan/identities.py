"""Names for what files make in a database, as the audit table keeps them: what has none was made by hand."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.policies.model import QualifiedName
from gateway.policies.plan.compiled import Compiled


def policy_identity(table: QualifiedName, name: str) -> str:
    return f"policy {table} {name}"


def grant_identity(relation: QualifiedName, role: str, privilege: str) -> str:
    return f"grant {relation} {role} {privilege}"


def execute_identity(signature: str, role: str) -> str:
    return f"execute {role} {signature}"


def function_identity(signature: str) -> str:
    """Says that the function was there."""
    return f"function {signature}"


def identities(compiled: Compiled) -> Iterator[str]:
    """Everything that the files ask for, and the functions that were there."""
    for table in compiled.tables:
        name = table.relation.name
        yield from (policy_identity(name, policy.name) for policy in table.policies)
        yield from (grant_identity(name, role, privilege) for role, privilege in table.grants)
    for function in compiled.functions:
        yield function_identity(function.function.signature)
        yield from (execute_identity(function.function.signature, role) for role in function.execute)

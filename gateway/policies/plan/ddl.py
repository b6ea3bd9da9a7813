"""The SQL of each change: the only place where policy statements are written.

Names go through the quoting function, signatures are PostgreSQL's own text (`regprocedure`), and expressions come from
policy files: they are SQL by nature, were found to be one balanced expression, and stand in parentheses. Each statement
travels alone, by the extended protocol, which takes no second one.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.database import quote_identifier
from gateway.policies.database.state import Columns
from gateway.policies.model import PUBLIC, QualifiedName
from gateway.policies.plan.changes import (
    Change,
    ChangePolicy,
    CreatePolicy,
    CreateTrigger,
    DropPolicy,
    DropTrigger,
    Grant,
    GrantExecute,
    GrantSequence,
    Revoke,
    RevokeExecute,
    SetRowSecurity,
)
from gateway.policies.plan.compiled import CompiledPolicy


def statements(change: Change) -> Iterator[str]:
    """The statements that make the change, in order."""
    match change:
        case SetRowSecurity():
            verb = "enable" if change.enabled else "disable"
            yield f"alter table {_name(change.table)} {verb} row level security"
        case CreatePolicy():
            yield _create(change.table, change.policy)
        case ChangePolicy(in_place=True):
            yield _alter(change.table, change.policy)
        case ChangePolicy():
            yield _drop(change.table, change.before.name)
            yield _create(change.table, change.policy)
        case DropPolicy():
            yield _drop(change.table, change.before.name)
        case Grant():
            yield f"grant {_privilege(change)} on table {_name(change.relation)} to {_role(change.role)}"
        case Revoke():
            yield f"revoke {_privilege(change)} on table {_name(change.relation)} from {_role(change.role)}"
        case GrantExecute():
            yield f"grant execute on {_routine(change)} to {_role(change.role)}"
        case RevokeExecute():
            yield f"revoke execute on {_routine(change)} from {_role(change.role)}"
        case GrantSequence():
            yield f"grant usage on sequence {_name(change.sequence)} to {_role(change.role)}"
        case CreateTrigger():
            yield _trigger(change)
            yield f"alter table {_name(change.table)} enable always trigger {quote_identifier(change.name)}"
        case DropTrigger():
            yield f"drop trigger {quote_identifier(change.name)} on {_name(change.table)}"


def _create(table: QualifiedName, policy: CompiledPolicy) -> str:
    kind = "permissive" if policy.permissive else "restrictive"
    head = f"create policy {quote_identifier(policy.name)} on {_name(table)} as {kind} for {policy.verb}"
    return f"{head} {_conditions(policy)}"


def _alter(table: QualifiedName, policy: CompiledPolicy) -> str:
    return f"alter policy {quote_identifier(policy.name)} on {_name(table)} {_conditions(policy)}"


def _conditions(policy: CompiledPolicy) -> str:
    # The line break ends a comment on the last line of an expression.
    parts = [f"to {', '.join(map(_role, policy.roles))}"]
    if policy.using is not None:
        parts.append(f"using ({policy.using.sql}\n)")
    if policy.check is not None:
        parts.append(f"with check ({policy.check.sql}\n)")
    return " ".join(parts)


def _drop(table: QualifiedName, name: str) -> str:
    return f"drop policy {quote_identifier(name)} on {_name(table)}"


def _trigger(change: CreateTrigger) -> str:
    seen = (("old", change.old), ("new", change.new))
    rows = "".join(f" {time} table as {quote_identifier(name)}" for time, name in seen if name is not None)
    return (
        f"create trigger {quote_identifier(change.name)} after {change.event} on {_name(change.table)}"
        f"{' referencing' + rows if rows else ''} for each statement execute function {_name(change.function)}()"
    )


def _privilege(change: Grant | Revoke) -> str:
    return change.privilege + _columns(change.columns)


def _columns(columns: Columns) -> str:
    return "" if columns is None else f" ({', '.join(map(quote_identifier, sorted(columns)))})"


def _routine(change: GrantExecute | RevokeExecute) -> str:
    return f"{'procedure' if change.procedure else 'function'} {change.signature}"


def _role(role: str) -> str:
    return "public" if role == PUBLIC else quote_identifier(role)


def _name(name: QualifiedName) -> str:
    return f"{quote_identifier(name.schema)}.{quote_identifier(name.name)}"

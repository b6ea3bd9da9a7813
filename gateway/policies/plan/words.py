"""Changes in words, for the person who has to answer for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from gateway.policies.database.state import PolicyState
from gateway.policies.model import PUBLIC, TABLE_PRIVILEGES
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
    Purpose,
    Revoke,
    RevokeExecute,
    SetRowSecurity,
    subject,
)
from gateway.policies.plan.compiled import ALL, CompiledPolicy

_DOES: Final = {
    "select": "read",
    "insert": "insert",
    "update": "update",
    "delete": "delete",
    "references": "reference",
    ALL: "read, insert, update and delete",
}
_COUNTED: Final[tuple[tuple[str, str, tuple[type, ...]], ...]] = (
    ("policy", "policies", (CreatePolicy, ChangePolicy, DropPolicy)),
    ("grant", "grants", (Grant, GrantExecute, GrantSequence)),
    ("revocation", "revocations", (Revoke, RevokeExecute)),
    ("switch of row security", "switches of row security", (SetRowSecurity,)),
    ("trigger", "triggers", (CreateTrigger, DropTrigger)),
)


def in_words(change: Change) -> str:
    """One line: a sign (`+` added, `-` taken away, `~` changed), and what it means for whom."""
    match change:
        case SetRowSecurity(enabled=True):
            return "+ row security on: only rows that a policy lets through"
        case SetRowSecurity():
            return "- row security OFF: whoever has a grant reaches every row"
        case CreatePolicy():
            return f"+ policy {change.policy.name}: {_policy(change.policy)}"
        case ChangePolicy():
            return f"~ policy {change.policy.name}: {_difference(change.before, change.policy)}"
        case DropPolicy():
            return f"- policy {change.before.name}: {_present(change.before)}"
        case Grant():
            return _privileges([change])
        case Revoke():
            return _privileges([change])
        case GrantExecute():
            return f"+ {_who([change.role])} {'may still' if change.keeps else 'may'} call it"
        case RevokeExecute():
            return f"- {_who([change.role])} may no longer call it"
        case GrantSequence():
            return f"+ {_who([change.role])} may number new rows ({change.sequence})"
        case CreateTrigger() | DropTrigger():
            return _recorded(change)


def _recorded(change: CreateTrigger | DropTrigger) -> str:
    what = "changes are" if change.purpose is Purpose.CACHE else f"{change.event} is"
    if isinstance(change, CreateTrigger):
        return f"+ {what} recorded for {change.purpose}"
    return f"- {what} no longer recorded for {change.purpose}"


def by_subject(changes: Iterable[Change]) -> Mapping[str, Sequence[Change]]:
    """The changes of each table and function, both in alphabetical order."""
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(subject(change), []).append(change)
    return dict(sorted(grouped.items()))


class Sentence(NamedTuple):
    """One line, and the changes that it tells of."""

    words: str
    changes: Sequence[Change]


def sentences(changes: Iterable[Change]) -> list[Sentence]:
    """The changes of one table or function. What a role gets or loses on the whole table is one line, and so are the
    triggers for the cache."""
    grouped: dict[object, list[Change]] = {}
    for index, change in enumerate(changes):
        key: object = index
        if isinstance(change, Grant | Revoke) and change.columns is None:
            key = (type(change), change.role, change.loss)
        elif isinstance(change, CreateTrigger | DropTrigger) and change.purpose is Purpose.CACHE:
            key = type(change)
        grouped.setdefault(key, []).append(change)
    return [Sentence(_sentence(group), group) for group in grouped.values()]


def _sentence(group: Sequence[Change]) -> str:
    privileges = [change for change in group if isinstance(change, Grant | Revoke)]
    return _privileges(privileges) if len(privileges) == len(group) else in_words(group[0])


def lines(changes: Iterable[Change]) -> list[str]:
    """The sentences, each on a line that stands alone."""
    return [f"{name}: {said.words}" for name, group in by_subject(changes).items() for said in sentences(group)]


def summary(changes: Sequence[Change]) -> str:
    """How much changes, in one line."""
    if not changes:
        return "Nothing to change: the database enforces what the files say."
    counts: list[str] = []
    for one, many, kinds in _COUNTED:
        count = sum(type(change) in kinds for change in changes)
        if count:
            counts.append(f"{count} {one if count == 1 else many}")
    places = len(by_subject(changes))
    return f"{', '.join(counts)} on {places} {'object' if places == 1 else 'objects'}."


def _policy(policy: CompiledPolicy) -> str:
    using = policy.using.origin.text if policy.using else None
    check = policy.check.origin.text if policy.check else None
    return _rule(policy.roles, policy.verb, policy.permissive, using, check)


def _present(policy: PolicyState) -> str:
    return _rule(policy.roles, policy.verb, policy.permissive, policy.using, policy.check)


def _rule(roles: Sequence[str], verb: str, permissive: bool, using: str | None, check: str | None) -> str:
    may = "may" if permissive else "may only"
    conditions = [f"rows where {_short(using)}"] if using is not None else []
    if check is not None and check != using:
        conditions.append(f"as long as they then have {_short(check)}" if using else f"rows where {_short(check)}")
    return f"{_who(roles)} {may} {_DOES[verb]} {', '.join(conditions)}"


def _difference(before: PolicyState, after: CompiledPolicy) -> str:
    parts: list[str] = []
    if before.verb != after.verb:
        parts.append(f"for {before.verb}, now for {after.verb}")
    if before.permissive != after.permissive:
        parts.append("now permissive" if after.permissive else "now restrictive")
    if before.roles != after.roles:
        parts.append(f"to {', '.join(before.roles)}, now to {', '.join(after.roles)}")
    for word, old, new in (("using", before.using, after.using), ("check", before.check, after.check)):
        source = new.origin.text if new else None
        if old != (new.sql if new else None) and (old is None or source is None or _short(old) != _short(source)):
            parts.append(f"{word} was {_short(old or '(none)')}, now {_short(source or '(none)')}")
    return "; ".join(parts) or "the same in other words"


def _short(expression: str) -> str:
    return " ".join(expression.split())


def _privileges(group: Sequence[Grant | Revoke]) -> str:
    """All on whole tables, or one on some columns."""
    first = group[0]
    verbs = sorted((change.privilege for change in group), key=TABLE_PRIVILEGES.index)
    does = ", ".join(_DOES.get(verb, verb) for verb in verbs)
    columns = "" if first.columns is None else f" {', '.join(sorted(first.columns))}"
    sign, may = ("+", "may") if isinstance(first, Grant) else ("-", "may no longer")
    return f"{sign} {_who([first.role])} {may} {does}{columns}"


def _who(roles: Sequence[str]) -> str:
    return " and ".join("everybody" if role == PUBLIC else role for role in roles)

"""Which privileges have to be given and taken. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.policies.database.state import Columns, FunctionState, RelationState, State
from gateway.policies.model import PUBLIC
from gateway.policies.plan.changes import Change, Grant, GrantExecute, GrantSequence, Loss, Revoke, RevokeExecute
from gateway.policies.plan.compiled import CompiledFunction, CompiledTable
from gateway.policies.plan.identities import execute_identity, function_identity, grant_identity


@dataclass(frozen=True, slots=True)
class Grants:
    """Compares privileges of the ruled `roles`; those of all others stay. `known` are identities of what files made."""

    roles: frozenset[str]
    state: State
    known: frozenset[str]

    def of_relation(
        self, relation: RelationState, wanted: Mapping[tuple[str, str], Columns], *, mentioned: bool
    ) -> Iterator[Change]:
        """`mentioned` says that a file names the relation, so that whatever it does not grant is meant to go."""
        present = {key: columns for key, columns in relation.grants.items() if key[0] in self.roles}
        for key in sorted({*present, *wanted}):
            held, desired = present.get(key, frozenset[str]()), wanted.get(key, frozenset[str]())
            if held != desired:
                known = mentioned or grant_identity(relation.name, *key) in self.known
                yield from self._privilege(relation, key, held, desired, None if known else Loss.REVOKE)

    def _privilege(
        self, relation: RelationState, key: tuple[str, str], held: Columns, desired: Columns, loss: Loss | None
    ) -> Iterator[Change]:
        name, (role, privilege) = relation.name, key
        if held is None:
            yield Revoke(name, role, privilege, None, loss)
            yield from self._kept(relation, key, None)
            held = frozenset()
        if desired is None:
            yield Grant(name, role, privilege, None)
            return
        if held - desired:
            yield Revoke(name, role, privilege, held - desired, loss)
            yield from self._kept(relation, key, held - desired)
        if desired - held:
            yield Grant(name, role, privilege, desired - held)

    def _kept(self, relation: RelationState, key: tuple[str, str], lost: Columns) -> Iterator[Change]:
        """What PUBLIC loses, trusted roles keep."""
        role, privilege = key
        if role != PUBLIC:
            return
        for trusted in self._trusted():
            own = relation.grants.get((trusted, privilege), frozenset[str]())
            if trusted == relation.owner or own is None:
                continue
            if lost is None or lost - own:
                yield Grant(relation.name, trusted, privilege, None if lost is None else lost - own)

    def _trusted(self) -> list[str]:
        """Roles past row security that the files do not rule, such as `service_role`."""
        return sorted(
            role.name
            for role in self.state.roles.values()
            if role.bypasses_row_security and not role.superuser and role.name not in self.roles
        )

    def of_sequences(self, table: CompiledTable) -> Iterator[Change]:
        """Who may insert needs the sequences that number the rows. Where somebody made such a grant by hand and left
        the sequence out, it stays like that."""
        relation = table.relation
        roles = sorted({role for role, privilege in table.grants if privilege == "insert"})
        for sequence in relation.sequences:
            for role in roles:
                by_hand = (
                    relation.grants.get((role, "insert"), frozenset()) == table.grants[role, "insert"]
                    and grant_identity(relation.name, role, "insert") not in self.known
                )
                if not by_hand and not sequence.users & {role, PUBLIC}:
                    yield GrantSequence(sequence.name, relation.name, role)

    def of_function(self, compiled: CompiledFunction) -> Iterator[Change]:
        function = compiled.function
        procedure = function.kind == "p"
        present = function.executors & self.roles
        for role in sorted(present - compiled.execute):
            known = compiled.rules is not None or execute_identity(function.signature, role) in self.known
            # Everybody may call what is new, because PostgreSQL lets them: nobody's work is lost.
            known = known or (role == PUBLIC and self._is_new(function))
            yield RevokeExecute(function.signature, procedure, role, None if known else Loss.REVOKE)
        for role in sorted(compiled.execute - present):
            yield GrantExecute(function.signature, procedure, role)
        if PUBLIC in present - compiled.execute:
            yield from self._still(function)

    def _is_new(self, function: FunctionState) -> bool:
        return bool(self.known) and function_identity(function.signature) not in self.known

    def _still(self, function: FunctionState) -> Iterator[Change]:
        for trusted in self._trusted():
            if trusted not in function.executors and trusted != function.owner:
                yield GrantExecute(function.signature, function.kind == "p", trusted, keeps=True)

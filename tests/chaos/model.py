"""The checker's small application in Python: what there is, who asks, and whom the policies show what.

`schema.sql` and `policies/` say the same to PostgreSQL. A *folder* is the unit of writing: with everything that
belongs to it (its notes, its members, its row of statistics) it has one writer at a time and so one line of states.
"""

from __future__ import annotations

from dataclasses import dataclass

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
CLEO = "cccccccc-0000-4000-8000-000000000003"
USERS = (ANN, BOB, CLEO)
ORGS = ("red", "blue")
PRIVATE, ORG, PUBLIC = VISIBILITIES = ("private", "org", "public")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `session` is a claim that no policy reads; `sub` and `org` are read."""

    name: str
    role: str
    sub: str | None = None
    org: str | None = None
    session: str | None = None


VISITOR = Identity("visitor", "anon")
SERVICE = Identity("service", "service_role")
IDENTITIES = (
    VISITOR,
    Identity("ann", "authenticated", ANN, "red", "one"),
    Identity("ann again", "authenticated", ANN, "red", "two"),  # may share entries with the one above
    Identity("ann in blue", "authenticated", ANN, "blue", "one"),  # may not
    Identity("bob", "authenticated", BOB, "red", "one"),
    Identity("cleo", "authenticated", CLEO, "blue", "one"),
    SERVICE,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force. `strict` policies let organisations see nothing and visitors no notes; `sign` is what the
    present body of `folders_of` multiplies versions with."""

    strict: bool = False
    sign: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """One state of a folder. `notes`: (id, version), by id. `changes`: how often notes were written, which a trigger
    counts in another table."""

    id: int
    owner: str
    org: str
    visibility: str
    version: int
    notes: tuple[tuple[int, int], ...] = ()
    members: frozenset[str] = frozenset()
    changes: int = 0

    def facts(self) -> tuple[object, ...]:
        """Everything, to compare states by."""
        return (
            *(self.id, self.owner, self.org, self.visibility, self.version),
            *(self.notes, tuple(sorted(self.members)), self.changes),
        )


State = Folder | None
"""None: there is no such folder."""


def may_see(folder: Folder, who: Identity, rules: Rules) -> bool:
    """The policy of `folders`, which those of notes and statistics follow."""
    if who.role == "service_role" or folder.visibility == PUBLIC:
        return True
    if who.sub is None:
        return False
    in_org = folder.visibility == ORG and folder.org == who.org and not rules.strict
    return folder.owner == who.sub or in_org or who.sub in folder.members


def may_see_share(member: str, who: Identity) -> bool:
    """The policy of `shares`: one's own."""
    return who.role == "service_role" or member == who.sub

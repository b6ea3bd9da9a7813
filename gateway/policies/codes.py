"""The codes of everything that can be wrong with policy files; what is only dangerous has those of lints."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.policies.files import MEANINGS

PROBLEMS: Final[Mapping[str, str]] = MappingProxyType({
    **MEANINGS,
    "P202": "The text is no expression that PostgreSQL could read.",
    "P203": "Without a database it cannot be said whether PostgreSQL reads the expression.",
    "P301": "The database has no such table or view.",
    "P302": "The database has no such role.",
    "P303": "A role is granted something, and is not among the roles that the files rule.",
    "P304": "The database has no such function.",
    "P305": "Two entries mean the same function.",
    "P306": "Only tables have row security, not views.",
    "P307": "Changes of a view cannot be told.",
    "P308": "PostgreSQL grants the privilege on whole tables only.",
    "P309": "The table has no such column.",
    "P310": "PostgreSQL refuses the expression.",
    "P311": "The expression cannot be compiled: its calls cannot be told apart with certainty.",
    "P312": "A role is granted something on a table of its own: owners may do everything.",
    "P701": "`explain`: the database has no such role.",
    "P702": "`explain`: the connected role may not become the persona's role.",
    "P703": "`explain`: there is no such table.",
    "P704": "`explain`: the connected role cannot see all rows of the table.",
    "P705": "`explain`: what should find the row is nothing that PostgreSQL can look for.",
    "P706": "`explain`: there is no such row.",
    "P707": "`explain`: there can be no row with these values.",
    "P708": "`explain`: a view has no rows of its own.",
    "P709": "`explain`: the table has no such column.",
})  # fmt: skip
"""What each code means. P1xx: the files; P2xx: the text of expressions; P3xx: the database; P7xx: `explain`."""

"""A connection acts as a persona, as the gateway would for a request of theirs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg

from gateway.database import quote_identifier
from gateway.policies.database import SET_LOCAL
from gateway.policies.model import Persona
from gateway.policies.personas import session_settings
from gateway.policies.problems import PolicyError, error

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection


async def act_as(connection: Connection, persona: Persona, search_path: Sequence[str]) -> None:
    """Role, claims and search path of `persona`, with row security, until the subtransaction is rolled back.

    Raises PolicyError if there is no such role, or the connected one may not become it.
    """
    if persona.role.lower() == "none":  # SET ROLE NONE means the connected role, with all that it may do
        raise _no_role(persona.role)
    try:
        await _settle(connection, persona, search_path, become=True)
    except asyncpg.InvalidParameterValueError:
        raise _no_role(persona.role) from None
    except asyncpg.InsufficientPrivilegeError:
        fix = f"Connect as a role that may: grant {quote_identifier(persona.role)} to it."
        problem = error("P702", f"the connected role may not become {persona.role}", subject=persona.role, fix=fix)
        raise PolicyError([problem]) from None


async def take_claims(connection: Connection, persona: Persona, search_path: Sequence[str]) -> None:
    """The same with the connected role, as what triggers should see who write for `persona`."""
    await _settle(connection, persona, search_path, become=False)


async def _settle(connection: Connection, persona: Persona, search_path: Sequence[str], *, become: bool) -> None:
    settings = session_settings(persona, search_path, become=become)
    await connection.fetchval(SET_LOCAL, json.dumps(settings))


def _no_role(role: str) -> PolicyError:
    return PolicyError([error("P701", f"there is no role {role}", subject=role)])

"""Personas: `marie: { role: authenticated, sub: … }`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.schema.keys import PERSONA
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node
from gateway.policies.model import Persona

EVERYBODY: Final = "everybody"
NOBODY: Final = "nobody"


def read_personas(reading: Reading, node: Node | None) -> dict[int, Persona]:
    """The personas that a file defines, by where their names stand."""
    found: dict[int, Persona] = {}
    for key, value in reading.pairs(node, "`personas`"):
        if not key.value or key.value in (EVERYBODY, NOBODY):
            fix = "it has a meaning of its own" if key.value else "it is empty"
            reading.refuse(Code.NOT_A_NAME, key.start, f"a persona cannot be named {shown(key.value)}", fix)
            continue
        persona = read_persona(reading, value, key.value)
        if persona is not None:
            found[key.start] = persona
    return found


def read_persona(reading: Reading, node: Node, name: str = "") -> Persona | None:
    """One persona; without a name it is called by its role and `sub`."""
    fields = reading.fields(node, PERSONA)
    if fields is None:
        return None
    role = reading.role(fields.node("role"), "the role of a persona")
    if "sub" in fields:
        reading.text(fields.node("sub"), "`sub`")
    claims = {key: reading.json(value, shown(key)) for key, (_, value) in fields.entries.items() if key != "role"}
    if role is None:
        return None
    return Persona(name or f"{role} {claims.get('sub', '')}".strip(), role, MappingProxyType(claims))

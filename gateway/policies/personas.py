"""What a session carries for a persona: what the gateway sets for a request of theirs, nothing of another. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from gateway.database import quote_identifier
from gateway.policies.model import Persona

_BLANK: Final = (
    "request.jwt.claim",
    "request.jwt.claim.sub",
    "request.jwt.claim.role",
    "request.jwt.claim.email",
    "request.method",
    "request.path",
)


def claims_document(persona: Persona) -> str:
    """The claims of the persona's token as JSON, with its role."""
    return json.dumps({**persona.claims, "role": persona.role}, ensure_ascii=False)


def session_settings(persona: Persona | None, search_path: Sequence[str], *, become: bool) -> dict[str, str]:
    """Settings in the order to make them, the role last. Without `become` the connection keeps its own role: somebody
    else acts with the persona's claims."""
    settings = {
        "search_path": ", ".join(map(quote_identifier, search_path)),
        **dict.fromkeys(_BLANK, ""),
        "request.headers": "{}",
        "request.cookies": "{}",
        "request.jwt.claims": claims_document(persona) if persona is not None else "",
        "row_security": "on",
    }
    return {**settings, "role": persona.role} if become and persona is not None else settings

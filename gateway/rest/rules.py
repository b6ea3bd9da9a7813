"""The settings that the surfaces of this room share."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.rest.compile import CompileRules
from gateway.rest.request import Rules
from gateway.rest.respond import RespondRules


@dataclass(frozen=True, slots=True)
class RestRules:
    """The room's settings. `pre_request` is the quoted name of the function that runs before each request."""

    request: Rules
    compile: CompileRules = field(default_factory=CompileRules)
    respond: RespondRules = field(default_factory=RespondRules)
    extra_search_path: tuple[str, ...] = ()
    app_settings: tuple[tuple[str, str], ...] = ()
    pre_request: str | None = None
    rollback: bool = False
    tx_override: bool = False
    server_timing: bool = False

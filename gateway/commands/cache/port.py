"""The admin port of a running gateway, as commands use it."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from gateway.commands.console import EXIT_SETTINGS, dev_environment, fail, settings_or_exit

_NEEDED: Final = {"database_url": "postgresql://"}  # only the admin port's counts
_PATIENCE: Final = 30.0
"""Seconds. A flush waits for instances that hang until their leases have run out."""
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to find what listens there
_UNAUTHORIZED: Final = 401
_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class AdminPort:
    """Where it is, and the token that it wants."""

    host: str
    port: int
    token: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def find_admin_port(config: Path | None) -> AdminPort:
    """That of the settings. Where they have no token, that of a `passerelle dev` in this directory. Ends the command
    if there is none."""
    settings = settings_or_exit({}, config=config, defaults=_NEEDED)
    if settings.admin_token is not None:
        return _port(settings.admin_host, settings.admin_port, settings.admin_token.get_secret_value())
    dev = dev_environment(settings)
    if "PASSERELLE_ADMIN_TOKEN" not in dev:
        fail(
            "PASSERELLE_ADMIN_TOKEN is not set: the running gateway's, with its PASSERELLE_ADMIN_HOST and "
            "PASSERELLE_ADMIN_PORT. While `passerelle dev` runs in this directory, its own are taken.",
            code=EXIT_SETTINGS,
        )
    number = dev.get("PASSERELLE_ADMIN_PORT", "")
    host = dev.get("PASSERELLE_ADMIN_HOST", settings.admin_host)
    return _port(host, int(number) if number.isdigit() else None, dev["PASSERELLE_ADMIN_TOKEN"])


def ask(admin: AdminPort, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object that it answers; ends the command with the reason if it answers anything else."""
    status, sent = _exchange(admin, method, path, None if body is None else json.dumps(body))
    try:
        answer: Any = json.loads(sent)
    except ValueError:
        answer = None
    if status == _UNAUTHORIZED:
        fail(f"the gateway at {admin} refuses the admin token", code=EXIT_SETTINGS)
    if not isinstance(answer, dict):
        fail(f"what answers at {admin} is no gateway with a cache (status {status})")
    told = cast("dict[str, Any]", answer)
    if status >= _ERROR:
        details = f" ({told['details']})" if told.get("details") else ""
        fail(f"the gateway at {admin} answers: {told.get('message', status)}{details}")
    return told


def _exchange(admin: AdminPort, method: str, path: str, body: str | None) -> tuple[int, bytes]:
    """Neither a proxy nor a redirect gets to see the token."""
    connection = http.client.HTTPConnection(admin.host, admin.port, timeout=_PATIENCE)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {admin.token}"})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        fail(f"no gateway answers at the admin port {admin}: {reason or type(error).__name__}")
    finally:
        connection.close()


def _port(host: str, port: int | None, token: str) -> AdminPort:
    if port is None:
        fail("the admin port is off (PASSERELLE_ADMIN_PORT)", code=EXIT_SETTINGS)
    return AdminPort(_EVERY_ADDRESS.get(host, host), port, token)

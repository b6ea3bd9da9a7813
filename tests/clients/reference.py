"""What clients are given: where the reference application is served, its keys, and people who are signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

PEOPLE: Mapping[str, str] = {
    "marie": "11111111-1111-4111-8111-111111111111",
    "karim": "22222222-2222-4222-8222-222222222222",
    "admin": "33333333-3333-4333-8333-333333333333",
}


@dataclass(frozen=True, slots=True)
class HubLib:
    """A gateway on a seeded database. `keys` by kind, `people` and their `tokens` by name; `owner` is the connection
    string past the gateway, where the schema `expected` says what each caller may read."""

    url: str
    keys: Mapping[str, str]
    people: Mapping[str, str]
    tokens: Mapping[str, str]
    owner: str

    def database(self) -> dict[str, str | int]:
        """The owner's connection in parts, for drivers that take no connection string with a socket's directory."""
        parts = urlsplit(self.owner)
        query = parse_qs(parts.query)
        return {
            "host": query["host"][0],
            "port": int(query["port"][0]),
            "database": parts.path.lstrip("/"),
            "username": parts.username or "",
            "password": parts.password or "",
        }

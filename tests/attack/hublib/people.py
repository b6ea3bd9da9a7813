"""Who attacks: people of the demonstration data, and what each must not get past."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.serving import token


@dataclass(frozen=True)
class Person:
    name: str
    sub: str | None
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def bearer(self) -> str:
        return token("anon" if self.sub is None else "authenticated", self.sub, **self.claims)

    def __str__(self) -> str:
        return self.name


def user(number: int) -> str:
    return f"10000000-0000-4000-8000-{number:012d}"


KARIM = "22222222-2222-4222-8222-222222222222"
ADMIN = "33333333-3333-4333-8333-333333333333"
# As administrator of their own claims: nothing in a token makes an administrator of Hub-Lib.
PRETENCE = {
    "user_role": "admin",
    "is_admin": True,
    "app_metadata": {"role": "admin"},
    "user_metadata": {"role": "admin"},
}

PEOPLE = [
    Person("anon", None),
    Person("a stranger", "99999999-9999-4999-8999-999999999999"),
    Person("a group member", user(26)),
    Person("a former group member", user(44)),
    Person("an expired share", user(51)),
    Person("a reader of a share", KARIM),
    Person("an admin whose role expired", user(5)),
    Person("a demoted admin", ADMIN, PRETENCE),  # target.sql takes the role away
    Person("a pretended admin", user(7), PRETENCE),
]

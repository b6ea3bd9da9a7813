"""What is asked of schema auth, and of `schema/gateway/009_auth.sql`."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """The text of `<name>.sql`, in which `{user}` stands for the columns of a user (`user.sql`)."""
    text = _read(name)
    return text.replace("{user}", _read("user").strip()) if "{user}" in text else text


def _read(name: str) -> str:
    return resources.files(__package__ or "gateway.auth.store.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")

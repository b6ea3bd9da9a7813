"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Describe = Callable[..., Awaitable[dict[str, Any]]]
"""``await describe(role, openapi, schema=…, accept=…, prefer=…, **rules)`` is the parsed document."""

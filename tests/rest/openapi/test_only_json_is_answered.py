"""What a request for the document may accept and prefer."""

from __future__ import annotations

import pytest

from gateway.rest.errors import RestError
from tests.rest.openapi.described import Describe


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "application/openapi+json",
        "text/html, application/json;q=0.1",
        "application/json; charset=utf-8",
    ],
)
async def test_any_form_of_json_will_do(describe: Describe, accept: str | None) -> None:
    assert (await describe(accept=accept))["swagger"] == "2.0"


@pytest.mark.parametrize("accept", ["text/csv", "text/html, image/*", "application/vnd.pgrst.object+json"])
async def test_anything_else_is_not_acceptable(describe: Describe, accept: str) -> None:
    with pytest.raises(RestError) as raised:
        await describe(accept=accept)
    assert (raised.value.status, raised.value.code) == (406, "PGRST107")
    assert raised.value.message == f"None of these media types are available: {accept}"


async def test_unknown_preferences_matter_under_strict_handling(describe: Describe) -> None:
    assert (await describe(prefer=("return=everything",)))["swagger"] == "2.0"
    with pytest.raises(RestError) as raised:
        await describe(prefer=("return=everything, handling=strict",))
    assert (raised.value.status, raised.value.code) == (400, "PGRST122")

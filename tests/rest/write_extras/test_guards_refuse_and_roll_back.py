"""`require_filter` and `max_affected`: a role that is guarded cannot change a whole table by mistake."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.settings import SettingsError, load_settings
from tests.rest.write_extras.brocante import GUARDED, SELLER, Brocante

WIDE = "SELECT * FROM market.items ORDER BY id"


@pytest.mark.parametrize(
    ("do", "body"),
    [
        ("DELETE /items", None),
        ("DELETE /items?select=id&order=id&limit=1", None),
        ("DELETE /heap", None),
        ("PATCH /items", {"name": "x"}),
        ("PATCH /items", {}),
        ("PATCH /items?columns=name", {"name": "x"}),
    ],
)
async def test_a_filter_is_required(brocante: Brocante, do: str, body: Any) -> None:
    before = await brocante.rows(WIDE)
    answer = await brocante.ask(do, body, bearer=GUARDED, guarded=True)
    assert (answer.status, answer.json["code"]) == (400, "PGRSTX40")
    assert "require_filter holds for the role 'brocante_guarded'" in answer.json["details"]
    assert answer.json["hint"] == f"Add a filter, such as ?{'column' if 'heap' in do else 'id'}=eq.…"
    assert await brocante.rows(WIDE) == before


@pytest.mark.parametrize(
    ("do", "body", "prefer"),
    [
        ("DELETE /items?id=eq.3", None, None),
        ("DELETE /items?or=(id.eq.3,id.eq.2)", None, None),
        ("PATCH /items?name=eq.Lamp", {"name": "x"}, None),
        ("PATCH /items", [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}], "update=by-key"),
        ("PUT /items?id=eq.8", {"id": 8, "name": "x"}, None),
        ("POST /items", [{"id": n} for n in range(20, 30)], None),
    ],
)
async def test_filtered_and_small_changes_pass(brocante: Brocante, do: str, body: Any, prefer: str | None) -> None:
    answer = await brocante.ask(do, body, bearer=GUARDED, guarded=True, prefer=prefer)
    assert answer.status in (201, 204), answer.body


@pytest.mark.parametrize(
    ("do", "body", "prefer"),
    [
        ("DELETE /items?id=gt.0", None, None),
        ("PATCH /items?id=not.is.null", {"name": "x"}, None),
        ("PATCH /items", [{"id": n, "name": "x"} for n in (1, 2, 3)], "update=by-key"),
    ],
)
async def test_more_rows_than_allowed_are_rolled_back(
    brocante: Brocante, do: str, body: Any, prefer: str | None
) -> None:
    before = await brocante.rows(WIDE)
    answer = await brocante.ask(do, body, bearer=GUARDED, guarded=True, prefer=prefer)
    assert (answer.status, answer.json["code"]) == (400, "PGRSTX41")
    assert answer.json["details"] == (
        "The guard max_affected allows the role 'brocante_guarded' 2 rows; 3 would be affected."
    )
    assert await brocante.rows(WIDE) == before


async def test_other_roles_are_others(brocante: Brocante) -> None:
    await brocante.connection.execute("INSERT INTO market.heap SELECT 'n', n FROM generate_series(1, 99) AS n")
    many = await brocante.ask("DELETE /heap", bearer=SELLER, guarded=True)
    assert (many.status, many.json["code"]) == (400, "PGRSTX41")
    assert many.json["hint"] == "The request has no filter: add one to affect fewer rows."
    assert await brocante.values("SELECT count(*) FROM market.heap") == [101]
    assert (await brocante.ask("DELETE /items", bearer=SELLER, guarded=True)).status == 204


async def test_an_anonymous_caller_learns_of_the_guard_and_not_of_rows(brocante: Brocante) -> None:
    answer = await brocante.ask("DELETE /items", bearer=None, guarded=True)
    assert (answer.status, answer.json["code"]) == (400, "PGRSTX40")


async def test_without_guards_everything_may_change(brocante: Brocante) -> None:
    assert (await brocante.ask("DELETE /items", bearer=GUARDED)).status == 204
    assert await brocante.values("SELECT count(*) FROM market.items") == [0]


def settings(**environment: str) -> Any:
    return load_settings({"PASSERELLE_DATABASE_URL": "postgresql://x", **environment})


def test_defaults_are_supabases_and_postgrests() -> None:
    assert settings().require_filter == ("anon", "authenticated")
    assert settings().max_affected == {}
    assert load_settings({"PGRST_DB_URI": "postgresql://x"}).require_filter == ()


def test_settings_are_read() -> None:
    found = settings(PASSERELLE_REQUIRE_FILTER="", PASSERELLE_MAX_AFFECTED="anon=5, *=1000")
    assert found.require_filter == ()
    assert found.max_affected == {"anon": 5, "*": 1000}
    assert found.public_dump()["max_affected"] == {"anon": 5, "*": 1000}


@pytest.mark.parametrize("wrong", ["anon", "anon=", "=5", "anon=-1", "anon=many", "anon=1,anon=2", "anon=1,,b=2"])
def test_wrong_limits_are_named(wrong: str) -> None:
    with pytest.raises(SettingsError, match="PASSERELLE_MAX_AFFECTED"):
        settings(PASSERELLE_MAX_AFFECTED=wrong)

"""The `jwt-role-claim-key` setting in both of its syntaxes."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.identity import Authenticator, IdentitySettings, RolePathError, parse_role_path
from gateway.identity.role_path import MISSING
from tests.identity.tokens import SECRET, hs256

CLAIMS: dict[str, Any] = {
    "role": "top",
    "realm": {"roles": ["other", "db_author", "db_admin", 5, None]},
    "https://example.com/roles": [{"value": "by_url", "kind": "x"}, {"value": "second", "kind": "y"}],
    "a b": {"c": "spaced"},
    "été": "summer",
    "nothing": None,
    "yes": True,
    "one": 1,
    "empty": [],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", CLAIMS),
        ("$.role", "top"),
        ("$['role']", "top"),
        ('$["role"]', "top"),
        ("$.été", "summer"),
        ("$.realm.roles[1]", "db_author"),
        ("$.realm.roles[-1]", None),
        ("$.realm.roles[-2]", 5),
        ("$.realm.roles[5]", MISSING),
        ("$.realm.roles[-6]", MISSING),
        ("$['a b'].c", "spaced"),
        ('$["a b"]["c"]', "spaced"),
        (r"$['\u0072ole']", "top"),
        ('$["https://example.com/roles"][0].value', "by_url"),
        ("$.realm.roles[?(@ == 'db_author')]", "db_author"),
        ('$.realm.roles[?@=="db_author"]', "db_author"),
        ("$.realm.roles[?(@ != 'other')]", "db_author"),
        ("$.realm.roles[?search(@, '^db_ad')]", "db_admin"),
        ("$.realm.roles[?match(@, 'db_.*n')]", "db_admin"),
        ("$.realm.roles[?match(@, 'db_')]", MISSING),
        ("$.realm.roles[?(search(@, '^db') && @ != 'db_author')]", "db_admin"),
        ("$.realm.roles[?(@ == 'nope' || @ == 'other')]", "other"),
        ("$.realm.roles[?!(@ == 'other')]", "db_author"),
        ("$.realm.roles[?@ == 5]", 5),
        ("$.realm.roles[?@ == 5.0]", 5),
        ("$.realm.roles[?(@ == null)]", None),
        ("$['https://example.com/roles'][?@.kind == 'y'].value", "second"),
        ("$['https://example.com/roles'][?@.missing].value", MISSING),
        ("$['https://example.com/roles'][?@['kind']].value", "by_url"),
        ("$['https://example.com/roles'][*].value", "by_url"),
        ("$..value", "by_url"),
        ("$..roles[2]", "db_admin"),
        ("$..*", "top"),
        ("$['missing','role']", "top"),
        ("$[?@ == 'summer']", "summer"),
        ("$[?@ == true]", True),
        ("$.nothing", None),
        ("$.nothing.below", MISSING),
        ("$.role.below", MISSING),
        ("$.role[0]", MISSING),
        ("$.empty[0]", MISSING),
        ("$.realm[0]", MISSING),
        (".role", "top"),
        ('."role"', "top"),
        (".été", "summer"),
        ('."a b".c', "spaced"),
        (".realm.roles[1]", "db_author"),
        (".realm.roles[9]", MISSING),
        ('."https://example.com/roles"[0].value', "by_url"),
        ('.realm.roles[?(@ == "db_admin")]', "db_admin"),
        ('.realm.roles[?(@ != "other")]', "db_author"),
        ('.realm.roles[?(@ ^== "db_")]', "db_author"),
        ('.realm.roles[?(@ ==^ "min")]', "db_admin"),
        ('.realm.roles[?(@ *== "_ad")]', "db_admin"),
        ('.realm.roles[?(@=="nope")]', MISSING),
        ('.role[?(@ == "top")]', MISSING),
        (".missing.role", MISSING),
        (".nothing", None),
    ],
)
def test_what_a_path_finds(path: str, found: Any) -> None:
    result = parse_role_path(path).first(CLAIMS)
    assert result is found if found is MISSING else result == found


def test_true_is_not_one() -> None:
    assert parse_role_path("$[?@ == 1]").first({"a": True, "b": 1}) is not True


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("", 1),
        ("role", 1),
        ("1234", 1),
        ("role.other", 1),
        ("@@.role.other", 1),
        ("$.my_role;;domain", 10),
        ("$role", 2),
        ("$.", 3),
        ("$.1a", 3),
        ("$..", 4),
        ("$[", 3),
        ("$[]", 3),
        ("$[01]", 4),
        ("$[-0]", 3),
        ("$[role]", 3),
        ("$['role", 3),
        ("$['a'", 6),
        ("$[?]", 4),
        ("$[?@ = 'x']", 6),
        ("$[?@ == x]", 9),
        ("$[?@ == 'x'", 12),
        ("$[?(@ == 'x']", 13),
        ("$[?'x']", 7),
        ("$[?search(@, '(')]", 17),
        ("$[?length(@) == 2]", 4),
        (r"$['\q']", 7),
        ("$[?" + "(" * 40 + "@" + ")" * 40 + "]", 37),
        ("$.role ", 7),
        (".", 2),
        (".role##", 6),
        (".my_role;;domain", 9),
        (".#$$%&$%/", 2),
        (".role[?(@ =)]", 11),
        (".role[-1]", 7),
        (".role[", 7),
        ('.role[?(@ == "x")].more', 19),
        ('.role[?(@ == "x"', 17),
        (".role[?(@ == x)]", 14),
        ('."role', 2),
        (".role-name", 6),
    ],
)
def test_what_is_not_a_path_and_where(path: str, position: int) -> None:
    with pytest.raises(RolePathError, match=f"at position {position}:"):
        parse_role_path(path)


def test_only_the_older_syntax_is_deprecated() -> None:
    assert parse_role_path(".role").deprecated
    assert not parse_role_path("$.role").deprecated


def test_the_role_comes_from_the_path() -> None:
    settings = IdentitySettings(jwt_secret=SECRET, jwt_role_claim_key="$.app.roles[?search(@,'^db_')]")
    caller = Authenticator(settings).identify("Bearer " + hs256({"role": "x", "app": {"roles": ["y", "db_z"]}}), None)
    assert caller.role == "db_z"
    assert caller.claims == '{"role":"db_z","app":{"roles":["y","db_z"]}}'


def test_a_deep_document_does_not_exhaust_the_stack() -> None:
    document: Any = "end"
    for _ in range(50_000):
        document = [document]
    assert parse_role_path("$..[?@ == 'end']").first(document) == "end"

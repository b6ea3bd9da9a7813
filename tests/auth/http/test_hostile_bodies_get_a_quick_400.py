"""What is not a plain JSON object is refused, whatever it tries (threats T30 to T32)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from gateway.auth.body import LARGEST, Body, MetadataLimits, check_metadata, read_body, read_code_challenge
from gateway.auth.errors import AuthError

JSON = "application/json;charset=UTF-8"


def refused(body: bytes, content_type: str | None = JSON) -> tuple[int, str]:
    with pytest.raises(AuthError) as raised:
        read_body(body, content_type)
    return raised.value.status, raised.value.code


def failed(raised: pytest.ExceptionInfo[AuthError]) -> str:
    assert (raised.value.status, raised.value.code) == (400, "validation_failed")
    return raised.value.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"{'a':1}",
        b'{"a":1,}',
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"true",
        b"email=a%40b.co&password=x",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":"line\nbreak"}',
        b'{"a":"\0"}',
        b'{"role":"a","role":"b"}',
        b'{"a":{"b":1,"b":1}}',
        b'{"\\u0061":1,"a":1}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":9223372036854775808}',
        b'{"a":-9223372036854775809}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":' + b"1" * 100_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 100_000,
        b'{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_object_is_bad_json(body: bytes) -> None:
    assert refused(body) == (400, "bad_json")


@pytest.mark.parametrize(
    "body",
    [b'{"a":"\\u0000"}', b'{"a\\u0000":1}', b'{"a":["\\ud800"]}', b'{"\\uDFFF":1}', b'{"x":[{"a":"\\ud83dx"}]}'],
)
def test_text_that_cannot_be_stored_is_refused(body: bytes) -> None:
    assert refused(body) == (400, "validation_failed")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"a":"\\ud83d\\ude00"}', "\U0001f600"),
        (b'{"a":"\\\\u0000"}', "\\u0000"),
        (b'{"a":"\\u00e9"}', "é"),
        ('{"a":"é"}'.encode(), "é"),
    ],
)
def test_harmless_escapes_are_text(body: bytes, text: str) -> None:
    assert read_body(body, JSON).text("a") == text


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
        ";",
    ],
)
def test_another_content_type_is_bad_json(content_type: str) -> None:
    if content_type:
        assert refused(b'{"a":1}', content_type) == (400, "bad_json")
    else:
        assert read_body(b'{"a":1}', content_type).members == {"a": 1}


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", JSON, "Application/JSON ; charset=utf-8", "application/vnd.pgrst.object+json"],
)
def test_content_types_of_json(content_type: str | None) -> None:
    assert read_body(b'{"a":1}', content_type).members == {"a": 1}


def test_no_body_is_an_empty_object_where_an_endpoint_needs_none() -> None:
    for content_type in (None, JSON, "text/plain"):
        assert read_body(b"", content_type, may_be_empty=True).members == {}
    assert refused(b"") == (400, "bad_json")
    with pytest.raises(AuthError):
        read_body(b" ", JSON, may_be_empty=True)


def test_a_body_beyond_the_limit_is_413() -> None:
    filler = LARGEST - len('{"a":""}')
    assert read_body(b'{"a":"' + b"x" * filler + b'"}', JSON)
    assert refused(b'{"a":"' + b"x" * (filler + 1) + b'"}') == (413, "request_entity_too_large")
    assert refused(b"\xff" * (LARGEST + 1), "text/plain") == (413, "request_entity_too_large")


WRONG = [1, 1.5, True, False, [], ["a@b.co"], {}, {"a": 1}]


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_text_is_a_text(value: object) -> None:
    body = read_body(json.dumps({"it": value}).encode(), JSON)
    for read in (body.text, body.required_text, body.email, body.phone, body.uuid, lambda name: body.choice(name, "a")):
        with pytest.raises(AuthError) as raised:
            read("it")
        assert failed(raised) == "it must be a string"


@pytest.mark.parametrize("value", ["false", "true", 0, 1, [], {}], ids=repr)
def test_a_boolean_is_a_boolean(value: object) -> None:
    with pytest.raises(AuthError) as raised:
        read_body(json.dumps({"create_user": value}).encode(), JSON).boolean("create_user")
    assert failed(raised) == "create_user must be a boolean"


@pytest.mark.parametrize("value", ["{}", 1, True, [], [{}]], ids=repr)
def test_an_object_is_an_object(value: object) -> None:
    body = read_body(json.dumps({"data": value}).encode(), JSON)
    for read in (body.object, body.metadata):
        with pytest.raises(AuthError) as raised:
            read("data")
        assert failed(raised) == "data must be an object"


def test_null_and_nothing_are_absent() -> None:
    for body in (read_body(b'{"it":null}', JSON), read_body(b"{}", JSON)):
        assert "it" not in body
        assert body.text("it") is body.boolean("it") is body.object("it") is body.uuid("it") is None
        assert body.email("it") is body.phone("it") is body.metadata("it") is body.choice("it", ["a"]) is None
        assert body.code_challenge() is None
        with pytest.raises(AuthError) as raised:
            body.required_text("it")
        assert failed(raised) == "it is required"


def test_empty_text_is_absent() -> None:
    body = read_body(b'{"it":""}', JSON)
    assert body.text("it") is body.email("it") is body.phone("it") is body.uuid("it") is None
    with pytest.raises(AuthError):
        body.required_text("it")


def test_values_and_unknown_keys() -> None:
    body = read_body(
        b'{"t":"x","b":false,"o":{"n":null},"i":"A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11","unknown":[1],"c":"sms"}', JSON
    )
    assert body.text("t") == body.required_text("t") == "x"
    assert body.boolean("b") is False
    assert body.object("o") == {"n": None}
    assert body.uuid("i") == UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    assert body.choice("c", ("sms", "email")) == "sms"
    assert "t" in body


@pytest.mark.parametrize(
    "text",
    [
        "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
        "urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n",
        " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g",
        "1' or '1'='1",
    ],
)
def test_a_uuid_is_canonical(text: str) -> None:
    with pytest.raises(AuthError) as raised:
        Body({"id": text}).uuid("id")
    assert failed(raised) == "id must be a UUID"


def test_long_texts_and_unknown_choices_are_refused_without_quoting_them() -> None:
    body = Body({"password": "hunter2" * 1000, "type": "hunter2"})
    with pytest.raises(AuthError) as raised:
        body.text("password")
    assert failed(raised) == "password is longer than 4096 characters"
    assert len(body.required_text("password", longest=7000)) == 7000
    with pytest.raises(AuthError) as raised:
        body.choice("type", {"signup", "email_change"})
    assert failed(raised) == "type must be one of email_change, signup"
    assert "hunter2" not in repr(body)


def test_metadata_without_what_the_server_writes() -> None:
    body = read_body(
        b'{"data":{"name":"Ann","sub":"x","email":"x","email_verified":true,"phone_verified":true,"phone":"1",'
        b'"__proto__":{"admin":true},"gone":null}}',
        JSON,
    )
    assert body.metadata("data") == {"name": "Ann", "phone": "1", "gone": None}
    assert set(body.metadata("data", ignored=()) or ()) >= {"sub", "email", "email_verified", "name"}
    assert "__proto__" not in (body.metadata("data", ignored=()) or {})


def nested(levels: int, make_list: bool) -> dict[str, object]:
    inner: object = 1
    for _ in range(levels - 1):
        inner = [inner] if make_list else {"a": inner}
    return {"a": inner}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({str(number): 1 for number in range(10_000)}, "data has more than 1000 values"),
        ({"a": [{"b": 1}] * 600}, "data has more than 1000 values"),
        ({"a": [0] * 1001}, "data has more than 1000 values"),
        ({"a": "x" * 8200}, "data is larger than 8192 bytes"),
        ({"a": "é" * 4100}, "data is larger than 8192 bytes"),
        ({"x" * 8200: 1}, "data is larger than 8192 bytes"),
        (nested(9, make_list=False), "data is nested too deeply"),
        (nested(9, make_list=True), "data is nested too deeply"),
        (nested(900, make_list=True), "data is nested too deeply"),
    ],
    ids=["keys", "inner keys", "items", "text", "bytes", "name", "objects", "arrays", "deep"],
)
def test_metadata_has_limits(data: dict[str, object], message: str) -> None:
    with pytest.raises(AuthError) as raised:
        read_body(json.dumps({"data": data}).encode(), JSON).metadata("data")
    assert failed(raised) == message


@pytest.mark.parametrize(
    ("limits", "within", "beyond"),
    [
        (MetadataLimits(size=14), {"a": {"b": 12}}, {"a": {"b": 123}}),
        (MetadataLimits(values=2), {"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        (MetadataLimits(values=2), {"a": [1]}, {"a": [1, 2]}),
        (MetadataLimits(depth=2), {"a": {"b": 1}}, {"a": {"b": {}}}),
        (MetadataLimits(), nested(8, make_list=True), nested(9, make_list=True)),
    ],
)
def test_metadata_within_its_limits(limits: MetadataLimits, within: Any, beyond: Any) -> None:
    check_metadata("data", within, limits)
    with pytest.raises(AuthError):
        check_metadata("data", beyond, limits)


CHALLENGE = "4vRr8.-_~" + "a" * 34


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (CHALLENGE, None),
        (None, "s256"),
        (CHALLENGE, ""),
        ("", "plain"),
        (CHALLENGE[:42], "s256"),
        ("a" * 129, "s256"),
        (CHALLENGE + "+", "s256"),
        (CHALLENGE + "\n", "s256"),
        (CHALLENGE, "s512"),
        (CHALLENGE, "\u017f256"),
    ],
)
def test_halves_of_pkce_are_refused(challenge: str | None, method: str | None) -> None:
    with pytest.raises(AuthError) as raised:
        read_code_challenge(challenge, method)
    failed(raised)


@pytest.mark.parametrize("method", ["s256", "S256", "plain", "PLAIN"])
def test_pkce(method: str) -> None:
    found = Body({"code_challenge": CHALLENGE, "code_challenge_method": method}).code_challenge()
    assert found is not None
    assert (found.challenge, found.method) == (CHALLENGE, method.lower())
    assert Body({"code_challenge": None, "code_challenge_method": None}).code_challenge() is None

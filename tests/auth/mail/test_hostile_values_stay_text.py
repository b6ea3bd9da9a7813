"""What users choose (names, addresses, metadata) is text in a mail: no tag, no header, no second recipient."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from gateway.auth.mail import AddressUnfit, Kind, SenderUnfit, Variables, compose, load_library
from gateway.auth.mail.addresses import deliverable
from gateway.auth.mail.envelope import envelope, sender_address

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def greeting(tmp_path: Path) -> Path:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "invite.txt").write_text("Subject: Hi {{ .Data.name }}\n\nHi {{ .Data.name }}, {{ .Data }}\n")
    (tmp_path / "en" / "invite.html").write_text('<p title="{{ .Data.name }}">{{ .Data.name }} {{ .Data }}</p>')
    return tmp_path


@pytest.mark.parametrize(
    ("name", "subject", "html"),
    [
        ("Ann", "Hi Ann", "Ann"),
        ("<b>&\"'", "Hi <b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("Ann\r\nBcc: eve@evil.example", "Hi Ann Bcc: eve@evil.example", "Ann Bcc: eve@evil.example"),
        ("A\u2028B\x00C\u202e", "Hi A B C", "A B C"),
        ("{{ .Token }}", "Hi {{ .Token }}", "{{ .Token }}"),
        (None, "Hi", ""),
        (["x"], "Hi", ""),
        (7, "Hi 7", "7"),
        ("x" * 500, "Hi " + "x" * 196 + "…", "x" * 199 + "…"),
    ],
)
def test_metadata(greeting: Path, name: object, subject: str, html: str) -> None:
    variables = Variables(email="ann@example.com", data={"name": name, "deep": {"<i>": 1}})

    message = compose(load_library(greeting), Kind.INVITE, "en", variables)

    assert message.subject == subject
    assert f'<p title="{html}">' in message.html
    assert "<i>" not in message.html
    assert "\n" not in message.text[:-1]
    mail = message_from_bytes(
        envelope(message, sender_address("Us <us@example.com>"), identifier="1", at=AT).as_bytes(), policy=default
    )
    assert mail["Subject"] == subject
    assert "Bcc" not in mail


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@a@b",
        "ann@example.com, eve@evil.example",
        "ann@example.com\r\nBcc: eve@evil.example",
        "ann@example.com\n",
        "ann@example.com\u2028x",
        "Ann <ann@example.com>",
        "ann example@example.com",
        '"a b"@example.com',
        "ann@example.com\x00",
        "a" * 251 + "@b.co",
        "=?utf-8?q?a=2Cb?=@example.com",
        "a@=?utf-8?q?b?=",
        "a..b@example.com",
        ".a@example.com",
        "a@b..c",
        "a@example.com.",
        "a@-b-",
        "a@" + "b" * 64 + ".co",
        "a@[127.0.0.1]",
        "a@\u202eexample.com",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(AddressUnfit):
        compose(load_library(), Kind.SIGNUP, "en", Variables(email=address))


@pytest.mark.parametrize(
    "address",
    ["a@b", "a.b+c_d'e%f@example.co.uk", "jörg@exämple.com", "a=b?c@x.co", "用户@例子.公司", "a@xn--exmple-cua.com"],
)
def test_an_address_that_is_one_is_taken(address: str) -> None:
    message = compose(load_library(), Kind.SIGNUP, "en", Variables(email=address))
    mail = message_from_bytes(
        envelope(message, sender_address("us@example.com"), identifier="1", at=AT).as_bytes(), policy=default
    )
    assert [each.addr_spec for each in mail["To"].addresses] == [deliverable(address)]


@pytest.mark.parametrize("text", ["", "us", "us@", "Us <us>", "Us <us@example.com>\r\nBcc: x@y.z", "us@example\n.com"])
def test_a_sender_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SenderUnfit):
        sender_address(text)


def test_the_envelope() -> None:
    message = compose(load_library(), Kind.RECOVERY, "fr", Variables(email="ann@exämple.com", token="042137"))

    mail = envelope(message, sender_address("Chez nous <us@example.com>"), identifier="1f", at=AT)

    assert mail["From"] == "Chez nous <us@example.com>"
    assert mail["To"] == "ann@xn--exmple-cua.com"
    assert mail["Message-ID"] == "<1f@example.com>"
    assert mail["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, mail.as_bytes().split(b"\r\n"))) <= 998

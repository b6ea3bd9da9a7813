"""SMTP URLs: what they mean, and that refusing one never shows a password."""

from __future__ import annotations

import pytest

from gateway.smtpurl import Security, SmtpServer, SmtpUrlError, parse_smtp_url

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 587)),
        ("SMTP://mail.example.com:25/", SmtpServer("mail.example.com", 25)),
        ("starttls://mail", SmtpServer("mail", 587)),
        ("smtps://mail", SmtpServer("mail", 465, Security.TLS)),
        ("smtp://localhost?tls=none", SmtpServer("localhost", 25, Security.NONE)),
        ("smtp://[::1]:1025?tls=none", SmtpServer("::1", 1025, Security.NONE)),
        ("smtp://ann:p%40s%2Fs@mail:587?tls=required", SmtpServer("mail", 587, user="ann", password="p@s/s")),
        ("smtp://ann%40x.co:p@ss@mail", SmtpServer("mail", 587, user="ann@x.co", password="p@ss")),
        (
            "smtps://mail?verify=no&ca=/a%20b.pem&timeout=2.5",
            SmtpServer("mail", 465, Security.TLS, verify=False, ca="/a b.pem", timeout=2.5),
        ),
    ],
)
def test_meaning(url: str, expected: SmtpServer) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "must begin with smtp://"),
        (f"{SECRET}@mail", "must begin with"),
        (f"http://u:{SECRET}@mail", "must begin with"),
        (f"smtp://u:{SECRET}@", "names no host"),
        (f"smtp://u:{SECRET}@a b", "names no host"),
        (f"smtp://u:{SECRET}@mail:0", "port"),
        (f"smtp://u:{SECRET}@mail:99999", "port"),
        (f"smtp://u:{SECRET}@mail:x", "port"),
        (f"smtp://u:{SECRET}/@mail", "percent-encode"),
        (f"smtp://u:{SECRET}?@mail", "percent-encode"),
        (f"smtp://u:{SECRET}#@mail", "'#'"),
        (f"smtp://u:{SECRET}%@mail", "'%'"),
        (f"smtp://u:{SECRET}%0d%0aRSET@mail", "control characters"),
        (f"smtp://:{SECRET}@mail", "without a user"),
        ("smtp://ann@mail", "without a password"),
        (f"smtp://u:{SECRET}@mail/path", "a path"),
        (f"smtp://u:{SECRET}@mail?tls=optional", "unknown value for tls"),
        (f"smtps://u:{SECRET}@mail?tls=none", "contradicts smtps://"),
        (f"smtp://u:{SECRET}@mail?tls=none&ca=/x", "options for TLS"),
        (f"smtp://u:{SECRET}@mail?verify=maybe", "unknown value for verify"),
        (f"smtp://u:{SECRET}@mail?timeout=0", "unknown value for timeout"),
        (f"smtp://u:{SECRET}@mail?timeout=nan", "unknown value for timeout"),
        (f"smtp://u:{SECRET}@mail?{SECRET}=1", "unknown option"),
        (f"smtp://u:{SECRET}@mail?verify=no&verify=no", "twice"),
    ],
)
def test_refusals_keep_the_password(url: str, problem: str) -> None:
    with pytest.raises(SmtpUrlError) as caught:
        parse_smtp_url(url)
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    assert SECRET not in repr(parse_smtp_url(f"smtp://u:{SECRET}@mail"))

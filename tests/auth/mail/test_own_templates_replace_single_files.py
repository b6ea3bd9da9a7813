"""An operator's files: each replaces one of ours, and what is wrong with them is said at the start, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.auth.mail import Kind, TemplateError, Variables, compose, load_library

VARIABLES = Variables(
    email="ann@example.com",
    new_email="n@example.com",
    confirmation_url="https://x.example/?a=1&b=2",
    token="042137",
    token_hash="h4sh",
    site_url="https://site.example",
    redirect_to="https://site.example/after",
    data={"name": "Ann"},
)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_a_file_replaces_one_and_the_others_stay(tmp_path: Path) -> None:
    write(tmp_path, "fr/signup.html", "<h2>Salut {{.Data.name}}</h2>")
    write(tmp_path, ".git/config", "not ours")
    library, packaged = load_library(tmp_path), load_library()

    mine, theirs = (compose(each, Kind.SIGNUP, "fr", VARIABLES) for each in (library, packaged))

    assert "<h2>Salut Ann</h2>" in mine.html
    assert mine.html.startswith("<!doctype html>")
    assert (mine.subject, mine.text) == (theirs.subject, theirs.text)
    assert compose(library, Kind.SIGNUP, "en", VARIABLES) == compose(packaged, Kind.SIGNUP, "en", VARIABLES)


def test_a_whole_document_gets_no_layout(tmp_path: Path) -> None:
    write(tmp_path, "en/signup.html", "\n<HTML><p>{{ .Token }}</p></HTML>")
    assert compose(load_library(tmp_path), Kind.SIGNUP, "en", VARIABLES).html == "\n<HTML><p>042137</p></HTML>"


def test_an_own_layout_is_around_every_content(tmp_path: Path) -> None:
    write(tmp_path, "en/layout.html", "<main title='{{ .Subject }}'>{{ .Content }}</main>")
    write(tmp_path, "en/signup.txt", "Subject: It's <you>\r\n\r\nx\r\n")
    write(tmp_path, "en/signup.html", "<b>{{ .Email }}</b>")

    message = compose(load_library(tmp_path), Kind.SIGNUP, "en", VARIABLES)

    assert message.html == "<main title='It&#x27;s &lt;you&gt;'><b>ann@example.com</b></main>"
    assert message.text == "x\n"


def test_all_variables_however_they_are_spaced(tmp_path: Path) -> None:
    names = ["ConfirmationURL", "Token", "TokenHash", "SiteURL", "Email", "NewEmail", "RedirectTo", "Data.name"]
    text = "|".join(
        f"{{{{{space}.{name}{space}}}}}" for space, name in zip(["", " ", "\n\t "] * 3, names, strict=False)
    )
    write(tmp_path, "en/signup.txt", f"Subject: s\n\n{text}|}} }}}} {{ .Token }}")

    message = compose(load_library(tmp_path), Kind.SIGNUP, "en", VARIABLES)

    assert message.text.split("|") == [
        "https://x.example/?a=1&b=2",
        "042137",
        "h4sh",
        "https://site.example",
        "ann@example.com",
        "n@example.com",
        "https://site.example/after",
        "Ann",
        "} }} { .Token }",
    ]


@pytest.mark.parametrize(
    ("name", "text", "place", "problem"),
    [
        ("en/signup.html", "<p>\n\n{{ if .Data }}", "en/signup.html, line 3", "only plain variables"),
        ("en/signup.html", "{{ .Token | html }}", "en/signup.html, line 1", "only plain variables"),
        ("en/signup.html", "{{- .Token -}}", "en/signup.html, line 1", "only plain variables"),
        ("en/signup.html", "{{ Token }}", "en/signup.html, line 1", "only plain variables"),
        ("en/signup.html", "{{ .Token }", "en/signup.html, line 1", "only plain variables"),
        ("en/signup.html", "{{ .Data.a.b }}", "en/signup.html, line 1", "only plain variables"),
        ("en/signup.html", "{{ .Data.__class__.x }}", "en/signup.html, line 1", "only plain variables"),
        ("en/signup.html", "{{ .Tokens }}", "en/signup.html, line 1", "no variable .Tokens"),
        ("en/signup.html", "{{ .Email.x }}", "en/signup.html, line 1", "no variable .Email.x"),
        ("en/signup.html", "{{ .Content }}", "en/signup.html, line 1", "no variable .Content"),
        ("en/layout.html", "{{ .Content }}\n{{ .Token }}", "en/layout.html, line 2", "no variable .Token"),
        ("en/signup.txt", "Hello", "en/signup.txt, line 1", "Subject:"),
        ("en/signup.txt", "Subject:\n\nHello", "en/signup.txt, line 1", "Subject:"),
        ("en/signup.txt", "Subject: a\nb\n\nHello", "en/signup.txt, line 1", "Subject:"),
        ("en/signup.txt", "Subject: {{ x }}\n\nHello", "en/signup.txt, line 1", "only plain variables"),
        ("en/signup.txt", "Subject: a\n\nb\n{{ x }}", "en/signup.txt, line 4", "only plain variables"),
        ("en/signup.txt", b"Subject: a\n\n\xff", "en/signup.txt, line 3", "not UTF-8"),
        ("en/signup.html", "x" * 300_000, "en/signup.html, line 1", "larger than"),
        ("en/sign-up.html", "x", "en/sign-up.html, line 1", "no mail uses this file"),
        ("de/signup.html", "x", "de/signup.html, line 1", "no mail uses this file"),
        ("signup.html", "x", "signup.html, line 1", "no mail uses this file"),
    ],
)
def test_what_is_wrong_is_said_at_the_start(
    tmp_path: Path, name: str, text: str | bytes, place: str, problem: str
) -> None:
    write(tmp_path, name, text)
    with pytest.raises(TemplateError) as caught:
        load_library(tmp_path)
    assert f"{place}: " in str(caught.value)
    assert problem in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no such folder"):
        load_library(tmp_path / "nowhere")

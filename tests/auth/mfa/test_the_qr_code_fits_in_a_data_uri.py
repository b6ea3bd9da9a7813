"""The SVG is an image behind `data:image/svg+xml;utf-8,` as supabase-js writes it, and shows the right code."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
import segno

from gateway.auth.mfa import qr, totp

SVG = "{http://www.w3.org/2000/svg}"
URIS = [
    totp.otpauth_uri(b"s" * 20, issuer="example.org", account="a@b.c"),
    totp.otpauth_uri(b"s" * 20, issuer="<script>'\"&#", account="<!--]]>%22"),
    totp.otpauth_uri(b"s" * 20, issuer="😀" * 60, account="😀" * 200),  # the longest there is
]


@pytest.mark.parametrize("uri", URIS)
def test_a_data_uri_keeps_it_whole(uri: str) -> None:
    image = qr.svg(uri)
    whole = "data:image/svg+xml;utf-8," + image
    assert urlsplit(whole).fragment == ""
    assert unquote(urlsplit(whole).path.partition(",")[2]) == image
    assert image.isascii()
    assert not set(image) & set('#%"&\\\r\n\t')
    assert image.startswith("<svg ")


@pytest.mark.parametrize("uri", URIS)
def test_its_modules_are_those_of_the_code(uri: str) -> None:
    root = ET.fromstring(qr.svg(uri))
    assert root.tag == f"{SVG}svg"
    matrix = segno.make(uri, error="l", micro=False).matrix
    side = len(matrix) + 8
    assert root.get("viewBox") == f"0 0 {side} {side}"
    white, black = root.findall(f"{SVG}path")
    assert (white.get("fill"), white.get("d")) == ("white", f"M0 0h{side}v{side}h-{side}z")
    assert black.get("fill") == "black"
    shown = [bytearray(len(matrix)) for _ in matrix]
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", black.get("d", ""))
    assert "".join(f"M{x} {y}h{width}v1h-{back}z" for x, y, width, back in runs) == black.get("d")
    for x, y, width, back in runs:
        assert width == back
        for module in range(int(width)):
            shown[int(y) - 4][int(x) - 4 + module] = 1
    assert shown == [bytearray(row) for row in matrix]


def test_too_long_a_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="too large"):
        qr.svg("x" * 3000)

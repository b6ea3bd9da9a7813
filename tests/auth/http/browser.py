"""Where a browser goes: the host of a URL by the WHATWG URL standard, independent of the code under test."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote_to_bytes

import idna

SPECIAL = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
FORBIDDEN = set("\0\t\n\r #/:<>?@[\\]^|%") | {chr(code) for code in range(0x20)} | {"\x7f"}


class Nowhere(Exception):
    """The standard's "failure"."""


def goes_to(text: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port; host None for schemes that are not special. Raises Nowhere."""
    text = text.strip("".join(map(chr, range(0x21))))
    text = re.sub("[\t\r\n]", "", text)
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if found is None:
        raise Nowhere("no scheme")
    scheme, rest = found[1].lower(), text[found.end() :]
    if scheme not in SPECIAL:
        return scheme, None, None
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
    authority = authority.rpartition("@")[2]
    host, port = authority, ""
    if colon := re.search(r":([^\]:]*)$", authority):
        host, port = authority[: colon.start()], colon[1]
    if port and not re.fullmatch("[0-9]+", port):
        raise Nowhere("port")
    if port and int(port) > 65535:
        raise Nowhere("port")
    return scheme, _host(host), int(port) if port else SPECIAL[scheme]


def _host(text: str) -> str:
    if text.startswith("["):
        if not text.endswith("]") or "%" in text:
            raise Nowhere("bracket")
        try:
            return f"[{IPv6Address(text[1:-1])}]"
        except ValueError:
            raise Nowhere("IPv6") from None
    try:
        decoded = unquote_to_bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace")
        domain = idna.uts46_remap(decoded, std3_rules=False, transitional=False)
        if not domain.isascii():
            domain = idna.encode(domain).decode()
    except idna.IDNAError:
        raise Nowhere("IDNA") from None
    domain = domain.lower()
    if not domain or set(domain) & FORBIDDEN:
        raise Nowhere("forbidden")
    labels = domain.removesuffix(".").split(".")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return _address(labels)
    return domain


def _address(labels: list[str]) -> str:
    if len(labels) > 4:
        raise Nowhere("IPv4")
    numbers = [_number(label) for label in labels]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise Nowhere("IPv4")
    whole = numbers[-1] + sum(number * 256 ** (3 - place) for place, number in enumerate(numbers[:-1]))
    return str(IPv4Address(whole))


def _number(label: str) -> int:
    try:
        if label.startswith("0x"):
            return int(label[2:] or "0", 16)
        return int(label, 8 if len(label) > 1 and label[0] == "0" else 10)
    except ValueError:
        raise Nowhere("IPv4") from None

"""The allow-list of redirects: what it allows, and every trick to leave it (threat T19)."""

from __future__ import annotations

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from gateway.auth.redirects import PatternRefused, Redirects
from gateway.auth.weburl import UnsafeUrl, read_url
from tests.auth.http.browser import Nowhere, goes_to

SITE = "https://site.example"
REDIRECTS = Redirects(
    SITE,
    ["https://*.preview.example/**", "https://other.example/cb**", "http://lan.example:8080/*", "myapp://cb/**"],
)

ALLOWED = [
    "https://site.example",
    "https://site.example/",
    "https://site.example:443/x",
    "https://site.example:0443/x:1",
    "https://SITE.example/cb?next=/a&b[]=1#/route",
    "HTTPS://site.example/cb",
    "https://site.example/a@b",
    "https://site.example/a//b",
    "https://site.example/?u=https://evil.example/..",
    "https://site.example/%2f%2fevil.example",
    "https://site.example/...",
    "https://site.example/.well-known/x",
    "https://a.preview.example/x",
    "https://a-b-1.preview.example/",
    "https://a.preview.example",
    "https://other.example/cb",
    "https://other.example/cb?next=1",
    "https://other.example/cb/deep/er",
    "http://lan.example:8080/cb",
    "http://127.0.0.1:53117/cb",
    "https://127.0.0.1/",
    "http://127.8.9.1:1/cb",
    "http://[::1]:53117/cb",
    "myapp://cb/x",
    "MyApp://cb/",
]

ATTACKS = [
    "//evil.example",
    "///evil.example",
    "/welcome",
    "welcome",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:site.example",
    "https:///site.example",
    "https://",
    "https://?site.example",
    "https://site.example@evil.example",
    "https://site.example:443@evil.example/",
    "https://user@site.example/",
    "https://user:password@site.example/",
    "https://@site.example/",
    "https://site.example.evil.example",
    "https://evilsite.example",
    "https://evil.example/?https://site.example",
    "https://evil.example/https://site.example",
    "https://evil.example#https://site.example",
    "https://evil.example#@site.example",
    "https://evil.example?@site.example/",
    "\\\\evil.example",
    "https:\\\\site.example",
    "https://site.example\\@evil.example",
    "https://evil.example\\@site.example",
    "https://site.example\\.evil.example",
    "https://site.example/\\evil.example",
    "https://site.example/\0",
    "https://site.example\0.evil.example",
    "https://site.example/%00",
    "https://site.example%00.evil.example",
    "https://site.example/\r\nSet-Cookie: a=b",
    "https://site.example/%0d%0aSet-Cookie:%20a=b",
    "https://site.example/%0A",
    "https://site.example/%1f%7F",
    "https://site.example/#\r\nX: 1",
    "https://site.example/?a=\n",
    "https://site.example/\x85",
    "\thttps://site.example",
    "ht\ntps://evil.example",
    "https://evil\t.example",
    " https://site.example",
    "https://site.example /",
    "https://site.example%2eevil.example",
    "https://site.example%40evil.example",
    "https://site.example%2f@evil.example",
    "https://site\u3002example",
    "https://site\uff0eexample",
    "https://site.example\uff0f@evil.example",
    "https://site.example\u2100.evil.example",
    "https://\u017fite.example",
    "https://\u0455ite.example",
    "https://s\u00adite.example",
    "https://site.example\u200b",
    "https://site.example.",
    "https://site..example",
    "https://.site.example",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
    "https://127.0.0.01/",
    "https://127.0.0.0x1/",
    "https://127.0.0.256/",
    "https://3232235777/",
    "https://192.168.1.1/",
    "https://0.0.0.0/",
    "https://1.preview.example.0x10/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::]/",
    "https://[2001:db8::1]/",
    "https://[::1%25eth0]/",
    "https://[::1",
    "https://[::1]evil.example/",
    "https://[site.example]/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://site.example/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://site.example/x",
    "intent://site.example#Intent;S.browser_fallback_url=https://evil.example;end",
    "view-source:https://site.example",
    "http://site.example",
    "HTTP://site.example/",
    "ws://site.example",
    "ftp://site.example",
    "https://site.example:8443/",
    "https://site.example:80/",
    "https://site.example:/",
    "https://site.example:0/",
    "http://127.0.0.1:0/",
    "https://site.example:65979/",
    "https://site.example:443:443/",
    "https://site.example:44\u0663/",
    "https://preview.example/x",
    "https://.preview.example/x",
    "https://a.b.preview.example/x",
    "https://a.preview.example.evil.example/x",
    "https://evil.example/.preview.example/x",
    "https://evil.example?.preview.example/x",
    "https://evil.example#.preview.example/x",
    "https://a.preview.example:8443/x",
    "http://a.preview.example/x",
    "https://other.example/c",
    "https://other.example/",
    "https://other.example/cb/../x",
    "https://other.example/cb/%2e%2E/x",
    "https://other.example/cb/.%2e",
    "https://other.example/cb/./x",
    "https://other.example/?/cb",
    "http://lan.example:8080/a/b",
    "http://lan.example:8080/a.b",
    "http://lan.example/a",
    "http://localhost/",
    "http://localhost:3000/",
    "myapp://cb",
    "myapp://evil/x",
    "myapp:cb/x",
    "myapps://cb/x",
    "myapp://cb\\/x",
    "otherapp://cb/x",
    "https://site.example/" + "a" * 2048,
    "https://site.example/\ud800",
]


@pytest.mark.parametrize("candidate", ALLOWED)
def test_these_are_allowed(candidate: str) -> None:
    destination = REDIRECTS.choose([candidate])
    assert destination.url == read_url(candidate)
    assert destination.url != REDIRECTS.site or candidate.rstrip("/") == SITE
    assert not destination.refused


@pytest.mark.parametrize("candidate", ATTACKS, ids=lambda text: ascii(text)[:60])
def test_these_end_at_the_site(candidate: str) -> None:
    destination = REDIRECTS.choose([candidate])
    assert str(destination.url) == SITE
    [refusal] = destination.refused
    assert refusal.reason
    assert refusal.candidate == candidate[:200]


PIECES = [
    *("https:", "http:", "myapp:", "javascript:", "//", "/", "\\", "@", ":", ".", "..", "?", "#", "[", "]", "*", "%"),
    *("site.example", "evil.example", "a.preview.example", "other.example/cb", "lan.example:8080", "localhost"),
    *("127.0.0.1", "[::1]", "2130706433", "0x7f", "0177", "443", "8443", "x", "%2e", "%2f", "%40", "%5c", "%00"),
    *("\t", "\n", "\r", " ", "\0", "\u3002", "\uff0e", "\uff0f", "\uff20", "\u2100", "\u00ad", "\u200b", "\u212a"),
    *("xn--", "é", "user", "sb_flow_id=1", "&", "="),
]
VALID = st.sampled_from([*ALLOWED, "https://evil.example/", *ATTACKS[:30]])


@st.composite
def candidates(draw: st.DrawFn) -> str:
    """A URL with foreign pieces in it, or pieces only."""
    text = draw(VALID | st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(PIECES) | st.characters()) + text[place:]
    return text


def is_ours(host: str) -> bool:
    mine = {"site.example", "other.example", "lan.example", "[::1]"}
    return host in mine or host.endswith(".preview.example") or host.startswith("127.")


def assert_no_parser_leaves(url: str) -> None:
    assert url.isascii()
    assert url.isprintable()
    assert not set(url) & set(' \\"<>')
    scheme, host, port = goes_to(url)
    if host is None:
        assert scheme == "myapp"
        return
    assert is_ours(host)
    assert scheme in {"http", "https"}
    assert urlsplit(url).hostname == URL(url).raw_host == host.strip("[]")
    assert URL(url).port == port


@given(candidates())
@settings(max_examples=600, deadline=None)
@example("https://site.example/\t")
def test_no_parser_takes_an_allowed_url_elsewhere(candidate: str) -> None:
    try:
        url = str(REDIRECTS.allowed(candidate))
    except UnsafeUrl:
        return
    assert_no_parser_leaves(url)
    assert str(REDIRECTS.allowed(url)) == url
    assert goes_to(url) == goes_to(candidate)


@pytest.mark.parametrize("candidate", ALLOWED)
def test_no_parser_takes_the_allowed_urls_elsewhere(candidate: str) -> None:
    assert_no_parser_leaves(str(REDIRECTS.allowed(candidate)))


def test_the_browsers_of_these_tests_go_where_node_goes() -> None:
    """Node's URL is the standard's reference behaviour; `goes_to` must agree with it on all of the above."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    texts = [text for text in (*ALLOWED, *ATTACKS) if "\ud800" not in text]
    script = (
        "const texts = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(texts.map(t => { try { const u = new URL(t);"
        "return [u.protocol, u.hostname, u.port] } catch { return null } })))"
    )
    ran = subprocess.run([node, "-e", script], input=json.dumps(texts).encode(), capture_output=True, check=True)
    defaults = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
    for text, found in zip(texts, json.loads(ran.stdout), strict=True):
        try:
            scheme, host, port = goes_to(text)
        except Nowhere:
            assert found is None, text
            continue
        if host is not None:
            assert found is not None, text
            assert (found[0], found[1], int(found[2] or defaults[scheme])) == (f"{scheme}:", host, port), text


@pytest.mark.parametrize(
    ("pattern", "candidate", "allowed"),
    [
        ("https://x.example/cb", "https://x.example/cb", True),
        ("https://x.example/cb", "https://x.example/cb#/fragment", True),
        ("https://x.example/cb", "https://x.example/cb?next=1", False),
        ("https://x.example/cb**", "https://x.example/cb?next=1.0/x", True),
        ("https://x.example/cb?next=*", "https://x.example/cb?next=abc", True),
        ("https://x.example/cb?next=*", "https://x.example/cb?next=a/b", False),
        ("https://x.example/*", "https://x.example/a", True),
        ("https://x.example/*", "https://x.example/", True),
        ("https://x.example/*", "https://x.example/a/b", False),
        ("https://x.example/*", "https://x.example/a.b", False),
        ("https://x.example/a?c", "https://x.example/abc", True),
        ("https://x.example/a?c", "https://x.example/a.c", False),
        ("https://x.example/a?c", "https://x.example/a/c", False),
        ("https://x.example/a?c", "https://x.example/ac", False),
        ("https://x.example", "https://x.example/", True),
        ("https://x.example/", "https://x.example", True),
        ("https://x.example", "https://x.example/a", False),
        ("https://x.example?a=1", "https://x.example/?a=1", True),
        ("https://x.example**", "https://x.example/a/b?c=d", True),
        ("https://x.example**", "https://x.example.evil.example/", False),
        ("https://x.example**", "https://x.example:8443/", False),
        ("https://x.example:8443**", "https://x.example:8443/", True),
        ("https://x.example:8443**", "https://x.example:84430/", False),
        ("https://x.example:443/**", "https://x.example/a", True),
        ("https://*.x.example**", "https://a.x.example/b", True),
        ("https://*.x.example**", "https://a.x.example.evil.example/", False),
        ("https://*.x.example/**", "https://x.example/", False),
        ("https://*.x.example/**", "https://a.b.x.example/", False),
        ("https://**.x.example/**", "https://a.b.x.example/", True),
        ("https://**.x.example/**", "https://evilx.example/", False),
        ("https://app-*-team.x.example/**", "https://app-git-main-team.x.example/", True),
        ("https://app-*-team.x.example/**", "https://app-.evil.example/-team.x.example/", False),
        ("https://X.Example/CB", "https://x.example/CB", True),
        ("https://x.example/CB", "https://x.example/cb", False),
        ("https://x.example/été/*", "https://x.example/%C3%A9t%C3%A9/1", True),
        ("https://x.example/été/*", "https://x.example/été/1", True),
        ("http://*.localhost/**", "http://a.localhost/", True),
        ("http://localhost:3000/**", "http://localhost:3000/a", True),
        ("http://localhost:3000/**", "http://localhost:3001/a", False),
        ("http://localhost:*/**", "http://localhost:5173/a", True),
        ("http://localhost:**", "http://localhost:5173/a", True),
        ("http://localhost:**/cb", "http://localhost:5173/cb", True),
        ("http://localhost**", "http://localhost:5173/a", True),
        ("http://localhost**", "http://localhost.evil.example/a", False),
        ("http://gateway/**", "http://gateway/a", True),
        ("http://192.168.1.5:3000/**", "http://192.168.1.5:3000/a", True),
        ("http://*.168.1.5/**", "http://192.168.1.5/a", False),
        ("http://192.168.1.5:3000/**", "http://0xc0a80105:3000/a", False),
        ("http://[2001:db8::1]:3000/**", "http://[2001:DB8:0::1]:3000/a", True),
        ("myapp://**", "myapp://anything/at?all=1", True),
        ("myapp://**", "myapp:anything", False),
        ("com.example.app:/cb", "com.example.app:/cb", True),
        ("com.example.app:/cb", "com.example.app://cb", False),
        ("exp://192.168.1.*:8081/**", "exp://192.168.1.5:8081/--/auth", True),
        ("exp://192.168.1.*:8081/**", "exp://192.168.2.5:8081/--/auth", False),
        ("chrome-extension://abc/**", "chrome-extension://abc/cb", True),
    ],
)
def test_patterns(pattern: str, candidate: str, allowed: bool) -> None:
    rules = Redirects(SITE, [pattern], loopback=False)
    assert (rules.choose([candidate]).url == read_url(candidate)) is allowed if _reads(candidate) else not allowed


def _reads(candidate: str) -> bool:
    try:
        read_url(candidate)
    except UnsafeUrl:
        return False
    return True


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "**",
        "x.example",
        "//x.example/**",
        "*://x.example/**",
        "http*://x.example/**",
        "https:x.example",
        "https:/x.example/**",
        "https://",
        "https://**",
        "https://*/**",
        "https://**/cb",
        "https://*.*",
        "https://x.*/**",
        "https://x.example*",
        "https://x.example*/**",
        "https://*.example/**",
        "https://*example.com/**",
        "https://**example.com/**",
        "https://192.168.*.*/**",
        "https://user@x.example/**",
        "https://user@*.x.example/**",
        "https://*.x.example\\/**",
        "https://preview-?.x.example/**",
        "https://x.example:30*/**",
        "https://x.example:/cb",
        "https://x.example:70000/cb",
        "https://x.example/cb#top",
        "https://m\u00fcnchen.example/**",
        "javascript:**",
        "data:**",
        "intent://**",
        "file://**",
    ],
)
def test_patterns_that_would_allow_too_much_or_nothing_are_refused_at_the_start(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        Redirects(SITE, [pattern])


@pytest.mark.parametrize("site", ["", "site.example", "myapp://cb", "https://", "https://a@b.example", "//x"])
def test_a_site_is_on_the_web(site: str) -> None:
    with pytest.raises(PatternRefused):
        Redirects(site)


@pytest.mark.parametrize(
    ("site", "candidate", "allowed"),
    [
        ("http://localhost:3000", "http://localhost:5173/x", True),
        ("http://localhost:3000", "https://localhost:3000/x", False),
        ("http://localhost:3000", "http://localhost.evil.example/x", False),
        ("http://127.0.0.1:3000", "http://127.0.0.1:5173/x", True),
        ("http://127.0.0.1:3000", "http://127.0.0.2:3000/x", False),
        ("http://127.0.0.1:3000", "http://localhost:3000/x", False),
        ("http://[::1]:3000", "http://[0:0:0:0:0:0:0:1]:1/x", True),
        ("http://10.0.0.5:3000/app", "http://10.0.0.5:3000/x", True),
        ("http://10.0.0.5:3000", "http://10.0.0.5:3001/x", False),
        ("https://site.example", "http://127.0.0.1:3000/x", False),
    ],
)
def test_the_sites_own_origin(site: str, candidate: str, allowed: bool) -> None:
    rules = Redirects(site, loopback=False)
    assert (rules.choose([candidate]).url == read_url(candidate)) is allowed


@pytest.mark.parametrize(
    ("candidate", "kept"),
    [
        ("https://x.example/cb?sb_flow_id=abc", "https://x.example/cb?sb_flow_id=abc"),
        ("https://x.example/cb?sb_flow_id=a&sb_flow_id=b", "https://x.example/cb?sb_flow_id=a&sb_flow_id=b"),
        ("myapp://cb?sb_flow_id=abc", "myapp://cb?sb_flow_id=abc"),
        ("https://x.example/q?a=1&sb_flow_id=abc&b=2", "https://x.example/q?a=1&sb_flow_id=abc&b=2"),
        ("https://x.example/cb?a=1&sb_flow_id=abc", None),
        ("https://x.example/cb?xsb_flow_id=abc", None),
        ("https://x.example/cb?sb_flow_ids=1&sb_flow_id=abc", None),
        ("https://x.example/cb?sb_flow_id=../x", "https://x.example/cb?sb_flow_id=../x"),
        ("https://x.example/sb_flow_id=1", None),
    ],
)
def test_the_clients_flow_id_is_not_compared_but_kept(candidate: str, kept: str | None) -> None:
    rules = Redirects(SITE, ["https://x.example/cb", "https://x.example/q?a=1&b=2", "myapp://cb"])
    assert str(rules.choose([candidate]).url) == (kept or SITE)


def test_the_first_allowed_candidate_wins() -> None:
    first, second = "https://site.example/a", "https://site.example/b"
    assert str(REDIRECTS.choose([None, "", first, second]).url) == first
    destination = REDIRECTS.choose(["https://evil.example/" + "x" * 300, second, first])
    assert str(destination.url) == second
    assert [len(refusal.candidate) for refusal in destination.refused] == [200]
    assert str(REDIRECTS.choose([]).url) == str(REDIRECTS.choose([None, ""]).url) == SITE


def test_other_scripts_in_paths_are_sent_as_ascii() -> None:
    url = REDIRECTS.choose(["https://site.example/été et {x}?q=日本#é"]).url
    assert str(url) == "https://site.example/%C3%A9t%C3%A9%20et%20%7Bx%7D?q=%E6%97%A5%E6%9C%AC#%C3%A9"


def test_a_pattern_of_many_stars_is_quick_to_refuse() -> None:
    rules = Redirects(SITE, ["https://x.example/" + "**a" * 60 + "b"])
    assert rules.choose(["https://x.example/" + "a" * 2000]).url == rules.site

"""Redis URLs: what they mean, and that refusing one never shows a password."""

from __future__ import annotations

import pytest

from gateway.bus import Address, RedisUrlError, parse_url
from gateway.redisurl import Place, Shape, Tls

LOCAL = (Place("localhost", 6379),)
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://localhost", Address(Shape.STANDALONE, LOCAL)),
        ("REDIS://localhost/", Address(Shape.STANDALONE, LOCAL)),
        ("redis://localhost:6380/3", Address(Shape.STANDALONE, (Place("localhost", 6380),), database=3)),
        ("redis://localhost?db=3", Address(Shape.STANDALONE, LOCAL, database=3)),
        ("redis://:pass@localhost", Address(Shape.STANDALONE, LOCAL, password="pass")),
        ("redis://ann:p%40%2F@localhost", Address(Shape.STANDALONE, LOCAL, user="ann", password="p@/")),
        ("redis://ann:p@ss@localhost", Address(Shape.STANDALONE, LOCAL, user="ann", password="p@ss")),
        ("redis://[::1]:7000", Address(Shape.STANDALONE, (Place("::1", 7000),))),
        ("redis://[::1]", Address(Shape.STANDALONE, (Place("::1", 6379),))),
        (
            "redis://localhost?timeout=0.25&connections=4",
            Address(Shape.STANDALONE, LOCAL, timeout=0.25, connections=4),
        ),
        ("rediss://localhost", Address(Shape.STANDALONE, LOCAL, tls=Tls())),
        (
            "rediss://localhost?verify=no&ca=/a%20b.pem&cert=/c&key=/k",
            Address(Shape.STANDALONE, LOCAL, tls=Tls(False, "/a b.pem", "/c", "/k")),
        ),
        ("unix:///run/redis.sock", Address(Shape.STANDALONE, (Place(path="/run/redis.sock"),))),
        (
            "unix://:pw@/run/a%20b.sock?db=1",
            Address(Shape.STANDALONE, (Place(path="/run/a b.sock"),), password="pw", database=1),
        ),
        (
            "sentinel://ann:pw@a,b:7000,a/main?db=2&sentinel_user=s&sentinel_password=t",
            Address(
                Shape.SENTINEL,
                (Place("a", 26379), Place("b", 7000)),
                user="ann",
                password="pw",
                database=2,
                service="main",
                sentinel_user="s",
                sentinel_password="t",
            ),
        ),
        ("rediss+sentinel://a/main", Address(Shape.SENTINEL, (Place("a", 26379),), service="main", tls=Tls())),
        ("cluster://a,[::1]:7,c:8", Address(Shape.CLUSTER, (Place("a", 6379), Place("::1", 7), Place("c", 8)))),
        ("redis+cluster://a/0", Address(Shape.CLUSTER, (Place("a", 6379),))),
        ("rediss+cluster://a", Address(Shape.CLUSTER, (Place("a", 6379),), tls=Tls())),
    ],
)
def test_meaning(url: str, expected: Address) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "must begin with one of redis://"),
        ("http://hunter2", "must begin with one of redis://"),
        ("redis:hunter2", "must begin"),
        ("redis://", "names no host"),
        ("redis://:hunter2@", "names no host"),
        ("redis://:hunter2@host:", None),
        ("redis://:hunter2@host:hunter2", "port that is no whole number from 1 to 65535"),
        ("redis://host:0", "from 1 to 65535"),
        ("redis://host:65536", "from 1 to 65535"),
        ("redis://host:٣", "from 1 to 65535"),
        ("redis://ho st", "host that is none"),
        ("redis://a,b", "names several hosts; use sentinel:// or cluster://"),
        ("redis://host/one", "db that is no whole number"),
        ("redis://host/1?db=1", "the database twice"),
        ("redis://host/-1", "db that is no whole number"),
        ("redis://:hun/ter2@host", "percent-encode"),
        ("redis://:hun?hunter2@host", "percent-encode"),
        ("redis://:hunter2#@host", "write %23"),
        ("redis://:hunter2%@host", "write it as %25"),
        ("redis://host?tls=yes", "unknown option; redis:// knows db, timeout, connections"),
        ("redis://host?timeot=1", "meant timeout?"),
        ("redis://host?hunter2", "unknown option"),
        ("redis://host?timeout=0", "timeout that is no number of seconds from 0.05 to 60"),
        ("redis://host?timeout=nan", "timeout that is no number of seconds"),
        ("redis://host?timeout=1&timeout=2", "option timeout twice"),
        ("redis://host?connections=0", "connections that is no whole number from 1 to 64"),
        ("redis://host?ca=/x", "needs TLS: rediss://"),
        ("redis://host?sentinel_user=x", "only sentinel:// knows"),
        ("rediss://host?verify=maybe", "verify with another value than yes or no"),
        ("rediss://host?key=/k", "key without cert"),
        ("unix://redis.sock", "absolute path of a socket"),
        ("unix://:hunter2@", "absolute path of a socket"),
        ("unix:///", "absolute path of a socket"),
        ("sentinel://a", "name of the service"),
        ("sentinel://a/", "name of the service"),
        ("sentinel://a/b/c", "name of the service"),
        ("sentinel://a,/main", "names no host"),
        ("cluster://a/1", "only database 0"),
        ("cluster://a?db=1", "only database 0"),
    ],
)
def test_refusal(url: str, said: str | None) -> None:
    if said is None:
        assert parse_url(url).places == (Place("host", 6379),)
        return
    with pytest.raises(RedisUrlError) as caught:
        parse_url(url)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_address_does_not_print_its_passwords() -> None:
    printed = repr(parse_url(f"sentinel://:{SECRET}@a/b?sentinel_password={SECRET}"))
    assert SECRET not in printed

"""Mails over real sockets: they arrive whatever the server does for a while, and are given up in the open."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gateway.auth.mail import Kind, Message, Sender
from gateway.smtpurl import Security, SmtpServer, SmtpUrlError
from tests.auth.mail.smtp_server import PASSWORD, USER, SmtpServerForTests
from tests.bus.certificates import Authority

FROM = "Passerelle <no-reply@example.com>"
SECRETS = ("042137", "https://link.example", PASSWORD, "ann@")
QUICK = (0.01, 0.01)


def message(number: int = 0) -> Message:
    text = f"Code 042137, https://link.example/{number}\n.\n..dots\n"
    return Message(Kind.SIGNUP, f"ann{number}@example.com", "Votre code arrivé", text, "<b>042137 é</b>")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def make(server: SmtpServer, *, pauses: Sequence[float] = QUICK, capacity: int = 1000, drain: float = 5.0) -> Sender:
    return Sender(server, FROM, pauses=pauses, capacity=capacity, drain=drain)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for are counters
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("security", Security)
async def test_a_mail_arrives(authority: Authority, security: Security) -> None:
    async with SmtpServerForTests(authority.server(), security) as server:
        ca = None if security is Security.NONE else str(authority.file)
        sender = make(server.address(ca, user=USER, password=PASSWORD))
        await sender.start()
        assert sender.send(message())
        (received,) = await server.mails(1)
        await sender.stop()

    assert (received.to, received.user) == ("ann0@example.com", USER)
    assert received.sender.startswith("FROM:<no-reply@example.com>")
    assert received.over_tls == (security is not Security.NONE)
    assert received.mail["Subject"] == "Votre code arrivé"
    assert received.part("plain") == message().text
    assert received.part("html").strip() == "<b>042137 é</b>"
    assert (sender.counts.sent, sender.waiting) == ({Kind.SIGNUP: 1}, 0)


async def test_many_mails_arrive_once_each(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        sender = make(server.address())
        await sender.start()
        assert all(sender.send(message(number)) for number in range(50))
        await sender.stop()

    assert sorted(each.to for each in server.received) == sorted(f"ann{number}@example.com" for number in range(50))
    assert len({each.mail["Message-ID"] for each in server.received}) == 50


async def test_not_now_is_tried_again(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.answers = ["451 4.7.1 later", "450 later still"]
        sender = make(server.address())
        await sender.start()
        sender.send(message())
        await server.mails(1)
        await sender.stop()

    assert (sender.counts.retried, sender.counts.sent) == ({Kind.SIGNUP: 2}, {Kind.SIGNUP: 1})
    assert not sender.counts.failed


async def test_a_dropped_connection_is_tried_again_with_the_same_id(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.drops = 1
        sender = make(server.address())
        await sender.start()
        sender.send(message())
        await server.mails(1)
        await sender.stop()
    assert (server.connections, sender.counts.retried) == (2, {Kind.SIGNUP: 1})


async def test_a_server_that_comes_back_gets_the_mail(authority: Authority) -> None:
    server = SmtpServerForTests(authority.server(), Security.NONE)
    async with server:
        pass
    sender = make(server.address(), pauses=(0.05,) * 100)
    await sender.start()
    sender.send(message())
    await until(lambda: sender.counts.retried[Kind.SIGNUP] > 0)
    async with server:
        await server.mails(1)
        await sender.stop()
    assert sender.counts.sent == {Kind.SIGNUP: 1}


async def test_a_delivered_mail_is_not_sent_again_for_a_missing_goodbye(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.quiet_end = True
        sender = make(server.address())
        await sender.start()
        sender.send(message())
        await until(lambda: sender.waiting == 0)
        await sender.stop()
    assert (len(server.received), sender.counts.sent, sender.counts.retried) == (1, {Kind.SIGNUP: 1}, {})


@pytest.mark.parametrize(
    ("answers", "why", "attempts", "code"),
    [
        (["550 5.1.1 ann0@example.com 042137 unknown"], "refused", 1, "550 5.1.1"),
        (["554 no"], "refused", 1, "554"),
        (["451 4.3.0 042137"] * 3, "later", 3, "451 4.3.0"),
    ],
)
async def test_the_last_failure_is_told_without_contents(
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
    answers: list[str],
    why: str,
    attempts: int,
    code: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.answers = list(answers)
        sender = make(server.address())
        await sender.start()
        sender.send(message())
        await until(lambda: sender.waiting == 0)
        await sender.stop()

    assert (sender.counts.failed, server.connections) == ({(Kind.SIGNUP, why): 1}, attempts)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("gateway")]
    assert told == [
        f"a mail was not delivered: kind signup, to a mailbox at example.com, {why} ({code}), after {attempts} attempts"
    ]
    assert not any(secret in caplog.text for secret in SECRETS)


async def test_a_wrong_password_is_not_tried_again_nor_told(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async with SmtpServerForTests(authority.server()) as server:
        sender = make(server.address(str(authority.file), user=USER, password="wrong-secret"))
        await sender.start()
        sender.send(message())
        await until(lambda: sender.waiting == 0)
        await sender.stop()
    assert (sender.counts.failed, server.connections) == ({(Kind.SIGNUP, "authentication"): 1}, 1)
    assert "535 5.7.8" in caplog.text
    assert "wrong-secret" not in caplog.text


async def test_a_taken_away_starttls_sends_nothing(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server()) as server:
        server.faults.offers_tls = False
        sender = make(server.address(str(authority.file), user=USER, password=PASSWORD))
        await sender.start()
        sender.send(message())
        await until(lambda: sender.waiting == 0)
        await sender.stop()
    assert (sender.counts.failed, server.received) == ({(Kind.SIGNUP, "tls"): 1}, [])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_strangers_certificate_gets_nothing(authority: Authority, tmp_path: Path, security: Security) -> None:
    stranger = Authority(tmp_path / "stranger")
    async with SmtpServerForTests(stranger.server(), security) as server:
        sender = make(server.address(str(authority.file), user=USER, password=PASSWORD))
        await sender.start()
        sender.send(message())
        await until(lambda: sender.waiting == 0)
        await sender.stop()
    assert (sender.counts.failed, server.received) == ({(Kind.SIGNUP, "tls"): 1}, [])


async def test_a_full_queue_says_so_at_once(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.silent = True
        sender = make(server.address(timeout=60), capacity=10, drain=0.05)
        await sender.start()
        taken = [sender.send(message(number)) for number in range(12)]
        assert (taken, sender.waiting) == ([True] * 10 + [False] * 2, 10)
        await sender.stop()

    assert sender.counts.refused == {Kind.SIGNUP: 2}
    assert sender.counts.failed == {(Kind.SIGNUP, "stopped"): 10}
    assert (sender.waiting, sender.send(message())) == (0, False)


async def test_a_silent_server_is_left_after_the_timeout(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.silent = True
        sender = make(server.address(timeout=0.1), pauses=())
        await sender.start()
        sender.send(message())
        await until(lambda: sender.waiting == 0)
        await sender.stop()
    assert sender.counts.failed == {(Kind.SIGNUP, "timeout"): 1}


async def test_mails_that_wait_are_tried_once_when_it_stops(authority: Authority) -> None:
    async with SmtpServerForTests(authority.server(), Security.NONE) as server:
        server.faults.answers = ["451 later"]
        sender = make(server.address(), pauses=(3600.0,))
        await sender.start()
        sender.send(message())
        await until(lambda: sender.counts.retried[Kind.SIGNUP] == 1)
        began = time.monotonic()
        await sender.stop()
    assert (len(server.received), sender.counts.sent) == (1, {Kind.SIGNUP: 1})
    assert time.monotonic() - began < 5.0  # it did not wait for the end of the drain


async def test_before_the_start_nothing_is_taken(authority: Authority) -> None:
    sender = make(SmtpServer("127.0.0.1", 1, Security.NONE))
    assert not sender.send(message())
    await sender.stop()


def test_a_file_of_certificates_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(SmtpUrlError, match="option ca"):
            make(SmtpServer("mail.example.com", 587, ca=str(tmp_path / name)))

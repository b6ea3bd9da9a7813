"""A mail server that speaks enough SMTP (EHLO, STARTTLS, AUTH, one or more mails) and fails on request."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from gateway.smtpurl import Security, SmtpServer

USER, PASSWORD = "mailer", "p@ss/word"


@dataclass(frozen=True)
class Received:
    sender: str
    to: str
    raw: bytes
    over_tls: bool
    user: str | None

    @property
    def mail(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=default)  # type: ignore[arg-type]
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        body = self.mail.get_body((kind,))
        assert body is not None
        return body.get_content().replace("\r\n", "\n")


@dataclass
class Faults:
    """What goes wrong. `answers` are given to RCPT, one each, before it is accepted again; `drops` is how many
    connections end after the mail instead of an answer; `silent` never answers; `quiet_end` never answers QUIT."""

    answers: list[str] = field(default_factory=list)
    drops: int = 0
    silent: bool = False
    quiet_end: bool = False
    offers_tls: bool = True


class SmtpServerForTests:
    def __init__(self, tls: ssl.SSLContext, security: Security = Security.STARTTLS) -> None:
        self.received: list[Received] = []
        self.faults = Faults()
        self.connections = 0
        self._tls = tls
        self._security = security
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> SmtpServerForTests:
        context = self._tls if self._security is Security.TLS else None
        self._server = await asyncio.start_server(self._session, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for session in list(self._sessions):
            session.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions)

    def address(self, ca: str | None = None, *, user: str = "", password: str = "", timeout: float = 5) -> SmtpServer:
        return SmtpServer("127.0.0.1", self.port, self._security, user, password, ca=ca, timeout=timeout)

    async def mails(self, count: int) -> list[Received]:
        async with asyncio.timeout(20), self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
                await _Session(self, reader, writer).run()
        finally:
            writer.close()
            self._sessions.discard(task)

    async def keep(self, received: Received) -> None:
        async with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()

    @property
    def tls(self) -> ssl.SSLContext:
        return self._tls

    @property
    def security(self) -> Security:
        return self._security


class _Session:
    def __init__(self, server: SmtpServerForTests, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._over_tls = server.security is Security.TLS
        self._user: str | None = None
        self._from = self._to = ""

    async def run(self) -> None:
        if self._server.faults.silent:
            await asyncio.Event().wait()
        await self._say("220 tests")
        while line := (await self._reader.readuntil(b"\r\n")).decode().strip():
            verb, _, rest = line.partition(" ")
            if verb == "QUIT":
                if self._server.faults.quiet_end:
                    await asyncio.Event().wait()
                await self._say("221 bye")
                return
            if not await self._command(verb.upper(), rest):
                return

    async def _command(self, verb: str, rest: str) -> bool:
        faults = self._server.faults
        if verb == "EHLO":
            tls = self._server.security is Security.STARTTLS and not self._over_tls and faults.offers_tls
            await self._say("250-tests", *(["250-STARTTLS"] if tls else []), "250-8BITMIME", "250 AUTH PLAIN")
        elif verb == "STARTTLS":
            await self._say("220 go ahead")
            await self._writer.start_tls(self._server.tls)
            self._over_tls = True
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
            accepted = (user, password) == (USER, PASSWORD)
            self._user = user if accepted else None
            await self._say("235 welcome" if accepted else f"535 5.7.8 no: {password}")
        elif verb == "MAIL":
            self._from = rest
            await self._say("250 ok")
        elif verb == "RCPT":
            self._to = rest.partition("<")[2].rstrip(">")
            await self._say(faults.answers.pop(0) if faults.answers else "250 ok")
        elif verb == "DATA":
            await self._say("354 go on")
            return await self._data()
        else:
            await self._say("250 ok")
        return True

    async def _data(self) -> bool:
        raw = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3]
        if self._server.faults.drops:
            self._server.faults.drops -= 1
            return False
        await self._server.keep(
            Received(self._from, self._to, raw.replace(b"\r\n..", b"\r\n."), self._over_tls, self._user)
        )
        await self._say("250 taken")
        return True

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

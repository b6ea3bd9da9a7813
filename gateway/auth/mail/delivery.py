"""One attempt to hand one mail to an SMTP server, and what its failure means."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Final

import aiosmtplib

from gateway.smtpurl import Security, SmtpServer

_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_PERMANENT: Final = 500
_ATTEMPT: Final = 3
"""An attempt is some ten steps; as a whole it may last as long as so many of them at their slowest."""
_GOODBYE: Final = 1.0


class Why(StrEnum):
    """Why a mail was not delivered: a closed set, fit for labels."""

    UNREACHABLE = "unreachable"
    """No connection, or it ended."""
    TIMEOUT = "timeout"
    TLS = "tls"
    """The server offers no TLS, or its certificate is not accepted."""
    AUTHENTICATION = "authentication"
    """The server refuses the user or the password."""
    LATER = "later"
    """The server said: not now (4xx)."""
    REFUSED = "refused"
    """The server said no (5xx)."""
    UNSUPPORTED = "unsupported"
    """The server lacks what the address needs."""
    STOPPED = "stopped"
    """The process ended first."""
    FAULT = "fault"
    """A fault of ours."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed. `code` is the server's: its number and enhanced status (RFC 3463), never its words, which
    may repeat what was sent."""

    why: Why
    again: bool
    code: str = ""


class Delivery:
    """Hands mails to `server`, with a connection for each."""

    def __init__(self, server: SmtpServer, *, local_name: str) -> None:
        self._server = server
        self._local_name = local_name
        self._tls = _context(server)

    async def attempt(self, mail: EmailMessage, sender: str, to: str) -> Failure | None:
        """None when the server has taken the mail. It never raises but for cancellation."""
        client = self._client()
        try:
            async with asyncio.timeout(_ATTEMPT * self._server.timeout):
                await client.connect()
                await client.send_message(mail, sender=sender, recipients=[to])
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail is not delivered
            return failure(error)
        else:
            # It is delivered, whatever the server says to a goodbye.
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await client.quit()
            return None
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            local_hostname=self._local_name,  # else it is looked up, in a thread and perhaps for long
            timeout=server.timeout,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._tls,
        )


def failure(error: Exception) -> Failure:
    """What an error of aiosmtplib means."""
    if any(isinstance(link, ssl.SSLError) for link in _chain(error)):
        return Failure(Why.TLS, again=True)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0] if error.recipients else error
    if isinstance(error, aiosmtplib.SMTPResponseException):
        again = error.code < _PERMANENT
        refused = Why.AUTHENTICATION if isinstance(error, aiosmtplib.SMTPAuthenticationError) else Why.REFUSED
        return Failure(Why.LATER if again else refused, again, _code(error))
    if isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return Failure(Why.TIMEOUT, again=True)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Failure(Why.UNSUPPORTED, again=False)
    if isinstance(error, OSError | aiosmtplib.SMTPException):
        if "STARTTLS" in str(error):
            return Failure(Why.TLS, again=False)
        return Failure(Why.UNREACHABLE, again=True)
    return Failure(Why.FAULT, again=False, code=type(error).__name__)


def _code(error: aiosmtplib.SMTPResponseException) -> str:
    found = _ENHANCED.search(error.message[:64])
    return f"{error.code} {found.group(1)}" if found else str(error.code)


def _context(server: SmtpServer) -> ssl.SSLContext | None:
    if server.security is Security.NONE:
        return None
    context = ssl.create_default_context(cafile=server.ca)
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links

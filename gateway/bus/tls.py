"""TLS contexts. redis-py would read the system's authorities for each connection (tens of ms in which nothing else
runs), and trust them besides the one that is given."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from gateway.bus.errors import BusUnavailable, Reason
from gateway.redisurl import Tls


def tls_context(tls: Tls) -> ssl.SSLContext:
    """How to speak TLS, by the files as they are now. BusUnavailable, with the option's name, if one is unfit.

    Only `ca` is trusted if there is one, else the system's authorities.
    """
    return _made(tls, tuple(map(_stamp, (tls.ca, tls.certificate, tls.key))))


def _stamp(path: str | None) -> tuple[int, ...]:
    """Another one when the file is another."""
    try:
        found = Path(path).stat() if path is not None else None
    except OSError:
        found = None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found is not None else ()


@lru_cache(maxsize=8)
def _made(tls: Tls, stamps: tuple[tuple[int, ...], ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    option, wanted = "ca", "no certificate"
    try:
        if tls.ca is not None:
            context.load_verify_locations(tls.ca)
        else:
            context.load_default_certs()
        option, wanted = "cert" if tls.key is None else "cert or key", "no certificate with its key"
        if tls.certificate is not None:
            # With a password, if an empty one, OpenSSL does not ask whoever sits at the terminal.
            context.load_cert_chain(tls.certificate, tls.key, password="")
    except OSError as error:  # SSLError is one
        problem = f"holds {wanted}" if isinstance(error, ssl.SSLError) else f"cannot be read: {error.strerror}"
        raise BusUnavailable(Reason.TLS, details=f"the file in the option {option} {problem}") from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

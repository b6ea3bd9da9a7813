"""What can go wrong with an embedded server."""

from __future__ import annotations


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot be found, started or stopped; the message says what to do."""


class AlreadyRunning(EmbeddedServerError):
    """Another live process owns the server's directory."""

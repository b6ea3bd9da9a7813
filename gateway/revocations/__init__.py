"""Sessions that were ended while their access tokens still hold."""

from gateway.revocations.ended import EndedSessions, SessionEnded

__all__ = ["EndedSessions", "SessionEnded"]

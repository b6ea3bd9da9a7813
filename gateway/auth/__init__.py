"""The auth surface: accounts, sessions, mails and sign-in through other providers."""

from gateway.auth.accounts.context import AuthRules
from gateway.auth.error_answers import AuthErrors
from gateway.auth.room import AuthRoom, AuthSettings
from gateway.auth.surface import AuthSurface
from gateway.auth.tokens.serverkey import server_key

__all__ = ["AuthErrors", "AuthRoom", "AuthRules", "AuthSettings", "AuthSurface", "server_key"]

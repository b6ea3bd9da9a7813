"""The auth surface: accounts, sessions, mails and sign-in through other providers."""

-- Makes a session that ran code we cannot vouch for as good as new. One statement per line; each is sent by itself.
RESET SESSION AUTHORIZATION
RESET ROLE
RESET ALL
CLOSE ALL
UNLISTEN *
DISCARD TEMP
DISCARD SEQUENCES

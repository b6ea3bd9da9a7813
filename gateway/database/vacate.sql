-- Takes an identity off a session whose only settings are ours. One statement per line; each is sent by itself.
BEGIN
RESET ROLE
RESET ALL
COMMIT

"""Users, sessions, codes and flows in PostgreSQL. The one place of this room where SQL is run."""

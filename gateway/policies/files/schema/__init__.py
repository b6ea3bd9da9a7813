"""Which keys a policy file may have: one table for the reader and for editors."""

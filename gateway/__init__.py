"""Passerelle: a Supabase-compatible query gateway for PostgreSQL and Redis."""

__version__ = "0.1.0"

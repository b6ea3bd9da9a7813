"""`/auth/v1` for an unmodified supabase-js: sign-up, sessions, second factors, providers, administration."""

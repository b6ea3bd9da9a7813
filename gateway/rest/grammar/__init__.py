"""The URL grammar of PostgREST: text in, values out. Knows nothing of the database."""

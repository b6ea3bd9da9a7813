-- Time zones that the server knows.
select z.name from pg_timezone_names z

-- Added to the database room's script: what makes its people reachable over HTTP.
-- The caller's rows as a function sees them, with everything a predecessor may have left in the session.
CREATE FUNCTION public.mine() RETURNS json STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN json_build_object(
        'rows', (SELECT coalesce(json_agg(n ORDER BY id), '[]') FROM (SELECT id, owner FROM notes) n),
        'role', current_user,
        'sub', current_setting('request.jwt.claims', true)::json ->> 'sub',
        'place', (SELECT name FROM place LIMIT 1),
        'tenant', nullif(current_setting('app.tenant', true), ''),
        'read_only', current_setting('transaction_read_only'),
        'locks', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()));
END $$;
CREATE FUNCTION public.nap(seconds double precision) RETURNS SETOF public.notes LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(seconds);
    RETURN QUERY SELECT * FROM notes;
END $$;
-- Each statement by itself is allowed in a transaction that only reads.
CREATE FUNCTION public.mischief(commands text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY commands LOOP
        EXECUTE command;
    END LOOP;
    RETURN 'done';
END $$;

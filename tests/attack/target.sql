-- What the attacks aim at: readable and writable tables, and functions that say what they are told to.
CREATE TABLE public.things (id integer PRIMARY KEY, word text, parent integer REFERENCES public.things, data jsonb);
INSERT INTO public.things SELECT i, 'w' || i FROM generate_series(1, 10) AS i;
CREATE TABLE public.owned (id integer PRIMARY KEY, owner text);
INSERT INTO public.owned SELECT i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END FROM generate_series(1, 10) AS i;
ALTER TABLE public.owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.owned USING (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
CREATE TABLE public.ledger (id bigint PRIMARY KEY, line integer);
CREATE FUNCTION public.dressed(headers text, status text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('response.headers', headers, true);
    PERFORM set_config('response.status', status, true);
    RETURN 'HTTP/1.1 200 OK';
END $$;
CREATE FUNCTION public.echo(line text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT line';
CREATE FUNCTION public.total(VARIADIC numbers integer[]) RETURNS bigint LANGUAGE sql IMMUTABLE
    AS 'SELECT sum(n) FROM unnest(numbers) AS n';
CREATE FUNCTION public.nap(seconds double precision) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.napper', current_setting('request.jwt.claims', true), false);
    PERFORM pg_sleep(seconds);
    RETURN 'awake';
END $$;
CREATE FUNCTION public.napper() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT coalesce(current_setting('app.napper', true), '') $$;
CREATE FUNCTION public.post_slowly(id bigint, lines integer, seconds double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR line IN 1..lines LOOP
        INSERT INTO public.ledger VALUES (post_slowly.id * 100 + line, line);
        PERFORM pg_sleep(seconds / lines);
    END LOOP;
END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO attack_anon, attack_member;

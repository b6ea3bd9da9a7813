-- Code that nobody can vouch for, behind every kind of name that a request can bring. Each of them leaves a mark in
-- the session that outlives its statement.
CREATE SCHEMA hidden;
GRANT USAGE ON SCHEMA hidden TO rest_anon;
CREATE FUNCTION hidden.spy(anything text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.spied', 'on ' || anything, false);
    RETURN true;
END $$;

CREATE TABLE public.words (word text PRIMARY KEY, flag integer, data jsonb);
INSERT INTO public.words VALUES ('x', 1, '{"a": 1}'), ('{x}', 2, NULL), ('(x)', 3, NULL), ('{(x)}', 4, NULL);

-- a computed field, also under a name that PostgreSQL cuts
CREATE FUNCTION public.rank(w public.words) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN PERFORM hidden.spy('rank'); RETURN 1; END $$;
CREATE FUNCTION public.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx(w public.words) RETURNS integer
LANGUAGE plpgsql AS $$ BEGIN PERFORM hidden.spy('long'); RETURN 1; END $$;
-- a domain, its array, a row type with it, and the array of that
CREATE DOMAIN public.odd AS text CHECK (hidden.spy(VALUE));
CREATE DOMAIN public."Étrange" AS text CHECK (hidden.spy(VALUE));
CREATE TYPE public.composed AS (o public.odd);
CREATE TABLE public.oddities (o public.odd);
CREATE TABLE public.plain (word text REFERENCES public.words);
-- a view and a policy
CREATE VIEW public.spied_words AS SELECT word FROM public.words WHERE hidden.spy(word);
CREATE TABLE public.guarded (word text REFERENCES public.words);
INSERT INTO public.guarded VALUES ('x');
ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY spying ON public.guarded USING (hidden.spy(word));
-- a computed relationship, an aggregate
CREATE FUNCTION public.followers(w public.words) RETURNS SETOF public.words LANGUAGE plpgsql AS $$
BEGIN PERFORM hidden.spy('followers'); RETURN QUERY SELECT * FROM public.words LIMIT 1; END $$;
CREATE FUNCTION hidden.add(state integer, item integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN PERFORM hidden.spy('sum'); RETURN state + item; END $$;
CREATE DOMAIN public."text/odd" AS text;
CREATE FUNCTION hidden.render(state text, item public.words) RETURNS public."text/odd" LANGUAGE plpgsql AS $$
BEGIN PERFORM hidden.spy('render'); RETURN state; END $$;
CREATE AGGREGATE public.rendered(public.words) (SFUNC = hidden.render, STYPE = public."text/odd", INITCOND = '');
GRANT SELECT ON ALL TABLES IN SCHEMA public TO rest_anon;

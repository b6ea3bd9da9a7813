CREATE FUNCTION public.few_words() RETURNS SETOF text LANGUAGE sql STABLE AS $$ VALUES ('x') $$;
-- an array of rows, by the name that PostgreSQL gives such types
CREATE DOMAIN public.odd AS text CHECK (hidden.spy('array'));
CREATE TABLE public.oddities (o public.odd);
CREATE TABLE public._oddities (o public.odd);
CREATE TABLE public.a_name_that_is_as_long_as_names_may_be_in_postgresql_1234567890 (o public.odd);
CREATE FUNCTION hidden.one(what text) RETURNS boolean LANGUAGE sql STABLE
    AS $$ SELECT ('{"(' || what || ')"}')::public.__oddities IS NOT NULL $$;
CREATE FUNCTION hidden.two(what text) RETURNS boolean LANGUAGE sql STABLE
    AS $$ SELECT ('{"(' || what || ')"}')::public.__oddities_1 IS NOT NULL $$;
CREATE FUNCTION hidden.three(what text) RETURNS boolean LANGUAGE sql STABLE
    AS $$ SELECT ('{"(' || what || ')"}')::public._a_name_that_is_as_long_as_names_may_be_in_postgresql_123456789
        IS NOT NULL $$;
CREATE VIEW public.arrays_one AS SELECT word FROM public.few_words() AS word WHERE hidden.one(word);
CREATE VIEW public.arrays_two AS SELECT word FROM public.few_words() AS word WHERE hidden.two(word);
CREATE VIEW public.arrays_three AS SELECT word FROM public.few_words() AS word WHERE hidden.three(word);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO attack_anon, attack_member;

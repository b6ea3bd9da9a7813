-- Types that hide built-in ones where the search path names pg_catalog last.
CREATE DOMAIN public.text AS pg_catalog.text CHECK (hidden.spy('shadow'));
CREATE DOMAIN public.jsonb AS pg_catalog.jsonb CHECK (hidden.spy('shadow'));
CREATE TABLE public.plain (id integer PRIMARY KEY, word pg_catalog.text);
INSERT INTO public.plain VALUES (1, 'x');
CREATE TABLE public.below (id integer PRIMARY KEY, plain integer REFERENCES public.plain);
INSERT INTO public.below VALUES (1, 1);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO attack_anon, attack_member;

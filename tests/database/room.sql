CREATE ROLE room_authenticator LOGIN NOINHERIT;
CREATE ROLE room_anon NOLOGIN;
CREATE ROLE room_user NOLOGIN;
CREATE ROLE room_other NOLOGIN;
CREATE ROLE room_stranger NOLOGIN;
GRANT room_anon, room_user, room_other TO room_authenticator;

CREATE TABLE public.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL);
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON public.notes
    USING (owner = (SELECT pg_catalog.current_setting('request.jwt.claims', true)::json ->> 'sub'));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.notes TO room_user, room_other;

CREATE SCHEMA elsewhere;
CREATE TABLE public.place (name text);
CREATE TABLE elsewhere.place (name text);
INSERT INTO public.place VALUES ('public');
INSERT INTO elsewhere.place VALUES ('elsewhere');
GRANT USAGE ON SCHEMA elsewhere TO room_anon, room_user, room_other;
GRANT SELECT ON public.place, elsewhere.place TO room_anon, room_user, room_other;

CREATE TABLE public.ledger (entry text PRIMARY KEY);
GRANT SELECT, INSERT ON public.ledger TO room_anon, room_user, room_other;
CREATE SEQUENCE public.counter;
GRANT USAGE ON SEQUENCE public.counter TO room_anon, room_user, room_other;

-- Runs whatever it is given: stands for any function that a team may have written.
CREATE FUNCTION public.misbehave(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'done';
END
$$;

-- Puts a statement of its own in the place of every one the session has prepared.
CREATE FUNCTION public.substitute_statements() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    victim text;
    replaced integer := 0;
BEGIN
    FOR victim IN SELECT name FROM pg_prepared_statements LOOP
        EXECUTE format('DEALLOCATE %I', victim);
        EXECUTE format(
            'PREPARE %I AS SELECT ''[{"id": 0, "owner": "forged"}]''::json AS body, current_user, '
            'pg_catalog.current_setting(''request.jwt.claims'', true)', victim);
        replaced := replaced + 1;
    END LOOP;
    RETURN replaced;
END
$$;

CREATE FUNCTION public.public_lastval() RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT lastval();
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RETURN;
END
$$;

CREATE FUNCTION public.deferred_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not today';
END
$$;
CREATE TABLE public.refused (entry text);
GRANT INSERT ON public.refused TO room_user;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON public.refused
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.deferred_refusal();

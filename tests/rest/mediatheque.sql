-- A small public library: every kind of relation, relationship and type that reads can meet.
-- Roles belong to the cluster, hence the prefix.

CREATE ROLE rest_login LOGIN NOINHERIT;
CREATE ROLE rest_anon NOLOGIN;
CREATE ROLE rest_member NOLOGIN;
CREATE ROLE rest_staff NOLOGIN;
GRANT rest_anon, rest_member, rest_staff TO rest_login;
ALTER ROLE rest_staff SET statement_timeout = '400ms';

CREATE SCHEMA api;
CREATE SCHEMA archive;
CREATE SCHEMA internal;
COMMENT ON SCHEMA api IS 'Médiathèque';
GRANT USAGE ON SCHEMA api, archive TO rest_anon, rest_member, rest_staff;

CREATE TYPE api.genre AS ENUM ('novel', 'essay', 'poetry');
CREATE DOMAIN api.year_number AS integer CHECK (VALUE > 0);

CREATE TABLE api.authors (
    id integer PRIMARY KEY,
    name text NOT NULL,
    born date,
    mentor_id integer REFERENCES api.authors
);
CREATE TABLE api.biographies (
    author_id integer PRIMARY KEY REFERENCES api.authors,
    words integer NOT NULL
);
CREATE TABLE api.books (
    id integer PRIMARY KEY,
    title text NOT NULL,
    year api.year_number,
    price numeric(6, 2),
    genre api.genre,
    author_id integer REFERENCES api.authors,
    tags text[] NOT NULL DEFAULT '{}',
    meta jsonb,
    body tsvector,
    lent daterange,
    acquired timestamptz
);
CREATE TABLE api.readers (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE api.loans (
    book_id integer REFERENCES api.books,
    reader_id integer REFERENCES api.readers,
    due date,
    PRIMARY KEY (book_id, reader_id)
);
CREATE TABLE api.letters (
    id integer PRIMARY KEY,
    sender integer REFERENCES api.readers,
    recipient integer REFERENCES api.readers
);
CREATE TABLE api.visits (day date NOT NULL, reader_id integer REFERENCES api.readers, hours integer)
    PARTITION BY RANGE (day);
CREATE TABLE api.visits_2024 PARTITION OF api.visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE api.visits_2025 PARTITION OF api.visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE api."Étagère n° 1" ("le titre" text, "a.b" integer, "c,d(e)" text, "order" integer);
CREATE TABLE api.nothing_here (id integer PRIMARY KEY, data json);
CREATE TABLE api.vault (id integer PRIMARY KEY, secret text);
CREATE TABLE api.notes (id integer PRIMARY KEY, owner text NOT NULL, line text);
ALTER TABLE api.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON api.notes TO rest_member
    USING (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub'));
CREATE POLICY everything ON api.notes TO rest_staff USING (true);
CREATE TABLE archive.books (id integer PRIMARY KEY, title text);
CREATE TABLE internal.canary (id integer PRIMARY KEY, state text);

CREATE VIEW api.modern_books AS SELECT id, title, year, author_id FROM api.books WHERE year >= 1940;
CREATE MATERIALIZED VIEW api.yearly AS SELECT year, count(*) AS books FROM api.books GROUP BY year;
COMMENT ON TABLE api.books IS 'What the library owns';

-- what computed names stand for
CREATE FUNCTION api.full_title(book api.books) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT book.title || ' (' || coalesce(book.year::text, '?') || ')' $$;
CREATE FUNCTION api.latest_book(author api.authors) RETURNS SETOF api.books ROWS 1 STABLE LANGUAGE sql
    AS $$ SELECT * FROM api.books WHERE author_id = author.id ORDER BY year DESC LIMIT 1 $$;
CREATE FUNCTION api.same_year(book api.books) RETURNS SETOF api.books STABLE LANGUAGE sql
    AS $$ SELECT * FROM api.books WHERE year = book.year AND id <> book.id $$;

-- a domain with representations of its own
CREATE DOMAIN api.shelfmark AS integer;
CREATE FUNCTION api.shelfmark_json(mark api.shelfmark) RETURNS json IMMUTABLE LANGUAGE sql
    AS $$ SELECT to_json('S-' || mark::integer::text) $$;
CREATE FUNCTION api.shelfmark_text(text) RETURNS api.shelfmark IMMUTABLE LANGUAGE sql
    AS $$ SELECT substr($1, 3)::integer::api.shelfmark $$;
SET client_min_messages = error;
CREATE CAST (api.shelfmark AS json) WITH FUNCTION api.shelfmark_json(api.shelfmark) AS IMPLICIT;
CREATE CAST (text AS api.shelfmark) WITH FUNCTION api.shelfmark_text(text) AS IMPLICIT;
RESET client_min_messages;
CREATE TABLE api.shelves (mark api.shelfmark PRIMARY KEY, room text);

-- functions
CREATE FUNCTION api.books_since(since integer, lang text DEFAULT 'fr') RETURNS SETOF api.books STABLE LANGUAGE sql
    AS $$ SELECT * FROM api.books WHERE year >= since $$;
CREATE FUNCTION api.add(a integer, b integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT a + b $$;
CREATE FUNCTION api.total(VARIADIC amounts integer[]) RETURNS bigint IMMUTABLE LANGUAGE sql
    AS $$ SELECT sum(x) FROM unnest(amounts) AS x $$;
CREATE FUNCTION api.echo(line text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT line $$;
CREATE FUNCTION api.nothing() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE FUNCTION api.pair(OUT a integer, OUT b text) IMMUTABLE LANGUAGE sql AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION api.names() RETURNS SETOF text STABLE LANGUAGE sql AS $$ SELECT name FROM api.authors ORDER BY id $$;
CREATE FUNCTION api.tally() RETURNS TABLE (genre api.genre, books bigint) STABLE LANGUAGE sql
    AS $$ SELECT b.genre, count(*) FROM api.books b GROUP BY 1 ORDER BY 1 $$;
CREATE FUNCTION api.refuse(state text, message text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = 'why', HINT = 'try again'; END $$;
CREATE FUNCTION api.refuse_in_json() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE SQLSTATE 'PGRST' USING
        MESSAGE = '{"code":"E1","message":"closed","hint":"come tomorrow"}',
        DETAIL = '{"status":423,"headers":{"X-Reason":"holiday"}}';
END $$;
CREATE FUNCTION api.scribble() RETURNS integer LANGUAGE sql
    AS $$ INSERT INTO api.nothing_here VALUES (99) RETURNING id $$;
CREATE FUNCTION api.nap(seconds double precision) RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(seconds)::text $$;
CREATE FUNCTION api.asked() RETURNS json STABLE LANGUAGE sql AS $$
    SELECT json_build_object(
        'method', current_setting('request.method', true),
        'path', current_setting('request.path', true),
        'agent', current_setting('request.headers', true)::json ->> 'user-agent',
        'crumb', current_setting('request.cookies', true)::json ->> 'crumb',
        'role', current_user,
        'schema', current_schema,
        'read_only', current_setting('transaction_read_only'))
$$;
CREATE FUNCTION api.dressed() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('response.headers', '[{"X-Shelf": "7"}, {"Cache-Control": "no-store"}]', true);
    PERFORM set_config('response.status', '418', true);
    RETURN 'teapot';
END $$;
CREATE FUNCTION api.badly_dressed(headers text, status text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('response.headers', headers, true);
    PERFORM set_config('response.status', status, true);
END $$;
CREATE FUNCTION api.overloaded(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION api.overloaded(a text) RETURNS text LANGUAGE sql AS $$ SELECT a $$;

CREATE DOMAIN api."text/html" AS text;
CREATE DOMAIN api."application/octet-stream" AS bytea;
CREATE FUNCTION api.welcome() RETURNS api."text/html" LANGUAGE sql AS $$ SELECT '<h1>Bonjour</h1>'::api."text/html" $$;
CREATE FUNCTION api.logo() RETURNS api."application/octet-stream" LANGUAGE sql
    AS $$ SELECT '\x89504e47'::bytea::api."application/octet-stream" $$;
CREATE FUNCTION internal.append_row(state text, author api.authors) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT state || '<li>' || author.name $$;
CREATE FUNCTION internal.close_list(state text) RETURNS api."text/html" IMMUTABLE LANGUAGE sql
    AS $$ SELECT (state || '</ul>')::api."text/html" $$;
CREATE AGGREGATE api.listed(api.authors) (
    SFUNC = internal.append_row, STYPE = text, INITCOND = '<ul>', FINALFUNC = internal.close_list);
GRANT USAGE ON SCHEMA internal TO rest_anon, rest_member, rest_staff;

INSERT INTO api.authors VALUES
    (1, 'Simone Weil', '1909-02-03', NULL),
    (2, 'Albert Camus', '1913-11-07', NULL),
    (3, 'Aimé Césaire', '1913-06-26', NULL),
    (4, 'Marguerite Duras', NULL, 2);
INSERT INTO api.biographies VALUES (1, 500), (2, 700);
INSERT INTO api.books VALUES
    (1, 'La Pesanteur et la Grâce', 1947, 7.50, 'essay', 1, '{philo,short}', '{"pages": 208, "at": {"room": "A"}}',
     to_tsvector('simple', 'pesanteur grace'), '[2024-01-01,2024-02-01)', '2020-01-02 03:04:05+00'),
    (2, 'L''Étranger', 1942, 6.90, 'novel', 2, '{short}', '{"pages": 186, "at": {"room": "B"}, "copies": [3, 5]}',
     to_tsvector('simple', 'etranger soleil'), '[2024-03-01,)', '2020-02-02 03:04:05+00'),
    (3, 'La Peste', 1947, 9.00, 'novel', 2, '{}', NULL, to_tsvector('simple', 'peste ville'), NULL, NULL),
    (4, 'Cahier d''un retour', 1939, NULL, 'poetry', 3, '{short,"a,b"}', '{"pages": null}', NULL, 'empty', NULL),
    (5, 'Anonyme', NULL, 0.00, NULL, NULL, '{}', '[1, 2]', NULL, NULL, NULL);
INSERT INTO api.readers VALUES (1, 'Inès'), (2, 'Omar'), (3, 'Zoé');
INSERT INTO api.loans VALUES (1, 1, '2024-05-01'), (2, 1, NULL), (2, 2, '2024-06-01');
INSERT INTO api.letters VALUES (1, 1, 2), (2, 2, 1);
INSERT INTO api.visits VALUES ('2024-02-03', 1, 2), ('2025-02-03', 1, 1), ('2025-02-04', 2, 4);
INSERT INTO api."Étagère n° 1" VALUES ('un', 1, 'x', 2), ('deux "quoted"', 2, 'y', 1);
INSERT INTO api.vault VALUES (1, 'gold');
INSERT INTO api.notes VALUES (1, 'ines', 'hers'), (2, 'omar', 'his'), (3, 'ines', 'hers too');
INSERT INTO api.shelves VALUES (12, 'A'), (13, 'B');
INSERT INTO archive.books VALUES (1, 'Old catalogue');
INSERT INTO internal.canary VALUES (1, 'alive');
REFRESH MATERIALIZED VIEW api.yearly;

GRANT SELECT ON ALL TABLES IN SCHEMA api, archive TO rest_anon, rest_member, rest_staff;
REVOKE ALL ON api.vault, api.notes FROM rest_anon, rest_member, rest_staff;
GRANT SELECT ON api.notes TO rest_member, rest_staff;
ANALYZE;

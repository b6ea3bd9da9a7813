-- Rows for reading: orders with nulls and duplicates in every direction, a parent to order by, row security, sizes that
-- make an index matter. Roles belong to the cluster, hence the prefix.

CREATE ROLE extras_login LOGIN NOINHERIT;
CREATE ROLE extras_anon NOLOGIN;
CREATE ROLE extras_member NOLOGIN;
GRANT extras_anon, extras_member TO extras_login;

CREATE TYPE mood AS ENUM ('low', 'even', 'high');
CREATE TABLE makers (id integer PRIMARY KEY, name text, born date);
CREATE TABLE scrolls (
    shelf integer NOT NULL,
    "no. 1" integer NOT NULL,
    title text NOT NULL,
    grade integer,
    weight double precision,
    mood mood,
    made timestamptz,
    tags text[],
    meta jsonb,
    maker_id integer REFERENCES makers,
    hidden text,
    after text,
    PRIMARY KEY (shelf, "no. 1")
);
INSERT INTO makers SELECT i, nullif('m' || i % 4, 'm0'), date '2000-01-01' + i % 3 FROM generate_series(1, 8) AS i;
INSERT INTO scrolls SELECT
    i % 7,
    i,
    (ARRAY['a', 'B', 'b', 'é', '', 'x"y', 'null', 'a,b', E'back\\slash'])[1 + i % 9],
    nullif(i * 5 % 6, 0),
    (ARRAY[0.1, -0.0, 0, 1e300, 'NaN', 'Infinity', NULL, 1.0 / 3])[1 + i % 8],
    (ARRAY['low', 'even', 'high', NULL])[1 + i % 4]::mood,
    timestamptz '2024-03-31 00:30:00.123456+00' + (i % 5) * interval '30 minutes',
    (ARRAY['{}', '{a}', '{"a b",null}', NULL])[1 + i % 4]::text[],
    (ARRAY['{"n": 1}', '{"n": null}', '{"n": "1"}', '{}', NULL, '{"n": [2]}'])[1 + i % 6]::jsonb,
    nullif(i % 9, 0),
    'h' || i,
    (i % 2)::text
FROM generate_series(1, 90) AS i;

CREATE TABLE passing (id integer PRIMARY KEY, grade integer);
INSERT INTO passing SELECT i, nullif(i % 5, 0) FROM generate_series(1, 45) AS i;

CREATE VIEW plain_scrolls AS SELECT * FROM scrolls;
CREATE VIEW titles AS SELECT DISTINCT title FROM scrolls;
CREATE FUNCTION scrolls_of(shelf integer, after text DEFAULT '') RETURNS SETOF scrolls STABLE LANGUAGE sql
    AS $$ SELECT * FROM scrolls AS s WHERE s.shelf = $1 AND s.after <> $2 $$;
CREATE FUNCTION label(scrolls) RETURNS text STABLE LANGUAGE sql AS $$ SELECT $1.title || $1.shelf $$;
CREATE FUNCTION asked() RETURNS json STABLE LANGUAGE sql AS $$
    SELECT json_build_object('method', current_setting('request.method', true),
                             'read_only', current_setting('transaction_read_only')) $$;
CREATE FUNCTION tagged() RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('response.headers', '[{"ETag": "\"mine\""}, {"Cache-Control": "max-age=60"}]', true);
    RETURN 1;
END $$;
CREATE FUNCTION nothing() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE FUNCTION scribble() RETURNS integer LANGUAGE sql AS $$ INSERT INTO makers VALUES (99) RETURNING id $$;

CREATE TABLE own_notes (id integer PRIMARY KEY, owner text NOT NULL, line text);
ALTER TABLE own_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON own_notes USING (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub'));
INSERT INTO own_notes SELECT i, (ARRAY['ines', 'omar'])[1 + i % 2], 'line ' || i FROM generate_series(1, 40) AS i;

CREATE TABLE ledger (id integer PRIMARY KEY, account integer NOT NULL, note text NOT NULL, amount integer NOT NULL);
INSERT INTO ledger SELECT i, i % 100, 'note ' || i, i % 50 FROM generate_series(1, 20000) AS i;
CREATE INDEX ON ledger (account);
CREATE VIEW entries AS SELECT * FROM ledger;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO extras_anon, extras_member;
GRANT INSERT, DELETE ON scrolls TO extras_member;
REVOKE SELECT ON scrolls FROM extras_anon;
GRANT SELECT (shelf, "no. 1", title, grade, weight, mood, made, tags, meta, maker_id, after) ON scrolls TO extras_anon;
ANALYZE;

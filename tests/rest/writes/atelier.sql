-- A workshop that lends tools: every kind of key, default, rule and function that writes can meet.
-- Roles belong to the cluster, hence the prefix.

CREATE ROLE atelier_login LOGIN NOINHERIT;
CREATE ROLE atelier_anon NOLOGIN;
CREATE ROLE atelier_member NOLOGIN;
CREATE ROLE atelier_hurried NOLOGIN;
CREATE ROLE atelier_strict NOLOGIN;
CREATE ROLE atelier_stranger NOLOGIN;
GRANT atelier_anon, atelier_member, atelier_hurried, atelier_strict TO atelier_login;
ALTER ROLE atelier_hurried SET statement_timeout = '150ms';
ALTER ROLE atelier_hurried SET lock_timeout = '50ms';
ALTER ROLE atelier_strict SET default_transaction_isolation = 'serializable';

CREATE SCHEMA shop;
CREATE SCHEMA depot;
CREATE SCHEMA backroom;
GRANT USAGE ON SCHEMA shop, depot TO atelier_anon, atelier_member, atelier_hurried, atelier_strict;

CREATE TYPE shop.state AS ENUM ('new', 'used', 'broken');
CREATE TYPE shop.size AS (width integer, unit text);

CREATE TABLE shop.makers (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.tools (
    id integer PRIMARY KEY,
    name text NOT NULL,
    price numeric(8, 2) DEFAULT 1.50 CHECK (price >= 0),
    state shop.state DEFAULT 'new',
    maker_id integer REFERENCES shop.makers,
    slug text UNIQUE,
    tags text[] NOT NULL DEFAULT '{}',
    meta jsonb,
    size shop.size,
    seen timestamptz,
    twice numeric GENERATED ALWAYS AS (price * 2) STORED
);
CREATE TABLE shop.owners (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.holdings (
    tool_id integer REFERENCES shop.tools ON DELETE CASCADE,
    owner_id integer REFERENCES shop.owners,
    PRIMARY KEY (tool_id, owner_id)
);
CREATE TABLE shop.counted (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text DEFAULT 'none');
CREATE TABLE shop.pairs (a integer, b text, note text DEFAULT 'none', number integer DEFAULT 7, PRIMARY KEY (a, b));
CREATE TABLE shop.loose (line text, number integer);
CREATE TABLE shop."Boîte n° 1" ("clé, une" integer PRIMARY KEY, "or" text, "a""b" text);
CREATE VIEW shop.costly AS SELECT id, name, price FROM shop.tools WHERE price > 100 WITH CHECK OPTION;
CREATE VIEW shop.prices AS SELECT state, avg(price) AS price FROM shop.tools GROUP BY state;
CREATE TABLE depot.tools (id integer PRIMARY KEY, name text);

-- checked only at the end of the transaction
CREATE TABLE shop.chained (id integer PRIMARY KEY, next integer
    REFERENCES shop.chained DEFERRABLE INITIALLY DEFERRED);

-- a domain with representations of its own
CREATE DOMAIN shop.code AS integer;
CREATE FUNCTION shop.code_json(code shop.code) RETURNS json IMMUTABLE LANGUAGE sql
    AS $$ SELECT to_json('C-' || code::integer::text) $$;
CREATE FUNCTION shop.code_of_json(json) RETURNS shop.code IMMUTABLE LANGUAGE sql
    AS $$ SELECT substr($1 #>> '{}', 3)::integer::shop.code $$;
CREATE FUNCTION shop.code_of_text(text) RETURNS shop.code IMMUTABLE LANGUAGE sql
    AS $$ SELECT substr($1, 3)::integer::shop.code $$;
SET client_min_messages = error;
CREATE CAST (shop.code AS json) WITH FUNCTION shop.code_json(shop.code) AS IMPLICIT;
CREATE CAST (json AS shop.code) WITH FUNCTION shop.code_of_json(json) AS IMPLICIT;
CREATE CAST (text AS shop.code) WITH FUNCTION shop.code_of_text(text) AS IMPLICIT;
RESET client_min_messages;
CREATE TABLE shop.coded (code shop.code PRIMARY KEY, label text);

-- who may do what
CREATE TABLE shop.notes (id integer PRIMARY KEY, owner text NOT NULL, line text, shared boolean DEFAULT false);
ALTER TABLE shop.notes ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION shop.me() RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT current_setting('request.jwt.claims', true)::json ->> 'sub' $$;
CREATE POLICY look ON shop.notes FOR SELECT USING (owner = shop.me() OR shared);
CREATE POLICY add ON shop.notes FOR INSERT WITH CHECK (owner = shop.me());
CREATE POLICY change ON shop.notes FOR UPDATE USING (owner = shop.me());
CREATE POLICY remove ON shop.notes FOR DELETE USING (owner = shop.me());
CREATE TABLE shop.letterbox (id integer PRIMARY KEY, line text);
CREATE TABLE shop.partly (id integer PRIMARY KEY, open text, closed text DEFAULT 'sealed');
CREATE TABLE backroom.audit (line text);

-- triggers that see the request, and that answer it
CREATE TABLE shop.watched (id integer PRIMARY KEY, wish text, seen json);
CREATE FUNCTION backroom.watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seen := json_build_object(
        'method', current_setting('request.method', true),
        'path', current_setting('request.path', true),
        'agent', current_setting('request.headers', true)::json ->> 'x-agent',
        'crumb', current_setting('request.cookies', true)::json ->> 'crumb',
        'sub', current_setting('request.jwt.claims', true)::json ->> 'sub',
        'role', current_user, 'zone', current_setting('TimeZone'), 'schema', current_schema,
        'app', current_setting('app.settings.motto', true));
    IF NEW.wish LIKE 'status %' THEN
        PERFORM set_config('response.status', substr(NEW.wish, 8), true);
    ELSIF NEW.wish LIKE 'headers %' THEN
        PERFORM set_config('response.headers', substr(NEW.wish, 9), true);
    ELSIF NEW.wish LIKE 'raise %' THEN
        RAISE EXCEPTION USING ERRCODE = split_part(NEW.wish, ' ', 2), MESSAGE = 'raised', DETAIL = 'why', HINT = 'how';
    ELSIF NEW.wish = 'wait' THEN
        PERFORM pg_sleep(10);
    ELSIF NEW.wish = 'skip' THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watch BEFORE INSERT OR UPDATE ON shop.watched FOR EACH ROW EXECUTE FUNCTION backroom.watch();

-- functions
CREATE FUNCTION shop.append(line text, number integer DEFAULT 5) RETURNS integer LANGUAGE sql
    AS $$ INSERT INTO shop.loose VALUES (line, number) RETURNING number $$;
CREATE FUNCTION shop.add(a integer, b integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT a + b $$;
CREATE FUNCTION shop.total(VARIADIC amounts integer[]) RETURNS bigint IMMUTABLE LANGUAGE sql
    AS $$ SELECT sum(x) FROM unnest(amounts) AS x $$;
CREATE FUNCTION shop.none() RETURNS void LANGUAGE sql AS $$ INSERT INTO shop.loose VALUES ('none', 0) $$;
CREATE FUNCTION shop.nothing() RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$;
CREATE FUNCTION shop.numbers() RETURNS SETOF integer LANGUAGE sql AS $$ VALUES (1), (2), (3) $$;
CREATE FUNCTION shop.one_tool(id integer) RETURNS shop.tools STABLE LANGUAGE sql
    AS $$ SELECT * FROM shop.tools WHERE tools.id = one_tool.id $$;
CREATE FUNCTION shop.all_tools() RETURNS SETOF shop.tools STABLE LANGUAGE sql AS $$ SELECT * FROM shop.tools $$;
CREATE FUNCTION shop.break_all() RETURNS SETOF shop.tools LANGUAGE sql
    AS $$ UPDATE shop.tools SET state = 'broken' RETURNING * $$;
CREATE FUNCTION shop.tally() RETURNS TABLE (state shop.state, many bigint) STABLE LANGUAGE sql
    AS $$ SELECT state, count(*) FROM shop.tools GROUP BY 1 ORDER BY 1 $$;
CREATE FUNCTION shop.pair(OUT a integer, OUT b text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION shop.lone(OUT a integer) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION shop.swap(size shop.size) RETURNS shop.size LANGUAGE sql
    AS $$ SELECT (size.width * 10, size.unit || '!')::shop.size $$;
CREATE FUNCTION shop.kinds(flag boolean, list text[], doc jsonb, day date, state shop.state) RETURNS json LANGUAGE sql
    AS $$ SELECT json_build_array(flag, list, doc, day, state) $$;
CREATE FUNCTION shop.take_json(json) RETURNS text LANGUAGE sql AS $$ SELECT 'json ' || $1::text $$;
CREATE FUNCTION shop.take_jsonb(jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION shop.take_text(text) RETURNS text LANGUAGE sql AS $$ SELECT 'text ' || $1 $$;
CREATE FUNCTION shop.take_xml(xml) RETURNS text LANGUAGE sql AS $$ SELECT 'xml ' || $1::text $$;
CREATE FUNCTION shop.take_bytea(bytea) RETURNS text LANGUAGE sql AS $$ SELECT 'bytea ' || encode($1, 'hex') $$;
CREATE FUNCTION shop.either(a integer) RETURNS text LANGUAGE sql AS $$ SELECT 'a' $$;
CREATE FUNCTION shop.either(a integer, b integer) RETURNS text LANGUAGE sql AS $$ SELECT 'a, b' $$;
CREATE FUNCTION shop.either(jsonb) RETURNS text LANGUAGE sql AS $$ SELECT 'whole' $$;
CREATE FUNCTION shop.unclear(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION shop.unclear(a text) RETURNS text LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION shop.write_when_stable() RETURNS integer STABLE LANGUAGE plpgsql
    AS $$ BEGIN RETURN shop.append('stable'); END $$;
CREATE FUNCTION shop.fail(state text, say text DEFAULT 'no') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shop.loose VALUES ('fail', 0);
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = say, DETAIL = 'why', HINT = 'how';
END $$;
CREATE FUNCTION shop.fail_in_json(message text, detail text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN RAISE SQLSTATE 'PGRST' USING MESSAGE = message, DETAIL = detail; END $$;
CREATE FUNCTION shop.answer(headers text DEFAULT '', status text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shop.loose VALUES ('answer', 0);
    PERFORM set_config('response.headers', headers, true), set_config('response.status', status, true);
    RETURN 'done';
END $$;
CREATE FUNCTION shop.isolation() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('transaction_isolation') $$;
CREATE FUNCTION shop.isolation_repeatable() RETURNS text LANGUAGE sql
    SET default_transaction_isolation = 'repeatable read' AS $$ SELECT current_setting('transaction_isolation') $$;
CREATE FUNCTION shop.setting(name text) RETURNS text LANGUAGE sql AS $$ SELECT current_setting(name, true) $$;
CREATE FUNCTION shop.setting_here() RETURNS text LANGUAGE sql SET work_mem = '5MB'
    AS $$ SELECT current_setting('work_mem') $$;
CREATE FUNCTION shop.nap(seconds double precision) RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(seconds)::text $$;
CREATE FUNCTION shop.nap_briefly(seconds double precision) RETURNS text LANGUAGE sql
    SET statement_timeout = '50ms' AS $$ SELECT pg_sleep(seconds)::text $$;

-- deletes rows rather than truncate tables, which takes far longer for so few
CREATE FUNCTION backroom.reset() RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
    DELETE FROM shop.makers; DELETE FROM shop.tools; DELETE FROM shop.owners; DELETE FROM shop.holdings;
    DELETE FROM shop.counted; DELETE FROM shop.pairs; DELETE FROM shop.loose; DELETE FROM shop."Boîte n° 1";
    DELETE FROM depot.tools; DELETE FROM shop.chained; DELETE FROM shop.coded; DELETE FROM shop.notes;
    DELETE FROM shop.letterbox; DELETE FROM shop.partly; DELETE FROM shop.watched; DELETE FROM backroom.audit;
    SELECT setval('shop.counted_id_seq', 1, false);
    INSERT INTO shop.makers VALUES (1, 'Opinel'), (2, 'Facom');
    INSERT INTO shop.tools (id, name, price, maker_id, slug, tags, meta, size) VALUES
        (1, 'knife', 12.00, 1, 'knife', '{sharp}', '{"steel": "carbon"}', '(8,cm)'),
        (2, 'spanner', 30.50, 2, 'spanner', '{}', NULL, NULL),
        (3, 'lathe', 4200.00, NULL, NULL, '{heavy,loud}', NULL, NULL);
    INSERT INTO shop.owners VALUES (1, 'Ada'), (2, 'Bo');
    INSERT INTO shop.holdings VALUES (1, 1), (1, 2), (2, 1);
    INSERT INTO shop.counted (note) VALUES ('first');
    INSERT INTO shop.pairs VALUES (1, 'x', 'one', 1), (2, 'y', 'two', 2);
    INSERT INTO shop.loose VALUES ('a', 1);
    INSERT INTO shop."Boîte n° 1" VALUES (1, 'gold', 'quoted');
    INSERT INTO shop.chained VALUES (1, NULL);
    INSERT INTO shop.coded VALUES (7, 'seven');
    INSERT INTO shop.notes VALUES
        (1, 'ines', 'hers', false), (2, 'omar', 'his', false), (3, 'omar', 'for all', true), (4, 'ines', 'too', false);
    INSERT INTO shop.letterbox VALUES (1, 'old');
    INSERT INTO shop.partly VALUES (1, 'one', 'secret');
    INSERT INTO shop.watched (id, wish) VALUES (1, NULL);
$$;
SELECT backroom.reset();

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop, depot
    TO atelier_member, atelier_hurried, atelier_strict;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO atelier_anon;
REVOKE ALL ON shop.notes, shop.letterbox, shop.partly FROM atelier_anon, atelier_member;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.notes TO atelier_member;
GRANT INSERT, UPDATE, DELETE ON shop.letterbox TO atelier_member;
GRANT SELECT (id, open), INSERT (id, open), UPDATE (open), DELETE ON shop.partly TO atelier_member;

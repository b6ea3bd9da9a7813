-- A ledger whose writes take a while, and functions that fail in the middle of what they do.

DO $$
BEGIN
    IF to_regrole('fault_login') IS NULL THEN
        CREATE ROLE fault_login LOGIN NOINHERIT;
        CREATE ROLE fault_user NOLOGIN;
        CREATE ROLE fault_hurried NOLOGIN;
        CREATE ROLE fault_serial NOLOGIN;
        GRANT fault_user, fault_hurried, fault_serial TO fault_login;
        ALTER ROLE fault_hurried SET statement_timeout = '120ms';
        ALTER ROLE fault_hurried SET lock_timeout = '40ms';
        ALTER ROLE fault_serial SET default_transaction_isolation = 'serializable';
    END IF;
    EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = %L', current_database(), '20ms');
END $$;

CREATE SCHEMA bank;
GRANT USAGE ON SCHEMA bank TO fault_user, fault_hurried, fault_serial;

CREATE TABLE bank.ledger (batch text, part integer, PRIMARY KEY (batch, part));
CREATE TABLE bank.accounts (id integer PRIMARY KEY, amount integer NOT NULL);
CREATE TABLE bank.late (id text PRIMARY KEY);
CREATE SEQUENCE bank.calls;
CREATE FUNCTION bank.reset() RETURNS void LANGUAGE sql AS $$
    DELETE FROM bank.ledger; DELETE FROM bank.late; DELETE FROM bank.accounts;
    INSERT INTO bank.accounts VALUES (1, 100), (2, 100);
    SELECT setval('bank.calls', 1, false);
$$;
REVOKE EXECUTE ON FUNCTION bank.reset FROM PUBLIC;
SELECT bank.reset();

CREATE FUNCTION bank.take_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.002);
    IF NEW.batch LIKE 'full %' AND NEW.part = 3 THEN
        RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file "base/1/2": No space left on device',
            HINT = 'Check free disk space.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER take_time AFTER INSERT ON bank.ledger FOR EACH ROW EXECUTE FUNCTION bank.take_time();

-- its work is done while the transaction commits
CREATE FUNCTION bank.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = 'refused' THEN
        RAISE SQLSTATE '23514' USING MESSAGE = 'too late';
    END IF;
    PERFORM pg_sleep(0.5);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON bank.late
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bank.at_commit();

CREATE FUNCTION bank.enter(name text, parts integer, pause double precision DEFAULT 0.002) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    FOR part IN 1..parts LOOP
        INSERT INTO bank.ledger VALUES (name, part);
        PERFORM pg_sleep(pause);
    END LOOP;
    RETURN parts;
END $$;
CREATE FUNCTION bank.move(source integer, target integer, pause double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('bank.calls');
    UPDATE bank.accounts SET amount = amount - 1 WHERE id = source;
    PERFORM pg_sleep(pause);
    UPDATE bank.accounts SET amount = amount + 1 WHERE id = target;
END $$;
CREATE FUNCTION bank.add_up(target integer, pause double precision) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE total integer;
BEGIN
    PERFORM nextval('bank.calls');
    SELECT sum(amount) INTO total FROM bank.accounts;
    PERFORM pg_sleep(pause);
    UPDATE bank.accounts SET amount = total WHERE id = target;
    RETURN total;
END $$;
CREATE FUNCTION bank.add_up_repeatably(target integer, pause double precision) RETURNS integer LANGUAGE sql
    SET default_transaction_isolation = 'repeatable read' AS $$ SELECT bank.add_up(target, pause) $$;
CREATE FUNCTION bank.nap(seconds double precision) RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(seconds)::text $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bank TO fault_user, fault_hurried, fault_serial;
GRANT USAGE ON SEQUENCE bank.calls TO fault_user, fault_hurried, fault_serial;

-- Leaves a mark in the session that outlives its statement. The other files hide it where the trust analysis could
-- overlook it; each in a database of its own, for what one of them makes opaque could hide that another does not.
CREATE SCHEMA hidden;
GRANT USAGE ON SCHEMA hidden TO attack_anon;
CREATE FUNCTION hidden.spy(what text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('app.spied', what, false);
    RETURN true;
END $$;

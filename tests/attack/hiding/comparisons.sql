-- an equality for json, which has none of its own: GROUP BY, DISTINCT and arrays use it unasked
CREATE FUNCTION hidden.json_compare(a json, b json) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM set_config('app.spied', 'opclass', false);
    RETURN CASE WHEN a::text < b::text THEN -1 WHEN a::text = b::text THEN 0 ELSE 1 END;
END $$;
CREATE FUNCTION hidden.json_lt(a json, b json) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT hidden.json_compare(a, b) < 0';
CREATE FUNCTION hidden.json_le(a json, b json) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT hidden.json_compare(a, b) <= 0';
CREATE FUNCTION hidden.json_eq(a json, b json) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN hidden.json_compare(a, b) = 0; END';
CREATE FUNCTION hidden.json_ge(a json, b json) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT hidden.json_compare(a, b) >= 0';
CREATE FUNCTION hidden.json_gt(a json, b json) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT hidden.json_compare(a, b) > 0';
CREATE OPERATOR hidden.|<| (LEFTARG = json, RIGHTARG = json, FUNCTION = hidden.json_lt, COMMUTATOR = OPERATOR(hidden.|>|));
CREATE OPERATOR hidden.|<=| (LEFTARG = json, RIGHTARG = json, FUNCTION = hidden.json_le);
CREATE OPERATOR hidden.|=| (LEFTARG = json, RIGHTARG = json, FUNCTION = hidden.json_eq, COMMUTATOR = OPERATOR(hidden.|=|));
CREATE OPERATOR hidden.|>=| (LEFTARG = json, RIGHTARG = json, FUNCTION = hidden.json_ge);
CREATE OPERATOR hidden.|>| (LEFTARG = json, RIGHTARG = json, FUNCTION = hidden.json_gt);
CREATE OPERATOR CLASS hidden.json_order DEFAULT FOR TYPE json USING btree AS
    OPERATOR 1 hidden.|<|, OPERATOR 2 hidden.|<=|, OPERATOR 3 hidden.|=|, OPERATOR 4 hidden.|>=|, OPERATOR 5 hidden.|>|,
    FUNCTION 1 hidden.json_compare(json, json);

CREATE TABLE public.papers (id integer PRIMARY KEY, data json, one json[], two json[]);
INSERT INTO public.papers VALUES (1, '{"a": 1}', '{1,2}', '{1,2}'), (2, '{"a": 1}', '{1}', '{2}');
CREATE VIEW public.same_papers AS SELECT id, one = two AS same FROM public.papers;
CREATE FUNCTION public.kinds(paper public.papers) RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT count(*) FROM (SELECT DISTINCT p.data FROM public.papers AS p) AS kinds';
CREATE VIEW public.counted_papers AS SELECT public.kinds(p) AS kinds FROM public.papers AS p;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO attack_anon, attack_member;

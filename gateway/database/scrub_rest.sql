-- The rest of a scrub: session locks, the seed of random() ($1) and, if $2, the proof that nobody put a statement of
-- their own in the place of one of ours: those made by SQL's PREPARE are marked as such. Never returns a row.
SELECT 1
WHERE pg_catalog.num_nulls(
    pg_catalog.pg_advisory_unlock_all(),
    pg_catalog.setseed($1),
    (CASE
        WHEN $2 AND EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() AS s WHERE s.from_sql)
        THEN 'passerelle: this session has prepared statements that are not the gateway''s'
        ELSE '0'
    END)::pg_catalog.int4
) < 0

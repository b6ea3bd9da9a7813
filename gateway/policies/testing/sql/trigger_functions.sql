-- The functions that triggers of each relation run; those of foreign keys run as the tables' owner.
select t.tgrelid as relation, pg_catalog.array_agg(distinct t.tgfoid) as functions
from pg_catalog.pg_trigger as t
where not t.tgisinternal
group by t.tgrelid

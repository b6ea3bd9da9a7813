-- The functions that triggers of each relation run; those of foreign keys run as the tables' owner, and those for the
-- cache decide nothing.
select t.tgrelid as relation, pg_catalog.array_agg(distinct t.tgfoid) as functions
from pg_catalog.pg_trigger as t
where not t.tgisinternal and t.tgname not like 'passerelle\_touch\_%'
group by t.tgrelid

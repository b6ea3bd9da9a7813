-- The gateway's own triggers.
select g.tgrelid as relation, g.tgname::text as name
from pg_trigger g
where not g.tgisinternal and g.tgname like 'passerelle\_%'
order by g.tgrelid, g.tgname

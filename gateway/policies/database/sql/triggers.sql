-- The gateway's own triggers, without those for the cache: they follow from what all tables depend on, and are looked
-- at by themselves (`touchables.sql`).
select g.tgrelid as relation, g.tgname::text as name
from pg_trigger g
where not g.tgisinternal and g.tgname like 'passerelle\_%'
    and g.tgname not like 'passerelle\_touch\_%'
order by g.tgrelid, g.tgname

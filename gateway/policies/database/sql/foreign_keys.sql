-- Foreign keys. The copies that PostgreSQL keeps for partitions are left out.
select
    k.conrelid as relation,
    k.conname::text as name,
    array(
        select t.attname::text
        from unnest(k.conkey) with ordinality a (number, position)
        join pg_attribute t on t.attrelid = k.conrelid and t.attnum = a.number
        order by a.position
    ) as columns,
    n.nspname::text as target_schema,
    c.relname::text as target_name
from pg_constraint k
join pg_class c on c.oid = k.confrelid
join pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f' and k.conparentid = 0 and c.relpersistence <> 't'
order by k.conrelid, k.conname

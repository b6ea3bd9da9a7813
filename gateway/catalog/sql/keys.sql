-- Primary keys, unique constraints and foreign keys, columns by number in constraint order. The copies of a foreign key
-- that PostgreSQL keeps for partitions are left out.
select
    k.conname as name,
    k.contype::text as kind,
    k.conrelid as relation,
    k.conkey as columns,
    k.confrelid as target,
    coalesce(k.confkey, '{}') as target_columns
from pg_constraint k
where k.conrelid >= 16384
    and (k.contype in ('p', 'u') or (k.contype = 'f' and k.conparentid = 0))
order by k.conrelid, k.conname

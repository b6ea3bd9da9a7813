-- The plain columns that each valid index begins with, and whether they are a whole key: unique for every row.
select
    i.indrelid as relation,
    i.indisprimary as primary,
    i.indisunique and i.indpred is null and cardinality(k.columns) = i.indnkeyatts as key,
    k.columns
from pg_index i
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select array_agg(t.attname::text order by a.position) as columns
    from (
        select e.number, e.position, min(e.position) filter (where e.number = 0) over () as first_expression
        from unnest(i.indkey) with ordinality e (number, position)
        where e.position <= i.indnkeyatts
    ) a
    join pg_attribute t on t.attrelid = i.indrelid and t.attnum = a.number
    where a.position < a.first_expression or a.first_expression is null
) k
where i.indisvalid
    and k.columns is not null
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by i.indrelid, i.indexrelid

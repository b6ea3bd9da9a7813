-- The relations ($1, $2: schemas and names), with what makes a table of the same columns; `covered` is whether the search
-- path leads to another thing before it comes to a temporary table of that name.
select
    n.nspname::text as schema,
    c.relname::text as name,
    to_regclass(quote_ident(c.relname)) is not null and to_regtype(quote_ident(c.relname)) is not null as covered,
    quote_ident(c.relname) as table_text,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) as type_text,
    coalesce(t.names, '{}') as columns,
    coalesce(t.types, '{}') as types
from unnest($1::text[], $2::text[]) w (schema, name)
join pg_namespace n on n.nspname = w.schema
join pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p', 'v', 'm', 'f')
left join lateral (
    select
        array_agg(a.attname::text order by a.attnum) as names,
        array_agg(
            format_type(a.atttypid, a.atttypmod)
            || coalesce(' collate ' || quote_ident(s.nspname) || '.' || quote_ident(l.collname), '')
            order by a.attnum
        ) as types
    from pg_attribute a
    join pg_type y on y.oid = a.atttypid
    left join pg_collation l on l.oid = a.attcollation and a.attcollation <> y.typcollation
    left join pg_namespace s on s.oid = l.collnamespace
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) t on true

-- The relations ($1, $2: schemas and names), with what makes a table of the same columns; `covered` is whether the search
-- path leads to another thing before it comes to a temporary table of that name. Functions have their schema, for others
-- may put some of the same name into that path.
select
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.to_regclass(pg_catalog.quote_ident(c.relname)) is not null
        and pg_catalog.to_regtype(pg_catalog.quote_ident(c.relname)) is not null as covered,
    pg_catalog.quote_ident(c.relname) as table_text,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as type_text,
    coalesce(t.names, '{}') as columns,
    coalesce(t.types, '{}') as types
from unnest($1::text[], $2::text[]) w (schema, name)
join pg_namespace n on n.nspname = w.schema
join pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p', 'v', 'm', 'f')
left join lateral (
    select
        pg_catalog.array_agg(a.attname::text order by a.attnum) as names,
        pg_catalog.array_agg(
            pg_catalog.format_type(a.atttypid, a.atttypmod)
            || coalesce(' collate ' || pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(l.collname), '')
            order by a.attnum
        ) as types
    from pg_attribute a
    join pg_type y on y.oid = a.atttypid
    left join pg_collation l on l.oid = a.attcollation and a.attcollation <> y.typcollation
    left join pg_namespace s on s.oid = l.collnamespace
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) t on true

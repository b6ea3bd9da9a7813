-- The input parameters of the functions in $1 (schemas) and $2 (names). The last `defaults` of them may be left out.
select
  n.nspname::text as schema,
  p.proname::text as name,
  p.pronargdefaults::int as defaults,
  array(
    select coalesce(p.proargnames[given.i], '')
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as given (type, i)
    where coalesce(p.proargmodes[given.i], 'i') in ('i', 'b', 'v')
    order by given.i
  ) as parameters,
  array(
    select pg_catalog.format_type(given.type, null)
    from unnest(p.proargtypes::oid[]) with ordinality as given (type, i)
    order by given.i
  ) as types
from unnest($1::text[], $2::text[]) as wanted (schema, name)
join pg_catalog.pg_namespace as n on n.nspname = wanted.schema
join pg_catalog.pg_proc as p on p.pronamespace = n.oid and p.proname = wanted.name
where p.prokind = 'f'
order by p.oid

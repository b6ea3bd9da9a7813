-- Limits of the policy files in force. What was dropped since has none.
select false as is_function, c.oid, (entry.value -> 'limits' ->> 'max_rows')::int as max_rows
from passerelle.policy_rules_v1 as applied
cross join jsonb_each(applied.rules -> 'tables') as entry
join pg_class c on true
join pg_namespace n on n.oid = c.relnamespace and concat(n.nspname, '.', c.relname) = entry.key
where entry.value -> 'limits' ->> 'max_rows' is not null
union all
select true, to_regprocedure(entry.key)::oid, (entry.value -> 'limits' ->> 'max_rows')::int
from passerelle.policy_rules_v1 as applied
cross join jsonb_each(applied.rules -> 'functions') as entry
where entry.value -> 'limits' ->> 'max_rows' is not null and to_regprocedure(entry.key) is not null

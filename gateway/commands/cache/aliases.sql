-- What the policy files in force call answers of a table (its name) or of a function (its OID).
select entry.value -> 'cache' -> 'alias' as alias
from passerelle.policy_rules_v1 as applied
cross join jsonb_each(
    case jsonb_typeof(applied.rules -> $1) when 'object' then applied.rules -> $1 else '{}' end
) as entry
where entry.key = case when $3::oid is null then $2 else $3::oid::regprocedure::text end

-- What PostgreSQL finds for each of the signatures $1, with and without argument types. A malformed one raises: which,
-- differs between versions. Functions have their schema, for others may put some of the same name into the search path.
select
    s.signature,
    case
        when s.signature ~ '\)\s*$' then pg_catalog.to_regprocedure(s.signature)::oid
        else pg_catalog.to_regproc(s.signature)::oid
    end as oid
from pg_catalog.unnest($1::text[]) s (signature)

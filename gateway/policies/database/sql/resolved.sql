-- What PostgreSQL finds for each of the signatures $1, with and without argument types. A malformed one raises: which,
-- differs between versions.
select
    s.signature,
    case when s.signature ~ '\)\s*$' then to_regprocedure(s.signature)::oid else to_regproc(s.signature)::oid end as oid
from unnest($1::text[]) s (signature)

-- Every role, and which of the roles that policies name or that own something it has the privileges of: PostgreSQL asks
-- this very question (has_privs_of_role) when it chooses policies and exempts owners.
with asked as (
    select distinct r.oid
    from (
        select unnest(polroles) from pg_policy
        union
        select relowner from pg_class where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'f')
    ) a (oid)
    join pg_roles r on r.oid = a.oid
)
select
    r.oid,
    r.rolname as name,
    r.rolsuper as superuser,
    r.rolbypassrls as bypasses,
    array(select a.oid from asked a where pg_has_role(r.oid, a.oid, 'USAGE')) as holds
from pg_roles r

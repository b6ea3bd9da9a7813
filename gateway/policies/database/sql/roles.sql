-- Roles, who may become them (SET ROLE), and who has their rights anyway (INHERIT), through one membership or several.
-- From PostgreSQL 16 on a membership says both; before, the columns are missing, hence the way through JSON, and the
-- member's own INHERIT decides.
with recursive memberships as (
    select
        m.roleid as role,
        m.member,
        coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) as becomes,
        coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit) as inherits
    from pg_auth_members m
    join pg_roles r on r.oid = m.member
),
becoming (role, member) as (
    select m.role, m.member from memberships m where m.becomes
    union
    select b.role, m.member from becoming b join memberships m on m.role = b.member where m.becomes
),
inheriting (role, member) as (
    select m.role, m.member from memberships m where m.inherits
    union
    select i.role, m.member from inheriting i join memberships m on m.role = i.member where m.inherits
)
select
    r.rolname::text as name,
    r.rolsuper as superuser,
    r.rolbypassrls as bypasses_row_security,
    r.rolcanlogin as login,
    array(
        select m.rolname::text from becoming b join pg_roles m on m.oid = b.member where b.role = r.oid
    ) as members,
    array(
        select m.rolname::text from inheriting i join pg_roles m on m.oid = i.member where i.role = r.oid
    ) as heirs
from pg_roles r
order by r.rolname

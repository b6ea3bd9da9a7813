-- What the login role is, and what it may become. $1: roles, $2: schemas.
select
  current_setting('server_version_num')::int as version_num,
  current_user::text as login,
  me.rolsuper as superuser,
  me.rolbypassrls as bypasses_row_security,
  array(select wanted from unnest($1::text[]) as wanted
         where not exists (select from pg_catalog.pg_roles where rolname = wanted)) as missing_roles,
  array(select role.rolname::text from pg_catalog.pg_roles as role
         where role.rolname = any ($1) and not pg_has_role(current_user, role.oid, 'member')) as refused_roles,
  array(select role.rolname::text from pg_catalog.pg_roles as role
         where role.rolname = any ($1) and role.rolname <> current_user
           and pg_has_role(current_user, role.oid, 'usage')) as inherited_roles,
  array(select wanted from unnest($2::text[]) as wanted
         where not exists (select from pg_catalog.pg_namespace where nspname = wanted)) as missing_schemas
from pg_catalog.pg_roles as me
where me.rolname = current_user

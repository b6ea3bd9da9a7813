-- What has to be known of a database before it is copied. `settings` are those of the database itself, which a copy
-- does not get; `others` counts sessions that would stand in the way.
select
  d.datname::text as name,
  pg_catalog.pg_get_userbyid(d.datdba)::text as owner,
  current_user::text as me,
  pg_catalog.pg_database_size(d.oid) as bytes,
  pg_catalog.pg_backend_pid() as pid,
  coalesce((
    select s.setconfig from pg_catalog.pg_db_role_setting as s where s.setdatabase = d.oid and s.setrole = 0
  ), '{}') as settings,
  (
    select count(*) from pg_catalog.pg_stat_activity as a
    where a.datid = d.oid and a.pid <> pg_catalog.pg_backend_pid()
      and coalesce(a.backend_type, 'client backend') = 'client backend'
  ) as others
from pg_catalog.pg_database as d
where d.datname = current_database()

-- Settings `pgrst.*` of the login role: those for this database come last, so that they win.
select substr(entry, 7, position('=' in entry) - 7) as name, substr(entry, position('=' in entry) + 1) as value
from pg_db_role_setting s
join pg_database d on d.datname = current_database()
cross join lateral unnest(s.setconfig) as entry
where s.setrole = current_user::regrole
    and s.setdatabase in (0, d.oid)
    and entry like 'pgrst.%'
order by s.setdatabase

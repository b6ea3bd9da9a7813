-- Row policies; roles by name, PUBLIC as `public`.
select
    p.polrelid as relation,
    p.polname::text as name,
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
        as verb,
    p.polpermissive as permissive,
    array(
        select case when r.oid = 0 then 'public' else pg_get_userbyid(r.oid)::text end from unnest(p.polroles) r (oid)
    ) as roles,
    pg_get_expr(p.polqual, p.polrelid) as using,
    pg_get_expr(p.polwithcheck, p.polrelid) as check
from pg_policy p
order by p.polrelid, p.polname

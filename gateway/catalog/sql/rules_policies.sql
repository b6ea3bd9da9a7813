-- All row security policies. Role 0 is PUBLIC; `command` is r, a, w, d or *.
select
    p.polrelid as relation,
    p.polname as name,
    p.polcmd::text as command,
    p.polpermissive as permissive,
    p.polroles as roles,
    p.polqual::text as "using",
    p.polwithcheck::text as "check"
from pg_policy p
order by p.polrelid, p.polname

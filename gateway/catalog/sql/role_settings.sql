-- ALTER ROLE ... SET values of roles that the login role may become, as far as it may set them itself.
select r.rolname as role, s.name, s.value
from pg_roles r
cross join lateral (
    select split_part(c.entry, '=', 1) as name, substr(c.entry, strpos(c.entry, '=') + 1) as value, c.position
    from unnest(r.rolconfig) with ordinality c (entry, position)
) s
join pg_settings g on lower(g.name) = lower(s.name)
where pg_has_role(current_user, r.oid, 'member')
    and (g.context = 'user' or has_parameter_privilege(current_user, g.name, 'set'))
order by r.rolname, s.position

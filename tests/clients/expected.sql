-- What each caller may read of Hub-Lib, worked out a second time: plain queries over the tables, asked as their owner,
-- sharing nothing with the row security that they check. A viewer is a user's id, 'anonymous' or 'service'.

create schema expected;

create function expected.me(viewer text) returns uuid language sql
return case when viewer not in ('anonymous', 'service') then viewer::uuid end;

create function expected.admin(viewer text) returns boolean language sql
return viewer = 'service' or exists (
  select from public.user_roles
  where user_id = expected.me(viewer) and role in ('admin', 'super_admin') and coalesce(expires_at > now(), true)
);

create function expected.teams(viewer text) returns setof uuid language sql
begin atomic
  select id from public.groups where owner_id = expected.me(viewer)
  union
  select group_id from public.group_members where user_id = expected.me(viewer);
end;

create function expected.resources(viewer text) returns setof public.resources language sql
begin atomic
  select * from public.resources
  where visibility = 'public'
    or expected.admin(viewer)
    or user_id = expected.me(viewer)
    or id in (
      select resource_id from public.resource_shares
      where coalesce(expires_at > now(), true)
        and (
          shared_with_user_id = expected.me(viewer)
          or shared_with_group_id in (select expected.teams(viewer))
        )
    );
end;

create function expected.collections(viewer text) returns setof public.collections language sql
begin atomic
  select * from public.collections where is_public or user_id = expected.me(viewer) or expected.admin(viewer);
end;

create function expected.saved_resources(viewer text) returns setof public.saved_resources language sql
begin atomic
  select * from public.saved_resources where user_id = expected.me(viewer) or viewer = 'service';
end;

create function expected.notifications(viewer text) returns setof public.notifications language sql
begin atomic
  select * from public.notifications where user_id = expected.me(viewer) or viewer = 'service';
end;

create function expected.resource_ratings(viewer text) returns setof public.resource_ratings language sql
begin atomic
  select * from public.resource_ratings where resource_id in (select id from expected.resources(viewer));
end;

create function expected.resource_comments(viewer text) returns setof public.resource_comments language sql
begin atomic
  select * from public.resource_comments where resource_id in (select id from expected.resources(viewer));
end;

create function expected.resource_versions(viewer text) returns setof public.resource_versions language sql
begin atomic
  select * from public.resource_versions where resource_id in (select id from expected.resources(viewer));
end;

create function expected.resource_shares(viewer text) returns setof public.resource_shares language sql
begin atomic
  select * from public.resource_shares
  where shared_with_user_id = expected.me(viewer)
    or shared_with_group_id in (select expected.teams(viewer))
    or resource_id in (select id from public.resources where user_id = expected.me(viewer))
    or expected.admin(viewer);
end;

create function expected.groups(viewer text) returns setof public.groups language sql
begin atomic
  select * from public.groups where id in (select expected.teams(viewer)) or expected.admin(viewer);
end;

create function expected.group_members(viewer text) returns setof public.group_members language sql
begin atomic
  select * from public.group_members
  where group_id in (select expected.teams(viewer)) or user_id = expected.me(viewer) or expected.admin(viewer);
end;

create function expected.user_roles(viewer text) returns setof public.user_roles language sql
begin atomic
  select * from public.user_roles where user_id = expected.me(viewer) or expected.admin(viewer);
end;

create function expected.admin_config(viewer text) returns setof public.admin_config language sql
begin atomic
  select * from public.admin_config where viewer <> 'anonymous';
end;

create function expected.collection_resources(viewer text) returns setof public.collection_resources language sql
begin atomic
  select * from public.collection_resources where collection_id in (select id from expected.collections(viewer));
end;

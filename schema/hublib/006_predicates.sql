-- The questions that row security asks. They look past row security themselves (SECURITY DEFINER), because rules
-- of two tables that asked each other directly would never end; each answers about the caller only. Their bodies are
-- parsed here and now, so that the gateway can follow them from object to object.

create function hublib.is_admin() returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.user_roles as held
    where held.user_id = (select auth.uid())
      and held.role in ('admin', 'super_admin')
      and (held.expires_at is null or held.expires_at > now())
  );
end;

create function hublib.owns_resource(resource uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.resources as owned where owned.id = resource and owned.user_id = (select auth.uid())
  );
end;

create function hublib.owns_collection(collection uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.collections as owned where owned.id = collection and owned.user_id = (select auth.uid())
  );
end;

create function hublib.in_group(team uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (select from public.groups as g where g.id = team and g.owner_id = (select auth.uid()))
    or exists (
      select from public.group_members as m where m.group_id = team and m.user_id = (select auth.uid())
    );
end;

create function hublib.runs_group(team uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (select from public.groups as g where g.id = team and g.owner_id = (select auth.uid()))
    or exists (
      select from public.group_members as m
      where m.group_id = team and m.user_id = (select auth.uid()) and m.role in ('owner', 'admin')
    );
end;

create function hublib.shared_to_me(resource uuid, wanted public.permission_type) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.resource_shares as share
    where share.resource_id = resource
      and (share.expires_at is null or share.expires_at > now())
      and (wanted = 'read' or share.permission = 'write')
      and (share.shared_with_user_id = (select auth.uid()) or hublib.in_group(share.shared_with_group_id))
  );
end;

-- The same for lists: one call for a statement instead of one for a row.
create function hublib.resources_shared_to_me() returns setof uuid
language sql stable security definer set search_path = ''
begin atomic
  select share.resource_id from public.resource_shares as share
  where share.shared_with_user_id = (select auth.uid())
    and (share.expires_at is null or share.expires_at > now())
  union
  select share.resource_id from public.resource_shares as share
  where (share.expires_at is null or share.expires_at > now())
    and share.shared_with_group_id in (
      select g.id from public.groups as g where g.owner_id = (select auth.uid())
      union
      select m.group_id from public.group_members as m where m.user_id = (select auth.uid())
    );
end;

create function hublib.can_read(resource uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.resources as wanted
    where wanted.id = resource
      and (
        wanted.visibility = 'public'
        or wanted.user_id = (select auth.uid())
        or hublib.shared_to_me(wanted.id, 'read')
        or hublib.is_admin()
      )
  );
end;

create function hublib.can_write(resource uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select hublib.owns_resource(resource) or hublib.shared_to_me(resource, 'write') or hublib.is_admin();
end;

create function hublib.can_read_collection(collection uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.collections as wanted
    where wanted.id = collection
      and (wanted.is_public or wanted.user_id = (select auth.uid()) or hublib.is_admin())
  );
end;

create function hublib.comment_is_on(comment uuid, resource uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (
    select from public.resource_comments as parent where parent.id = comment and parent.resource_id = resource
  );
end;

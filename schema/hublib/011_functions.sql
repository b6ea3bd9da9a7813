-- What clients call to change something. They run as the caller, so row security holds in them too, but for the
-- counters: whoever may read a resource may count a view of it.

create function public.has_role(_user_id uuid, _role public.app_role) returns boolean
language sql stable
begin atomic
  select exists (
    select from public.user_roles as held
    cross join lateral (
      select case when held.expires_at <= now() then 'user'::public.app_role else held.role end as role
    ) as effective
    where held.user_id = _user_id
      and (effective.role = _role or (_role = 'admin' and effective.role = 'super_admin'))
  );
end;
comment on function public.has_role(uuid, public.app_role) is
  'Whether a user has a role, as far as the caller may know: of oneself, or as an administrator';

create function public.increment_resource_views(resource_id uuid) returns void
language sql volatile security definer set search_path = ''
begin atomic
  with counted as (
    update public.resources as seen set views_count = seen.views_count + 1
    where seen.id = increment_resource_views.resource_id and hublib.can_read(seen.id)
    returning seen.id
  )
  insert into public.analytics_events (event, user_id, resource_id)
  select 'resource_view', (select known.id from public.profiles as known where known.id = auth.uid()), counted.id
  from counted;
end;
comment on function public.increment_resource_views(uuid) is
  'Counts a view of a resource that the caller may read; silent otherwise';

create function public.increment_resource_downloads(resource_id uuid) returns void
language sql volatile security definer set search_path = ''
begin atomic
  with counted as (
    update public.resources as fetched set downloads_count = fetched.downloads_count + 1
    where fetched.id = increment_resource_downloads.resource_id and hublib.can_read(fetched.id)
    returning fetched.id
  )
  insert into public.analytics_events (event, user_id, resource_id)
  select 'resource_download', (select known.id from public.profiles as known where known.id = auth.uid()), counted.id
  from counted;
end;
comment on function public.increment_resource_downloads(uuid) is
  'Counts a download of a resource that the caller may read; silent otherwise';

create function public.vote_on_suggestion(
  suggestion_id uuid,
  vote_type public.vote_type default null,
  out status public.suggestion_status,
  out votes_count integer,
  out upvotes bigint,
  out downvotes bigint,
  out user_vote public.vote_type
)
language plpgsql volatile set search_path = '' as $$
declare
  me constant uuid := auth.uid();
  wanted public.vote_type := vote_on_suggestion.vote_type;
begin
  if not exists (
    select from public.category_tag_suggestions as known where known.id = vote_on_suggestion.suggestion_id
  ) then
    raise exception 'Suggestion introuvable' using errcode = 'PT404';
  end if;
  if exists (
    select from public.suggestion_votes as mine
    where mine.suggestion_id = vote_on_suggestion.suggestion_id and mine.user_id = me and mine.vote_type = wanted
  ) then
    wanted := null;
  end if;
  if wanted is null then
    delete from public.suggestion_votes as mine
    where mine.suggestion_id = vote_on_suggestion.suggestion_id and mine.user_id = me;
  else
    insert into public.suggestion_votes (suggestion_id, user_id, vote_type)
    values (vote_on_suggestion.suggestion_id, me, wanted)
    on conflict on constraint suggestion_votes_suggestion_id_user_id_key
      do update set vote_type = excluded.vote_type;
  end if;

  select known.status, known.votes_count into status, votes_count
  from public.category_tag_suggestions as known where known.id = vote_on_suggestion.suggestion_id;
  select count(*) filter (where given.vote_type = 'upvote'), count(*) filter (where given.vote_type = 'downvote')
  into upvotes, downvotes
  from public.suggestion_votes as given where given.suggestion_id = vote_on_suggestion.suggestion_id;
  user_vote := wanted;
end
$$;
comment on function public.vote_on_suggestion(uuid, public.vote_type) is
  'Casts, changes or (the same vote again, or null) withdraws the caller''s vote';

create function public.rate_resource(
  resource_id uuid, rating integer, out average_rating numeric, out ratings_count integer
)
language plpgsql volatile set search_path = '' as $$
begin
  insert into public.resource_ratings (resource_id, user_id, rating)
  values (rate_resource.resource_id, auth.uid(), rate_resource.rating)
  on conflict on constraint resource_ratings_resource_id_user_id_key do update set rating = excluded.rating;
  select rated.average_rating, rated.ratings_count into average_rating, ratings_count
  from public.resources as rated where rated.id = rate_resource.resource_id;
end
$$;
comment on function public.rate_resource(uuid, integer) is 'Gives or changes the caller''s one to five stars';

create function public.share_resource(
  resource_id uuid,
  user_id uuid default null,
  group_id uuid default null,
  permission public.permission_type default 'read',
  expires_at timestamptz default null
) returns public.resource_shares
language plpgsql volatile set search_path = '' as $$
declare
  share public.resource_shares;
begin
  if not hublib.owns_resource(share_resource.resource_id) then
    raise exception 'Seul le propriétaire peut partager une ressource' using errcode = 'insufficient_privilege';
  end if;
  if num_nonnulls(share_resource.user_id, share_resource.group_id) <> 1 then
    raise exception 'Indiquez un utilisateur ou un groupe, et un seul' using errcode = 'PT400';
  end if;
  update public.resource_shares as known
  set permission = share_resource.permission, expires_at = share_resource.expires_at
  where known.resource_id = share_resource.resource_id
    and (known.shared_with_user_id = share_resource.user_id or known.shared_with_group_id = share_resource.group_id)
  returning * into share;
  if not found then
    insert into public.resource_shares (resource_id, shared_with_user_id, shared_with_group_id, permission, expires_at)
    values (
      share_resource.resource_id, share_resource.user_id, share_resource.group_id,
      share_resource.permission, share_resource.expires_at
    )
    returning * into share;
  end if;
  update public.resources as opened
  set visibility = case when share_resource.group_id is null then 'shared_users' else 'shared_groups' end
    ::public.resource_visibility
  where opened.id = share_resource.resource_id and opened.visibility = 'private';
  return share;
end
$$;
comment on function public.share_resource(uuid, uuid, uuid, public.permission_type, timestamptz) is
  'Opens the caller''s resource to a user or a group; again, changes permission and end';

create function public.unshare_resource(resource_id uuid, user_id uuid default null, group_id uuid default null)
returns boolean
language plpgsql volatile set search_path = '' as $$
begin
  delete from public.resource_shares as known
  where known.resource_id = unshare_resource.resource_id
    and (known.shared_with_user_id = unshare_resource.user_id or known.shared_with_group_id = unshare_resource.group_id);
  return found;
end
$$;
comment on function public.unshare_resource(uuid, uuid, uuid) is 'Takes a share back; true if there was one';

create function public.fork_resource(resource_id uuid) returns public.resources
language plpgsql volatile set search_path = '' as $$
declare
  fork public.resources;
begin
  insert into public.resources (
    user_id, title, description, category, tags, resource_type, github_url, external_url, file_path, file_url,
    file_size, language, license, readme, visibility
  )
  select
    auth.uid(), left(origin.title, 493) || ' (Fork)', origin.description, origin.category, origin.tags,
    origin.resource_type, origin.github_url, origin.external_url, origin.file_path, origin.file_url,
    origin.file_size, origin.language, origin.license, origin.readme, 'public'
  from public.resources as origin where origin.id = fork_resource.resource_id
  returning * into fork;
  if not found then
    raise exception 'Ressource introuvable' using errcode = 'PT404';
  end if;
  return fork;
end
$$;
comment on function public.fork_resource(uuid) is 'Copies a resource that the caller may read into a public one of their own';

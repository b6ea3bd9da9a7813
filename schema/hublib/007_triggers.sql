-- Upkeep of the rows themselves: times, tags, version numbers, and columns that clients may not set.

-- "Updated … ago" is shown to people, so counters do not count as an update: each trigger below names the columns
-- that do. A time sent by the client is overwritten.
create function hublib.touch_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create trigger touch_updated_at before update on public.profiles
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update of
  user_id, title, description, category, tags, resource_type, visibility, github_url, external_url, file_path,
  file_url, file_size, language, license, readme, updated_at
  on public.resources for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.resource_ratings
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.resource_comments
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update of
  name, description, category, tags, language, readme, icon, preview, is_public, created_by, template_data, updated_at
  on public.resource_templates for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.groups
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update of name, description, user_id, is_public, cover_image_url, updated_at
  on public.collections for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update of
  name, description, type, status, action, suggested_by, reviewed_by, reviewed_at, updated_at
  on public.category_tag_suggestions for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.user_roles
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.admin_config
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.category_hierarchy
  for each row execute function hublib.touch_updated_at();
create trigger touch_updated_at before update on public.category_filters
  for each row execute function hublib.touch_updated_at();

-- Arrays compare by letter; clients ask in lower case.
create function hublib.normalised_tags(tags text[]) returns text[]
language sql immutable
begin atomic
  select coalesce(array_agg(kept.tag order by kept.place), '{}')
  from (
    select lower(btrim(given.tag, E' \t\r\n')) as tag, min(given.place) as place
    from unnest(tags) with ordinality as given (tag, place)
    where given.tag ~ '\S'
    group by 1
  ) as kept;
end;

create function hublib.normalise_tags() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.tags is not null then
    new.tags := hublib.normalised_tags(new.tags);
  end if;
  return new;
end
$$;

create trigger normalise_tags before insert or update of tags on public.resources
  for each row execute function hublib.normalise_tags();
create trigger normalise_tags before insert or update of tags on public.resource_templates
  for each row execute function hublib.normalise_tags();
create trigger normalise_tags before insert or update of tags on public.resource_versions
  for each row execute function hublib.normalise_tags();

-- Two editors may both count to the same number: the second takes the next one that is free.
create function hublib.next_version_number() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform from public.resources where id = new.resource_id for no key update;
  if new.version_number is null or exists (
    select from public.resource_versions as taken
    where taken.resource_id = new.resource_id and taken.version_number = new.version_number
  ) then
    select coalesce(max(known.version_number), 0) + 1 into new.version_number
    from public.resource_versions as known where known.resource_id = new.resource_id;
  end if;
  return new;
end
$$;

create trigger next_version_number before insert on public.resource_versions
  for each row execute function hublib.next_version_number();

-- The application sends counters along with its own columns, so a client's value is dropped without an error.
-- Figures that triggers derive are nobody's to set; the others are an administrator's. A client is whoever row
-- security applies to; triggers and the service role are not.
create function hublib.protect_resource() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not row_security_active(tg_relid) then
    return new;
  end if;
  if tg_op = 'INSERT' then
    new.average_rating := 0;
    new.ratings_count := 0;
    if not hublib.is_admin() then
      new.downloads_count := 0;
      new.views_count := 0;
    end if;
    return new;
  end if;
  new.average_rating := old.average_rating;
  new.ratings_count := old.ratings_count;
  if not hublib.is_admin() then
    new.downloads_count := old.downloads_count;
    new.views_count := old.views_count;
    if new.user_id <> old.user_id then
      raise exception 'a resource keeps its owner' using errcode = 'insufficient_privilege';
    end if;
  end if;
  return new;
end
$$;

create trigger protect_counters before insert or update on public.resources
  for each row execute function hublib.protect_resource();

create function hublib.protect_suggestion() returns trigger
language plpgsql set search_path = '' as $$
declare
  client constant boolean := row_security_active(tg_relid);
begin
  if client and tg_op = 'UPDATE' then
    new.votes_count := old.votes_count;
    new.base_score := old.base_score;
  end if;
  if client and not hublib.is_admin() then
    if tg_op = 'INSERT' then
      new.votes_count := 0;
      new.status := 'pending';
      new.reviewed_by := null;
      new.reviewed_at := null;
    else
      new.status := old.status;
      new.reviewed_by := old.reviewed_by;
      new.reviewed_at := old.reviewed_at;
    end if;
  end if;
  if tg_op = 'INSERT' then
    new.base_score := new.votes_count;
  end if;
  return new;
end
$$;

create trigger protect_counters before insert or update on public.category_tag_suggestions
  for each row execute function hublib.protect_suggestion();

create function hublib.protect_collection() returns trigger
language plpgsql set search_path = '' as $$
begin
  if row_security_active(tg_relid) then
    new.resources_count := case tg_op when 'INSERT' then 0 else old.resources_count end;
  end if;
  return new;
end
$$;

create trigger protect_counters before insert or update on public.collections
  for each row execute function hublib.protect_collection();

create function hublib.protect_group_owner() returns trigger
language plpgsql set search_path = '' as $$
begin
  if row_security_active(tg_relid) and new.owner_id <> old.owner_id and old.owner_id is distinct from auth.uid() then
    raise exception 'only the owner may hand a group over' using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;

create trigger protect_owner before update of owner_id on public.groups
  for each row execute function hublib.protect_group_owner();

-- An administrator may not lock everyone out, themselves included.
create function hublib.protect_last_admin() returns trigger
language plpgsql set search_path = '' as $$
begin
  if row_security_active(tg_relid) and old.role in ('admin', 'super_admin') then
    if tg_op = 'UPDATE' and new.role in ('admin', 'super_admin') and new.user_id = old.user_id
       and (new.expires_at is null or new.expires_at > now()) then
      return new;
    end if;
    if not exists (
      select from public.user_roles as other
      where other.id <> old.id and other.role in ('admin', 'super_admin')
        and (other.expires_at is null or other.expires_at > now())
    ) then
      raise exception 'the last administrator keeps the role' using errcode = 'insufficient_privilege';
    end if;
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;

create trigger protect_last_admin before update or delete on public.user_roles
  for each row execute function hublib.protect_last_admin();

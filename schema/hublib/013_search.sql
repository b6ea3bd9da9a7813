-- Searches, rankings and figures. They run as the caller: nobody finds or counts what they may not read. Bodies that
-- are parsed on creation need no pinned search_path, and without one PostgreSQL can inline them.

create function public.search_resources(
  query text default null,
  categories text[] default null,
  tags text[] default null,
  author uuid default null,
  language text default null,
  visibility public.resource_visibility default null,
  date_from timestamptz default null,
  date_to timestamptz default null,
  sort text default 'relevance',
  "limit" integer default 20,
  "offset" integer default 0
) returns setof public.resources
language sql stable
begin atomic
  with words as (
    select distinct word from regexp_split_to_table(lower(coalesce(search_resources.query, '')), '\s+') as word
    where word <> ''
  ),
  found as (
    select r as resource, (
      select sum(
        case when strpos(lower(r.title), word) > 0 then 4 else 0 end
        + case when exists (select from unnest(r.tags) as tag where strpos(tag, word) > 0) then 3 else 0 end
        + case when strpos(lower(r.description), word) > 0 then 2 else 0 end
        + case when strpos(lower(r.language), word) > 0 then 2 else 0 end
        + case when strpos(lower(r.readme), word) > 0 then 1 else 0 end
      )
      from words
    ) as relevance
    from public.resources as r
    where (search_resources.categories is null or r.category = any (search_resources.categories))
      and (search_resources.tags is null or r.tags && hublib.normalised_tags(search_resources.tags))
      and (search_resources.author is null or r.user_id = search_resources.author)
      and (search_resources.language is null or lower(r.language) = lower(search_resources.language))
      and (search_resources.visibility is null or r.visibility = search_resources.visibility)
      and (search_resources.date_from is null or r.created_at >= search_resources.date_from)
      and (search_resources.date_to is null or r.created_at <= search_resources.date_to)
  )
  select (found.resource).*
  from found
  where found.relevance > 0 or not exists (select from words)
  order by
    case search_resources.sort when 'relevance' then found.relevance end desc nulls last,
    case search_resources.sort
      when 'views' then (found.resource).views_count
      when 'downloads' then (found.resource).downloads_count
      when 'rating' then (found.resource).average_rating
    end desc nulls last,
    case search_resources.sort when 'title' then lower((found.resource).title) end,
    case search_resources.sort when 'oldest' then (found.resource).created_at end,
    (found.resource).created_at desc,
    (found.resource).id
  limit least(greatest(search_resources."limit", 0), 1000)
  offset greatest(search_resources."offset", 0);
end;
comment on function public.search_resources(
  text, text[], text[], uuid, text, public.resource_visibility, timestamptz, timestamptz, text, integer, integer
) is 'Any word, anywhere in title, tags, description, language or readme. Sort: relevance, recent, oldest, views, downloads, rating, title';

create function public.search_users(query text)
returns table (id uuid, username text, full_name text, avatar_url text)
language sql stable rows 10
begin atomic
  select known.id, known.username, known.full_name, known.avatar_url
  from public.profiles as known
  where char_length(btrim(search_users.query)) >= 2
    and (
      strpos(lower(known.username), lower(btrim(search_users.query))) > 0
      or strpos(lower(known.full_name), lower(btrim(search_users.query))) > 0
    )
  order by lower(known.username), known.id
  limit 10;
end;
comment on function public.search_users(text) is 'Up to ten people by a part, two letters or more, of their name';

create function public.popular_resources("limit" integer default 10) returns setof public.resources
language sql stable
begin atomic
  select ranked.* from public.resources as ranked
  where ranked.visibility = 'public'
  order by
    hublib.popularity(ranked.views_count, ranked.downloads_count, ranked.ratings_count, ranked.average_rating) desc,
    ranked.id
  limit least(greatest(popular_resources."limit", 0), 100);
end;
comment on function public.popular_resources(integer) is 'Public resources by views, downloads and ratings';

-- Events are private; how much interest a resource met with lately is not.
create function hublib.recent_interest(days integer) returns table (resource_id uuid, score bigint)
language sql stable security definer set search_path = ''
begin atomic
  select seen.resource_id, sum(case seen.event when 'resource_download' then 2 else 1 end)
  from public.analytics_events as seen
  where seen.event in ('resource_view', 'resource_download')
    and seen.resource_id is not null
    and seen.created_at > now() - make_interval(days => least(greatest(days, 1), 366))
  group by seen.resource_id;
end;

create function public.trending_resources(days integer default 7, "limit" integer default 10)
returns setof public.resources
language sql stable
begin atomic
  select ranked.* from public.resources as ranked
  join hublib.recent_interest(trending_resources.days) as interest on interest.resource_id = ranked.id
  where ranked.visibility = 'public'
  order by interest.score desc, ranked.id
  limit least(greatest(trending_resources."limit", 0), 100);
end;
comment on function public.trending_resources(integer, integer) is 'Public resources by the views and downloads of the last days';

create function public.metadata_usage(type public.suggestion_type)
returns table (name text, total bigint, public bigint)
language sql stable
begin atomic
  select used.name, count(*), count(*) filter (where r.visibility = 'public')
  from public.resources as r
  cross join lateral (
    select r.category where metadata_usage.type = 'category'
    union all
    select tag from unnest(r.tags) as tag where metadata_usage.type = 'tag'
    union all
    select r.resource_type::text where metadata_usage.type = 'resource_type'
  ) as used (name)
  group by used.name
  order by count(*) desc, used.name;
end;
comment on function public.metadata_usage(public.suggestion_type) is
  'How often categories, tags or resource types are in use; nothing for filters';

create function public.user_stats(
  user_id uuid,
  out resources_total bigint,
  out resources_public bigint,
  out resources_private bigint,
  out views bigint,
  out downloads bigint,
  out ratings_total bigint,
  out average_rating numeric,
  out saved_count bigint
)
language sql stable
begin atomic
  select
    count(*),
    count(*) filter (where r.visibility = 'public'),
    count(*) filter (where r.visibility <> 'public'),
    coalesce(sum(r.views_count), 0),
    coalesce(sum(r.downloads_count), 0),
    coalesce(sum(r.ratings_count), 0),
    coalesce(round(sum(r.average_rating * r.ratings_count) / nullif(sum(r.ratings_count), 0), 2), 0),
    (select count(*) from public.saved_resources as s where s.user_id = user_stats.user_id)
  from public.resources as r where r.user_id = user_stats.user_id;
end;
comment on function public.user_stats(uuid) is 'A user''s figures, as far as the caller may see their rows';

create function public.global_stats(
  out users bigint,
  out resources bigint,
  out collections bigint,
  out suggestions_pending bigint,
  out votes bigint,
  out by_day jsonb
)
language sql stable
begin atomic
  select
    (select count(*) from public.profiles),
    (select count(*) from public.resources),
    (select count(*) from public.collections),
    (select count(*) from public.category_tag_suggestions as s where s.status = 'pending'),
    (select count(*) from public.suggestion_votes),
    (
      select coalesce(jsonb_agg(jsonb_build_object('day', day.date, 'resources', day.resources) order by day.date), '[]')
      from (
        select (r.created_at at time zone 'UTC')::date as date, count(*) as resources
        from public.resources as r where r.created_at > now() - interval '30 days'
        group by 1
      ) as day
    );
end;
comment on function public.global_stats() is 'Figures of everything the caller may see; by_day covers thirty days';

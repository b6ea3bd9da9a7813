-- Figures derived from other rows. The triggers run once for a statement, lock what they will write (in one order, so
-- that two of them cannot wait for each other), and count only then, so that nobody's row is missed.

create function hublib.refresh_ratings() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  touched uuid[];
begin
  case tg_op
    when 'INSERT' then select array_agg(distinct resource_id) into touched from now_rows;
    when 'DELETE' then select array_agg(distinct resource_id) into touched from then_rows;
    else
      select array_agg(distinct resource_id) into touched
      from (select resource_id from then_rows union all select resource_id from now_rows) as both_rows;
  end case;
  perform from public.resources where id = any (touched) order by id for no key update;
  update public.resources as rated
  set average_rating = coalesce(figures.average, 0), ratings_count = figures.total
  from (
    select wanted.id, round(avg(given.rating), 2) as average, count(given.rating) as total
    from unnest(touched) as wanted (id)
    left join public.resource_ratings as given on given.resource_id = wanted.id
    group by wanted.id
  ) as figures
  where rated.id = figures.id;
  return null;
end
$$;

create trigger rating_stats_insert after insert on public.resource_ratings
  referencing new table as now_rows for each statement execute function hublib.refresh_ratings();
create trigger rating_stats_update after update on public.resource_ratings
  referencing old table as then_rows new table as now_rows
  for each statement execute function hublib.refresh_ratings();
create trigger rating_stats_delete after delete on public.resource_ratings
  referencing old table as then_rows for each statement execute function hublib.refresh_ratings();

create function hublib.refresh_collections() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  touched uuid[];
begin
  case tg_op
    when 'INSERT' then select array_agg(distinct collection_id) into touched from now_rows;
    when 'DELETE' then select array_agg(distinct collection_id) into touched from then_rows;
    else
      select array_agg(distinct collection_id) into touched
      from (select collection_id from then_rows union all select collection_id from now_rows) as both_rows;
  end case;
  perform from public.collections where id = any (touched) order by id for no key update;
  update public.collections as counted
  set resources_count = (
    select count(*) from public.collection_resources as content where content.collection_id = counted.id
  )
  where counted.id = any (touched);
  return null;
end
$$;

create trigger collection_count_insert after insert on public.collection_resources
  referencing new table as now_rows for each statement execute function hublib.refresh_collections();
create trigger collection_count_update after update on public.collection_resources
  referencing old table as then_rows new table as now_rows
  for each statement execute function hublib.refresh_collections();
create trigger collection_count_delete after delete on public.collection_resources
  referencing old table as then_rows for each statement execute function hublib.refresh_collections();

create function hublib.config_number(config_key text, fallback integer) returns integer
language sql stable security definer set search_path = ''
begin atomic
  select coalesce(
    (
      select case when config.value ~ '^\s*\d{1,9}\s*$' then config.value::integer end
      from public.admin_config as config where config.key = config_key
    ),
    fallback
  );
end;

create function hublib.config_flag(config_key text, fallback boolean) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select coalesce(
    (select lower(btrim(config.value)) = 'true' from public.admin_config as config where config.key = config_key),
    fallback
  );
end;

-- Approves or rejects a pending suggestion if its votes say so; otherwise leaves it. Safe to repeat.
create function public.apply_auto_approval(suggestion_id uuid) returns public.suggestion_status
language plpgsql security definer set search_path = '' as $$
declare
  suggestion public.category_tag_suggestions;
  upvotes bigint;
  downvotes bigint;
  score bigint;
  verdict public.suggestion_status;
begin
  select * into suggestion from public.category_tag_suggestions as known
  where known.id = apply_auto_approval.suggestion_id
  for no key update;
  if suggestion.status is distinct from 'pending' or not hublib.config_flag('auto_approval_enabled', true) then
    return suggestion.status;
  end if;

  select count(*) filter (where vote.vote_type = 'upvote'), count(*) filter (where vote.vote_type = 'downvote')
  into upvotes, downvotes
  from public.suggestion_votes as vote where vote.suggestion_id = suggestion.id;
  score := suggestion.base_score + upvotes
    - case when hublib.config_flag('consider_downvotes', true) then downvotes else 0 end;

  if score >= hublib.config_number('auto_approval_vote_threshold_' || suggestion.type, 5) then
    verdict := 'approved';
  elsif score < 0 and downvotes >= hublib.config_number('auto_rejection_downvote_threshold_' || suggestion.type, 3) then
    verdict := 'rejected';
  else
    return suggestion.status;
  end if;
  update public.category_tag_suggestions as judged
  set status = verdict, reviewed_at = now(), reviewed_by = null
  where judged.id = suggestion.id;
  return verdict;
end
$$;

create function hublib.refresh_votes() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  touched uuid[];
begin
  case tg_op
    when 'INSERT' then select array_agg(distinct suggestion_id) into touched from now_rows;
    when 'DELETE' then select array_agg(distinct suggestion_id) into touched from then_rows;
    else
      select array_agg(distinct suggestion_id) into touched
      from (select suggestion_id from then_rows union all select suggestion_id from now_rows) as both_rows;
  end case;
  perform from public.category_tag_suggestions where id = any (touched) order by id for no key update;
  update public.category_tag_suggestions as counted
  set votes_count = counted.base_score + figures.net
  from (
    select wanted.id, coalesce(sum(case vote.vote_type when 'upvote' then 1 when 'downvote' then -1 end), 0) as net
    from unnest(touched) as wanted (id)
    left join public.suggestion_votes as vote on vote.suggestion_id = wanted.id
    group by wanted.id
  ) as figures
  where counted.id = figures.id;
  perform public.apply_auto_approval(open.id) from public.category_tag_suggestions as open
  where open.id = any (touched) and open.status = 'pending';
  return null;
end
$$;

create trigger votes_score_insert after insert on public.suggestion_votes
  referencing new table as now_rows for each statement execute function hublib.refresh_votes();
create trigger votes_score_update after update on public.suggestion_votes
  referencing old table as then_rows new table as now_rows
  for each statement execute function hublib.refresh_votes();
create trigger votes_score_delete after delete on public.suggestion_votes
  referencing old table as then_rows for each statement execute function hublib.refresh_votes();

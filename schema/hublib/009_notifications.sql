-- Who is told of what. A notification is written by the database only, in the transaction that causes it.

create function hublib.display_name(person uuid) returns text
language sql stable security definer set search_path = ''
begin atomic
  select coalesce(
    (select coalesce(known.full_name, known.username) from public.profiles as known where known.id = person),
    'Quelqu''un'
  );
end;

create function hublib.notify_share() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  shared public.resources;
  sharer uuid;
begin
  select * into shared from public.resources where id = new.resource_id;
  sharer := coalesce(auth.uid(), shared.user_id);
  insert into public.notifications (user_id, type, title, message, resource_id, group_id)
  select recipient.id, 'resource_shared', 'Ressource partagée',
    format('%s a partagé « %s » avec %s.', hublib.display_name(sharer), shared.title,
      case when new.shared_with_group_id is null then 'vous' else 'votre groupe' end),
    shared.id, new.shared_with_group_id
  from (
    select new.shared_with_user_id as id
    union
    select team.owner_id from public.groups as team where team.id = new.shared_with_group_id
    union
    select member.user_id from public.group_members as member where member.group_id = new.shared_with_group_id
  ) as recipient
  where recipient.id <> sharer;
  return null;
end
$$;

create trigger notify_share after insert on public.resource_shares
  for each row execute function hublib.notify_share();

create function hublib.notify_comment() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.notifications (user_id, type, title, message, resource_id)
  select recipient.id, 'new_comment', 'Nouveau commentaire',
    format('%s a commenté « %s ».', hublib.display_name(new.user_id), commented.title), commented.id
  from public.resources as commented
  cross join lateral (
    select commented.user_id as id
    union
    select parent.user_id from public.resource_comments as parent where parent.id = new.parent_id
  ) as recipient
  where commented.id = new.resource_id and recipient.id <> new.user_id;
  return null;
end
$$;

create trigger notify_comment after insert on public.resource_comments
  for each row execute function hublib.notify_comment();

create function hublib.notify_member() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.notifications (user_id, type, title, message, group_id)
  select new.user_id, 'group_invitation', 'Invitation à un groupe',
    format('%s vous a ajouté au groupe « %s ».', hublib.display_name(coalesce(auth.uid(), joined.owner_id)), joined.name),
    joined.id
  from public.groups as joined
  where joined.id = new.group_id and new.user_id <> coalesce(auth.uid(), joined.owner_id);
  return null;
end
$$;

create trigger notify_member after insert on public.group_members
  for each row execute function hublib.notify_member();

create function hublib.notify_verdict() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.notifications (user_id, type, title, message)
  values (
    new.suggested_by,
    'suggestion_' || new.status,
    case new.status when 'approved' then 'Suggestion approuvée' else 'Suggestion rejetée' end,
    format('Votre suggestion « %s » a été %s.', new.name,
      case new.status when 'approved' then 'approuvée' else 'rejetée' end)
  );
  return null;
end
$$;

create trigger notify_verdict after update of status on public.category_tag_suggestions
  for each row
  when (new.status <> old.status and new.status <> 'pending' and new.suggested_by is not null)
  execute function hublib.notify_verdict();

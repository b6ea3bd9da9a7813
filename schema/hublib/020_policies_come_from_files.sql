-- From here on the files in policies/hublib/ say who sees and changes what, and `passerelle policies apply` puts them
-- in force. The policies of 014 and the grants of 015 make room for them: a rule has one place only, and one that is
-- taken out of the files leaves nothing behind that would still let somebody in.
--
-- Row security stays enabled, so until the files are applied the API roles reach no table at all. service_role keeps
-- its grants, and functions theirs until the files say otherwise.

do $$
declare
  rule record;
begin
  for rule in
    select written.target, unnest(written.names) as name
    from (values
      ('profiles', '{everyone_reads,own_insert,own_update,admin_delete}'::name[]),
      ('resources', '{public_read,reachable_read,own_insert,writers_update,own_delete}'),
      ('saved_resources', '{own_read,own_insert,own_delete}'),
      ('resource_ratings', '{with_resource_read,own_insert,own_update,own_delete}'),
      ('resource_comments', '{with_resource_read,own_insert,own_update,own_delete}'),
      ('resource_versions', '{with_resource_read,writers_insert,owner_delete}'),
      ('resource_shares', '{concerned_read,owner_insert,owner_update,concerned_delete}'),
      ('groups', '{own_read,own_insert,managers_update,own_delete}'),
      ('group_members', '{fellows_read,managers_insert,managers_update,leave_or_remove}'),
      ('notifications', '{own_read,own_update,own_delete}'),
      ('category_tag_suggestions', '{everyone_reads,propose,admin_update,withdraw}'),
      ('suggestion_votes', '{everyone_reads,own_insert,own_update,own_delete}'),
      ('user_roles', '{own_read,admin_insert,admin_update,admin_delete}'),
      ('admin_config', '{signed_in_read,admin_insert,admin_update,admin_delete}'),
      ('resource_templates', '{public_read,reachable_read,own_insert,own_update,own_delete}'),
      ('collections', '{public_read,reachable_read,own_insert,own_update,own_delete}'),
      ('collection_resources', '{with_collection_read,own_insert,own_update,own_delete}'),
      ('category_hierarchy', '{everyone_reads,admin_insert,admin_update,admin_delete}'),
      ('category_filters', '{everyone_reads,admin_insert,admin_update,admin_delete}'),
      ('analytics_events', '{own_read,admin_delete}'),
      ('api_tokens', '{own_read,own_insert,own_update,own_delete}')
    ) as written (target, names)
  loop
    execute format('drop policy if exists %I on public.%I', rule.name, rule.target);
  end loop;
end
$$;

revoke all on
  public.profiles, public.resources, public.saved_resources, public.resource_ratings, public.resource_comments,
  public.resource_versions, public.resource_templates, public.groups, public.group_members, public.resource_shares,
  public.collections, public.collection_resources, public.notifications, public.category_tag_suggestions,
  public.suggestion_votes, public.user_roles, public.admin_config, public.category_hierarchy,
  public.category_filters, public.analytics_events, public.api_tokens, public.public_resources, public.resource_stats
from anon, authenticated;

-- The same as in_group() for lists: one call for a statement instead of one for a row.
create function hublib.my_groups() returns setof uuid
language sql stable security definer set search_path = ''
begin atomic
  select owned.id from public.groups as owned where owned.owner_id = (select auth.uid())
  union
  select joined.group_id from public.group_members as joined where joined.user_id = (select auth.uid());
end;

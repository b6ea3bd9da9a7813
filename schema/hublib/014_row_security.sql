-- Who sees and changes which rows. Policy files take these rules over once the gateway compiles them; until then
-- this file is their only place.
--
-- The caller's id and the question "an administrator?" are asked once for a statement (scalar subqueries). A table
-- without a policy for anon answers anonymous readers with no rows, not with an error.

do $$
declare
  exposed text;
begin
  for exposed in
    select relname from pg_catalog.pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname in (
      'profiles', 'resources', 'saved_resources', 'resource_ratings', 'resource_comments', 'resource_versions',
      'resource_templates', 'groups', 'group_members', 'resource_shares', 'collections', 'collection_resources',
      'notifications', 'category_tag_suggestions', 'suggestion_votes', 'user_roles', 'admin_config',
      'category_hierarchy', 'category_filters', 'analytics_events', 'api_tokens'
    )
  loop
    execute format('alter table public.%I enable row level security', exposed);
  end loop;
end
$$;

-- profiles
create policy everyone_reads on public.profiles for select to anon, authenticated using (true);
create policy own_insert on public.profiles for insert to authenticated with check (id = (select auth.uid()));
create policy own_update on public.profiles for update to authenticated
  using (id = (select auth.uid()) or (select hublib.is_admin()));
create policy admin_delete on public.profiles for delete to authenticated using ((select hublib.is_admin()));

-- resources
create policy public_read on public.resources for select to anon using (visibility = 'public');
create policy reachable_read on public.resources for select to authenticated using (
  visibility = 'public'
  or user_id = (select auth.uid())
  or (select hublib.is_admin())
  or id in (select hublib.resources_shared_to_me())
);
create policy own_insert on public.resources for insert to authenticated with check (user_id = (select auth.uid()));
create policy writers_update on public.resources for update to authenticated
  using (user_id = (select auth.uid()) or hublib.can_write(id));
create policy own_delete on public.resources for delete to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()));

-- saved_resources
create policy own_read on public.saved_resources for select to authenticated using (user_id = (select auth.uid()));
create policy own_insert on public.saved_resources for insert to authenticated
  with check (user_id = (select auth.uid()) and hublib.can_read(resource_id));
create policy own_delete on public.saved_resources for delete to authenticated using (user_id = (select auth.uid()));

-- resource_ratings
create policy with_resource_read on public.resource_ratings for select to anon, authenticated
  using (hublib.can_read(resource_id));
create policy own_insert on public.resource_ratings for insert to authenticated
  with check (user_id = (select auth.uid()) and hublib.can_read(resource_id));
create policy own_update on public.resource_ratings for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()) and hublib.can_read(resource_id));
create policy own_delete on public.resource_ratings for delete to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()));

-- resource_comments
create policy with_resource_read on public.resource_comments for select to anon, authenticated
  using (hublib.can_read(resource_id));
create policy own_insert on public.resource_comments for insert to authenticated with check (
  user_id = (select auth.uid())
  and hublib.can_read(resource_id)
  and (parent_id is null or hublib.comment_is_on(parent_id, resource_id))
);
create policy own_update on public.resource_comments for update to authenticated
  using (user_id = (select auth.uid()))
  with check (
    user_id = (select auth.uid())
    and hublib.can_read(resource_id)
    and (parent_id is null or hublib.comment_is_on(parent_id, resource_id))
  );
create policy own_delete on public.resource_comments for delete to authenticated using (
  user_id = (select auth.uid()) or hublib.owns_resource(resource_id) or (select hublib.is_admin())
);

-- resource_versions
create policy with_resource_read on public.resource_versions for select to anon, authenticated
  using (hublib.can_read(resource_id));
create policy writers_insert on public.resource_versions for insert to authenticated
  with check (created_by = (select auth.uid()) and hublib.can_write(resource_id));
create policy owner_delete on public.resource_versions for delete to authenticated
  using (hublib.owns_resource(resource_id) or (select hublib.is_admin()));

-- resource_shares
create policy concerned_read on public.resource_shares for select to authenticated using (
  shared_with_user_id = (select auth.uid())
  or hublib.owns_resource(resource_id)
  or hublib.in_group(shared_with_group_id)
  or (select hublib.is_admin())
);
create policy owner_insert on public.resource_shares for insert to authenticated with check (
  hublib.owns_resource(resource_id) and (shared_with_group_id is null or hublib.in_group(shared_with_group_id))
);
create policy owner_update on public.resource_shares for update to authenticated
  using (hublib.owns_resource(resource_id))
  with check (
    hublib.owns_resource(resource_id) and (shared_with_group_id is null or hublib.in_group(shared_with_group_id))
  );
create policy concerned_delete on public.resource_shares for delete to authenticated using (
  shared_with_user_id = (select auth.uid()) or hublib.owns_resource(resource_id) or (select hublib.is_admin())
);

-- groups: the rule holds from owner_id alone, so that a creator gets the new row back
create policy own_read on public.groups for select to authenticated
  using (owner_id = (select auth.uid()) or (select hublib.is_admin()) or hublib.in_group(id));
create policy own_insert on public.groups for insert to authenticated with check (owner_id = (select auth.uid()));
create policy managers_update on public.groups for update to authenticated
  using (hublib.runs_group(id)) with check (hublib.runs_group(id));
create policy own_delete on public.groups for delete to authenticated
  using (owner_id = (select auth.uid()) or (select hublib.is_admin()));

-- group_members
create policy fellows_read on public.group_members for select to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()) or hublib.in_group(group_id));
create policy managers_insert on public.group_members for insert to authenticated
  with check (hublib.runs_group(group_id));
create policy managers_update on public.group_members for update to authenticated
  using (hublib.runs_group(group_id)) with check (hublib.runs_group(group_id));
create policy leave_or_remove on public.group_members for delete to authenticated
  using (user_id = (select auth.uid()) or hublib.runs_group(group_id));

-- notifications: written by triggers; a client may only mark (column grant below) and delete
create policy own_read on public.notifications for select to authenticated using (user_id = (select auth.uid()));
create policy own_update on public.notifications for update to authenticated using (user_id = (select auth.uid()));
create policy own_delete on public.notifications for delete to authenticated using (user_id = (select auth.uid()));

-- category_tag_suggestions
create policy everyone_reads on public.category_tag_suggestions for select to anon, authenticated using (true);
create policy propose on public.category_tag_suggestions for insert to authenticated with check (
  (suggested_by = (select auth.uid()) and status = 'pending' and votes_count = 0) or (select hublib.is_admin())
);
create policy admin_update on public.category_tag_suggestions for update to authenticated
  using ((select hublib.is_admin()));
create policy withdraw on public.category_tag_suggestions for delete to authenticated
  using ((suggested_by = (select auth.uid()) and status = 'pending') or (select hublib.is_admin()));

-- suggestion_votes
create policy everyone_reads on public.suggestion_votes for select to anon, authenticated using (true);
create policy own_insert on public.suggestion_votes for insert to authenticated
  with check (user_id = (select auth.uid()));
create policy own_update on public.suggestion_votes for update to authenticated
  using (user_id = (select auth.uid()));
create policy own_delete on public.suggestion_votes for delete to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()));

-- user_roles
create policy own_read on public.user_roles for select to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()));
create policy admin_insert on public.user_roles for insert to authenticated with check ((select hublib.is_admin()));
create policy admin_update on public.user_roles for update to authenticated using ((select hublib.is_admin()));
create policy admin_delete on public.user_roles for delete to authenticated using ((select hublib.is_admin()));

-- admin_config
create policy signed_in_read on public.admin_config for select to authenticated using (true);
create policy admin_insert on public.admin_config for insert to authenticated with check ((select hublib.is_admin()));
create policy admin_update on public.admin_config for update to authenticated using ((select hublib.is_admin()));
create policy admin_delete on public.admin_config for delete to authenticated using ((select hublib.is_admin()));

-- resource_templates
create policy public_read on public.resource_templates for select to anon using (is_public);
create policy reachable_read on public.resource_templates for select to authenticated
  using (is_public or created_by = (select auth.uid()) or (select hublib.is_admin()));
create policy own_insert on public.resource_templates for insert to authenticated
  with check (created_by = (select auth.uid()));
create policy own_update on public.resource_templates for update to authenticated
  using (created_by = (select auth.uid()) or (select hublib.is_admin()));
create policy own_delete on public.resource_templates for delete to authenticated
  using (created_by = (select auth.uid()) or (select hublib.is_admin()));

-- collections
create policy public_read on public.collections for select to anon using (is_public);
create policy reachable_read on public.collections for select to authenticated
  using (is_public or user_id = (select auth.uid()) or (select hublib.is_admin()));
create policy own_insert on public.collections for insert to authenticated with check (user_id = (select auth.uid()));
create policy own_update on public.collections for update to authenticated using (user_id = (select auth.uid()));
create policy own_delete on public.collections for delete to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()));

-- collection_resources
create policy with_collection_read on public.collection_resources for select to anon, authenticated
  using (hublib.can_read_collection(collection_id));
create policy own_insert on public.collection_resources for insert to authenticated
  with check (hublib.owns_collection(collection_id) and hublib.can_read(resource_id));
create policy own_update on public.collection_resources for update to authenticated
  using (hublib.owns_collection(collection_id))
  with check (hublib.owns_collection(collection_id) and hublib.can_read(resource_id));
create policy own_delete on public.collection_resources for delete to authenticated
  using (hublib.owns_collection(collection_id));

-- category_hierarchy, category_filters
create policy everyone_reads on public.category_hierarchy for select to anon, authenticated using (true);
create policy admin_insert on public.category_hierarchy for insert to authenticated
  with check ((select hublib.is_admin()));
create policy admin_update on public.category_hierarchy for update to authenticated using ((select hublib.is_admin()));
create policy admin_delete on public.category_hierarchy for delete to authenticated using ((select hublib.is_admin()));
create policy everyone_reads on public.category_filters for select to anon, authenticated using (true);
create policy admin_insert on public.category_filters for insert to authenticated
  with check ((select hublib.is_admin()));
create policy admin_update on public.category_filters for update to authenticated using ((select hublib.is_admin()));
create policy admin_delete on public.category_filters for delete to authenticated using ((select hublib.is_admin()));

-- analytics_events: written by functions and the service role
create policy own_read on public.analytics_events for select to authenticated
  using (user_id = (select auth.uid()) or (select hublib.is_admin()));
create policy admin_delete on public.analytics_events for delete to authenticated using ((select hublib.is_admin()));

-- api_tokens
create policy own_read on public.api_tokens for select to authenticated using (user_id = (select auth.uid()));
create policy own_insert on public.api_tokens for insert to authenticated with check (user_id = (select auth.uid()));
create policy own_update on public.api_tokens for update to authenticated using (user_id = (select auth.uid()));
create policy own_delete on public.api_tokens for delete to authenticated using (user_id = (select auth.uid()));

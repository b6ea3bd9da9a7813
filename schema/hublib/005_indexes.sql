-- Indexes that the application's requests justify. Unique constraints serve many lookups already.

-- Row security asks these two for nearly every row that is not public.
create index resource_shares_user_idx on public.resource_shares (shared_with_user_id);
create index resource_shares_group_idx on public.resource_shares (shared_with_group_id);
create index resource_shares_resource_idx on public.resource_shares (resource_id);
create index group_members_user_idx on public.group_members (user_id);
create index groups_owner_idx on public.groups (owner_id);

create index resources_created_idx on public.resources (created_at desc);
create index resources_user_created_idx on public.resources (user_id, created_at desc);
create index resources_visibility_created_idx on public.resources (visibility, created_at desc);
create index resources_visibility_views_idx on public.resources (visibility, views_count desc);
create index resources_category_idx on public.resources (category);
create index resources_tags_idx on public.resources using gin (tags);

create index saved_resources_user_created_idx on public.saved_resources (user_id, created_at desc);
create index saved_resources_resource_idx on public.saved_resources (resource_id);
create index resource_ratings_user_idx on public.resource_ratings (user_id);
create index resource_comments_resource_created_idx on public.resource_comments (resource_id, created_at);
create index resource_comments_parent_idx on public.resource_comments (parent_id);
create index resource_comments_user_idx on public.resource_comments (user_id);
create index resource_versions_creator_idx on public.resource_versions (created_by);
create index resource_templates_creator_idx on public.resource_templates (created_by);

create index notifications_user_created_idx on public.notifications (user_id, created_at desc);
create index notifications_unread_idx on public.notifications (user_id) where not is_read;
create index notifications_resource_idx on public.notifications (resource_id);
create index notifications_group_idx on public.notifications (group_id);

create index suggestions_type_status_votes_idx
  on public.category_tag_suggestions (type, status, votes_count desc);
create index suggestions_author_idx on public.category_tag_suggestions (suggested_by);
create index suggestions_reviewer_idx on public.category_tag_suggestions (reviewed_by);
create index suggestion_votes_user_idx on public.suggestion_votes (user_id);

create index collections_user_updated_idx on public.collections (user_id, updated_at desc);
create index collections_public_updated_idx on public.collections (is_public, updated_at desc);
create index collection_resources_order_idx on public.collection_resources (collection_id, "order");
create index collection_resources_resource_idx on public.collection_resources (resource_id);

create index category_hierarchy_parent_idx on public.category_hierarchy (parent_id);
create index category_filters_category_idx on public.category_filters (category_id);
create index analytics_events_event_idx on public.analytics_events (event, created_at);
create index analytics_events_resource_idx on public.analytics_events (resource_id, created_at);
create index analytics_events_user_idx on public.analytics_events (user_id);
create index api_tokens_user_idx on public.api_tokens (user_id);

-- Parts of words. The operator class lives wherever pg_trgm was installed.
do $$
declare
  home name := (select extnamespace::regnamespace::name from pg_catalog.pg_extension where extname = 'pg_trgm');
  target record;
begin
  if home is null then
    return;
  end if;
  for target in
    select * from (values
      ('resources', 'title'), ('resources', 'description'), ('profiles', 'username'), ('profiles', 'full_name')
    ) as indexed (relation, attribute)
  loop
    execute format(
      'create index %I on public.%I using gin (%I %I.gin_trgm_ops)',
      target.relation || '_' || target.attribute || '_trgm_idx', target.relation, target.attribute, home
    );
  end loop;
end
$$;

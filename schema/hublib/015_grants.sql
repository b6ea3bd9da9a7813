-- What the API roles may try at all; row security decides the rest. Anonymous visitors may ask every table: the
-- application does so before it knows who is there, and expects an empty list. Policy files take this over as well.

grant select on
  public.profiles, public.resources, public.saved_resources, public.resource_ratings, public.resource_comments,
  public.resource_versions, public.resource_templates, public.groups, public.group_members, public.resource_shares,
  public.collections, public.collection_resources, public.notifications, public.category_tag_suggestions,
  public.suggestion_votes, public.user_roles, public.admin_config, public.category_hierarchy,
  public.category_filters, public.analytics_events, public.api_tokens, public.public_resources, public.resource_stats
to anon, authenticated;

grant insert, update, delete on
  public.profiles, public.resources, public.resource_ratings, public.resource_comments, public.resource_templates,
  public.groups, public.group_members, public.resource_shares, public.collections, public.collection_resources,
  public.category_tag_suggestions, public.suggestion_votes, public.user_roles, public.admin_config,
  public.category_hierarchy, public.category_filters
to authenticated;
grant insert, delete on public.saved_resources, public.resource_versions to authenticated;
grant update (is_read), delete on public.notifications to authenticated;
grant delete on public.analytics_events to authenticated;
grant insert, update (name), delete on public.api_tokens to authenticated;

grant all on
  public.profiles, public.resources, public.saved_resources, public.resource_ratings, public.resource_comments,
  public.resource_versions, public.resource_templates, public.groups, public.group_members, public.resource_shares,
  public.collections, public.collection_resources, public.notifications, public.category_tag_suggestions,
  public.suggestion_votes, public.user_roles, public.admin_config, public.category_hierarchy,
  public.category_filters, public.analytics_events, public.api_tokens, public.public_resources, public.resource_stats
to service_role;

-- Functions are executable by everyone unless said otherwise: these change something, or are for members only.
revoke execute on function
  public.apply_auto_approval(uuid),
  public.vote_on_suggestion(uuid, public.vote_type),
  public.rate_resource(uuid, integer),
  public.share_resource(uuid, uuid, uuid, public.permission_type, timestamptz),
  public.unshare_resource(uuid, uuid, uuid),
  public.fork_resource(uuid),
  public.search_users(text)
from public;
grant execute on function
  public.apply_auto_approval(uuid),
  public.vote_on_suggestion(uuid, public.vote_type),
  public.rate_resource(uuid, integer),
  public.share_resource(uuid, uuid, uuid, public.permission_type, timestamptz),
  public.unshare_resource(uuid, uuid, uuid),
  public.fork_resource(uuid),
  public.search_users(text)
to authenticated, service_role;

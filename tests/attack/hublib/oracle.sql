-- Who may see and change which rows of Hub-Lib: its access table a second time, in plain SQL, asked as the owner with the
-- caller's id as an argument (null for visitors). Written from the table and not from the policy files.

create schema oracle;

create function oracle.is_admin(me uuid) returns boolean language sql as $$
  select exists (
    select from user_roles
    where user_id = me and role::text in ('admin', 'super_admin') and coalesce(expires_at, 'infinity') > now()
  )
$$;
create function oracle.my_groups(me uuid) returns setof uuid language sql as $$
  select id from groups where owner_id = me union select group_id from group_members where user_id = me
$$;
create function oracle.run_groups(me uuid) returns setof uuid language sql as $$
  select id from groups where owner_id = me
  union select group_id from group_members where user_id = me and role::text <> 'member'
$$;
create function oracle.shared(me uuid, permissions text[]) returns setof uuid language sql as $$
  select resource_id from resource_shares
  where coalesce(expires_at, 'infinity') > now() and permission::text = any (permissions)
    and (shared_with_user_id = me or shared_with_group_id in (select oracle.my_groups(me)))
$$;
create function oracle.readable(me uuid) returns setof uuid language sql as $$
  select id from resources
  where visibility::text = 'public' or user_id = me or oracle.is_admin(me)
    or id in (select oracle.shared(me, '{read,write}'))
$$;
create function oracle.writable(me uuid) returns setof uuid language sql as $$
  select id from resources where user_id = me or oracle.is_admin(me) or id in (select oracle.shared(me, '{write}'))
$$;
create function oracle.owned(me uuid) returns setof uuid language sql as $$ select id from resources where user_id = me $$;
create function oracle.open_collections(me uuid) returns setof uuid language sql as $$
  select id from collections where is_public or user_id = me or oracle.is_admin(me)
$$;

create table oracle.rules (relation text, verb text, condition text, primary key (relation, verb));
insert into oracle.rules values
  ('profiles', 'select', 'true'),
  ('profiles', 'update', 'id = $1 or oracle.is_admin($1)'),
  ('profiles', 'delete', 'oracle.is_admin($1)'),
  ('resources', 'select', 'id in (select oracle.readable($1))'),
  ('resources', 'update', 'id in (select oracle.writable($1))'),
  ('resources', 'delete', 'user_id = $1 or oracle.is_admin($1)'),
  ('saved_resources', 'select', 'user_id = $1'),
  ('saved_resources', 'update', 'false'),
  ('saved_resources', 'delete', 'user_id = $1'),
  ('resource_ratings', 'select', 'resource_id in (select oracle.readable($1))'),
  ('resource_ratings', 'update', 'user_id = $1'),
  ('resource_ratings', 'delete', 'user_id = $1 or oracle.is_admin($1)'),
  ('resource_comments', 'select', 'resource_id in (select oracle.readable($1))'),
  ('resource_comments', 'update', 'user_id = $1'),
  ('resource_comments', 'delete', 'user_id = $1 or resource_id in (select oracle.owned($1)) or oracle.is_admin($1)'),
  ('resource_versions', 'select', 'resource_id in (select oracle.readable($1))'),
  ('resource_versions', 'update', 'false'),
  ('resource_versions', 'delete', 'resource_id in (select oracle.owned($1)) or oracle.is_admin($1)'),
  ('resource_shares', 'select', 'resource_id in (select oracle.owned($1)) or shared_with_user_id = $1
    or shared_with_group_id in (select oracle.my_groups($1)) or oracle.is_admin($1)'),
  ('resource_shares', 'update', 'resource_id in (select oracle.owned($1))'),
  ('resource_shares', 'delete', 'resource_id in (select oracle.owned($1)) or shared_with_user_id = $1 or oracle.is_admin($1)'),
  ('groups', 'select', 'id in (select oracle.my_groups($1)) or oracle.is_admin($1)'),
  ('groups', 'update', 'id in (select oracle.run_groups($1))'),
  ('groups', 'delete', 'owner_id = $1 or oracle.is_admin($1)'),
  ('group_members', 'select', 'group_id in (select oracle.my_groups($1)) or user_id = $1 or oracle.is_admin($1)'),
  ('group_members', 'update', 'group_id in (select oracle.run_groups($1))'),
  ('group_members', 'delete', 'group_id in (select oracle.run_groups($1)) or user_id = $1'),
  ('notifications', 'select', 'user_id = $1'),
  ('notifications', 'update', 'user_id = $1'),
  ('notifications', 'delete', 'user_id = $1'),
  ('category_tag_suggestions', 'select', 'true'),
  ('category_tag_suggestions', 'update', 'oracle.is_admin($1)'),
  ('category_tag_suggestions', 'delete', 'oracle.is_admin($1) or (suggested_by = $1 and status::text = ''pending'')'),
  ('suggestion_votes', 'select', 'true'),
  ('suggestion_votes', 'update', 'user_id = $1'),
  ('suggestion_votes', 'delete', 'user_id = $1 or oracle.is_admin($1)'),
  ('user_roles', 'select', 'user_id = $1 or oracle.is_admin($1)'),
  ('user_roles', 'update', 'oracle.is_admin($1)'),
  ('user_roles', 'delete', 'oracle.is_admin($1)'),
  ('admin_config', 'select', '$1 is not null'),
  ('admin_config', 'update', 'oracle.is_admin($1)'),
  ('admin_config', 'delete', 'oracle.is_admin($1)'),
  ('resource_templates', 'select', 'is_public or created_by = $1 or oracle.is_admin($1)'),
  ('resource_templates', 'update', 'created_by = $1 or oracle.is_admin($1)'),
  ('resource_templates', 'delete', 'created_by = $1 or oracle.is_admin($1)'),
  ('collections', 'select', 'is_public or user_id = $1 or oracle.is_admin($1)'),
  ('collections', 'update', 'user_id = $1'),
  ('collections', 'delete', 'user_id = $1 or oracle.is_admin($1)'),
  ('collection_resources', 'select', 'collection_id in (select oracle.open_collections($1))'),
  ('collection_resources', 'update', 'collection_id in (select id from collections where user_id = $1)'),
  ('collection_resources', 'delete', 'collection_id in (select id from collections where user_id = $1)'),
  ('category_hierarchy', 'select', 'true'),
  ('category_hierarchy', 'update', 'oracle.is_admin($1)'),
  ('category_hierarchy', 'delete', 'oracle.is_admin($1)'),
  ('category_filters', 'select', 'true'),
  ('category_filters', 'update', 'oracle.is_admin($1)'),
  ('category_filters', 'delete', 'oracle.is_admin($1)'),
  ('analytics_events', 'select', 'user_id = $1 or oracle.is_admin($1)'),
  ('analytics_events', 'update', 'false'),
  ('analytics_events', 'delete', 'oracle.is_admin($1)'),
  ('api_tokens', 'select', 'user_id = $1'),
  ('api_tokens', 'update', 'user_id = $1'),
  ('api_tokens', 'delete', 'user_id = $1'),
  ('public_resources', 'select', 'id in (select id from resources where visibility::text = ''public'')'),
  ('resource_stats', 'select', 'resource_id in (select oracle.readable($1))');

-- A word in every row that has room for one, so that it is seen wherever the row shows through.
set session_replication_role = replica;
update profiles set bio = 'mark:profiles:' || id || ':';
update resources set readme = 'mark:resources:' || id || ':', license = 'mark:resources:' || id || ':';
update resource_comments set content = 'mark:resource_comments:' || id || ':';
update resource_versions set change_summary = 'mark:resource_versions:' || id || ':', readme = 'mark:resource_versions:' || id || ':';
update groups set name = 'mark:groups:' || id || ':', description = 'mark:groups:' || id || ':';
update notifications set message = 'mark:notifications:' || id || ':', title = 'mark:notifications:' || id || ':';
update category_tag_suggestions set description = 'mark:category_tag_suggestions:' || id || ':';
update admin_config set description = 'mark:admin_config:' || id || ':';
update resource_templates set description = 'mark:resource_templates:' || id || ':';
update collections set description = 'mark:collections:' || id || ':';
update category_hierarchy set description = 'mark:category_hierarchy:' || id || ':';
update analytics_events set metadata = jsonb_build_object('mark', 'mark:analytics_events:' || id || ':');
update api_tokens set name = 'mark:api_tokens:' || id || ':';
set session_replication_role = origin;

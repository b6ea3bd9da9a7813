// What else Hub-Lib writes: groups, notifications, ratings, shares, suggestions, configuration, collections, versions;
// and the functions it calls.

import { people, seeded } from './gateway.mjs';
import { writes } from './writes.mjs';

const MINE = seeded(2, 1); // of marie, public
const OTHERS = seeded(2, 2); // of karim, public
const TEAM = seeded(3, 1); // of marie
const NEW = 'f0000000-0000-4000-8000-00000000abcd';
const NOW = '2025-01-02T03:04:05+00:00';
const DENIED = { code: '42501' };
const NOBODY = { status: 401, error: DENIED };
const STRANGER = { status: 403, error: DENIED };

const suggestion = (me) => ({
  name: 'Nouveauté',
  description: null,
  type: 'tag',
  status: 'pending',
  suggested_by: me,
  votes_count: 0,
});

writes([
  // groups
  {
    name: 'create a group',
    as: ['karim'],
    write: (db, me) =>
      db.from('groups').insert({ name: 'Neuf', description: null, owner_id: me }).select('*').single(),
    status: 201,
    one: true,
    returned: `select * from public.groups where name = 'Neuf'`,
  },
  {
    name: 'add a member',
    as: ['marie'],
    write: (db) =>
      db
        .from('group_members')
        .insert({ group_id: TEAM, user_id: people.admin, role: 'member', added_at: NOW }),
    status: 201,
    state: `select role from public.group_members where group_id = '${TEAM}' and user_id = '${people.admin}'`,
    is: [{ role: 'member' }],
  },
  {
    name: 'add a member twice',
    as: ['marie'],
    write: (db) => db.from('group_members').insert({ group_id: TEAM, user_id: people.karim }),
    status: 409,
    error: { code: '23505' },
  },
  {
    name: 'change the role of a member',
    as: ['marie'],
    write: (db) =>
      db.from('group_members').update({ role: 'member' }).eq('group_id', TEAM).eq('user_id', people.karim),
    status: 204,
    state: `select role from public.group_members where group_id = '${TEAM}' and user_id = '${people.karim}'`,
    is: [{ role: 'member' }],
  },
  {
    name: 'remove a member',
    as: ['marie', 'karim'],
    write: (db) => db.from('group_members').delete().eq('group_id', TEAM).eq('user_id', people.karim),
    status: 204,
    state: `select count(*) from public.group_members where group_id = '${TEAM}' and user_id = '${people.karim}'`,
    is: [{ count: 0 }],
  },

  // notifications
  {
    name: 'read all notifications',
    as: ['marie', 'karim'],
    write: (db) => db.from('notifications').update({ is_read: true }).eq('is_read', false),
    status: 204,
    state: `select count(*) filter (where user_id = $1::uuid) as mine,
        count(*) filter (where user_id <> $1::uuid) = (
          select count(*) from kept.notifications where not is_read and user_id <> $1::uuid) as others_kept
      from public.notifications where not is_read`,
    is: [{ mine: 0, others_kept: true }],
  },
  {
    name: 'change a notification',
    as: ['marie'],
    write: (db) => db.from('notifications').update({ title: 'x' }).eq('is_read', false),
    ...STRANGER,
  },

  // ratings, shares, bookmarks
  {
    name: 'rate, the first time and again',
    as: ['karim'],
    write: async (db, me) => {
      const rate = (rating) =>
        db
          .from('resource_ratings')
          .upsert({ resource_id: MINE, user_id: me, rating }, { onConflict: 'resource_id,user_id' });
      await rate(1);
      return rate(5);
    },
    status: 200,
    state: `select rating from public.resource_ratings where resource_id = '${MINE}' and user_id = $1::uuid`,
    is: [{ rating: 5 }],
  },
  {
    name: 'share with a user',
    as: ['marie'],
    write: (db) =>
      db.from('resource_shares').insert({
        resource_id: MINE,
        shared_with_user_id: people.karim,
        shared_with_group_id: null,
        permission: 'read',
        expires_at: null,
      }),
    status: 201,
    state: `select permission from public.resource_shares
      where resource_id = '${MINE}' and shared_with_user_id = '${people.karim}'`,
    is: [{ permission: 'read' }],
  },
  {
    name: "share another's resource",
    as: ['karim'],
    write: (db, me) => db.from('resource_shares').insert({ resource_id: MINE, shared_with_user_id: me }),
    ...STRANGER,
  },
  {
    name: 'change a share',
    as: ['marie'],
    write: (db) =>
      db.from('resource_shares').update({ permission: 'read', expires_at: NOW }).eq('id', seeded('b', 20000)),
    status: 204,
    state: `select permission, expires_at from public.resource_shares where id = '${seeded('b', 20000)}'`,
    is: [{ permission: 'read', expires_at: NOW }],
  },
  {
    name: 'take a share back',
    as: ['marie', 'karim'],
    write: (db) => db.from('resource_shares').delete().eq('id', seeded('b', 20000)),
    status: 204,
    state: `select count(*) from public.resource_shares where id = '${seeded('b', 20000)}'`,
    is: [{ count: 0 }],
  },
  {
    name: 'bookmark, and drop it',
    as: ['karim'],
    write: async (db, me) => {
      await db.from('saved_resources').delete().eq('resource_id', MINE);
      return db.from('saved_resources').insert({ resource_id: MINE, user_id: me });
    },
    status: 201,
    state: `select count(*) from public.saved_resources where resource_id = '${MINE}' and user_id = $1::uuid`,
    is: [{ count: 1 }],
  },

  // suggestions
  {
    name: 'suggest a tag',
    as: ['karim'],
    write: (db, me) => db.from('category_tag_suggestions').insert({ ...suggestion(me), action: 'add' }).select('id').single(),
    status: 201,
    one: true,
    returned: `select id from public.category_tag_suggestions where name = 'Nouveauté'`,
  },
  {
    name: 'suggest what is known',
    as: ['karim'],
    write: async (db, me) => {
      const { data } = await db.from('category_tag_suggestions').select('name').eq('type', 'tag').limit(1).single();
      return db.from('category_tag_suggestions').insert({ ...suggestion(me), name: data.name });
    },
    status: 409,
    error: { code: '23505' },
  },
  {
    name: 'approve oneself',
    as: ['karim'],
    write: (db, me) => db.from('category_tag_suggestions').insert({ ...suggestion(me), status: 'approved' }),
    status: 201,
    state: `select status from public.category_tag_suggestions where name = 'Nouveauté'`,
    is: [{ status: 'pending' }],
  },
  {
    name: 'review, edit and remove suggestions',
    as: ['admin'],
    write: async (db, me) => {
      const table = () => db.from('category_tag_suggestions');
      const { data } = await table().insert(suggestion(me)).select('id').single();
      await db.from('suggestion_votes').insert({ suggestion_id: data.id, user_id: me, vote_type: 'upvote' });
      await table().update({ name: 'Autre', description: 'd', updated_at: NOW }).eq('id', data.id);
      await db.from('suggestion_votes').delete().eq('suggestion_id', data.id);
      return table()
        .update({ status: 'rejected', reviewed_at: NOW, reviewed_by: me })
        .eq('id', data.id)
        .select('name, status, reviewed_by');
    },
    status: 200,
    data: [{ name: 'Autre', status: 'rejected', reviewed_by: people.admin }],
  },
  {
    name: 'remove a suggestion',
    as: ['admin'],
    write: (db) => db.from('category_tag_suggestions').delete().eq('status', 'pending'),
    status: 204,
    state: `select count(*) from public.category_tag_suggestions where status = 'pending'`,
    is: [{ count: 0 }],
  },
  {
    name: 'vote, change the vote',
    as: ['karim'],
    write: async (db, me) => {
      const votes = () => db.from('suggestion_votes');
      const { data } = await db.from('category_tag_suggestions').select('id').eq('status', 'pending').limit(1).single();
      await votes().delete().eq('suggestion_id', data.id).eq('user_id', me);
      await votes().insert({ suggestion_id: data.id, user_id: me, vote_type: 'upvote' });
      return votes()
        .update({ vote_type: 'downvote' })
        .eq('suggestion_id', data.id)
        .eq('user_id', me)
        .select('vote_type');
    },
    status: 200,
    data: [{ vote_type: 'downvote' }],
  },

  // profiles, configuration, collections, versions
  {
    name: 'change my profile',
    as: ['marie'],
    write: (db, me) => db.from('profiles').update({ bio: 'Neuf', full_name: "Marie d'Or" }).eq('id', me),
    status: 204,
    state: `select bio, full_name from public.profiles where id = $1::uuid`,
    is: [{ bio: 'Neuf', full_name: "Marie d'Or" }],
  },
  {
    name: "change another's profile: nothing happens",
    as: ['karim'],
    write: (db) => db.from('profiles').update({ bio: 'Neuf' }).eq('id', people.marie).select('id'),
    status: 200,
    data: [],
  },
  {
    name: 'set the configuration',
    as: ['admin'],
    write: (db) =>
      db
        .from('admin_config')
        .upsert([{ key: 'fresh', value: '1' }, { key: 'auto_approval_enabled', value: 'false' }], { onConflict: 'key' })
        .select('key, value')
        .order('key', { ascending: false }),
    status: 201,
    data: [{ key: 'fresh', value: '1' }, { key: 'auto_approval_enabled', value: 'false' }],
  },
  {
    name: 'set the configuration without the right to',
    as: ['marie'],
    write: (db) => db.from('admin_config').upsert({ key: 'fresh', value: '1' }, { onConflict: 'key' }),
    ...STRANGER,
  },
  {
    name: 'a collection from beginning to end',
    as: ['marie'],
    write: async (db, me) => {
      const { data } = await db
        .from('collections')
        .insert({ name: 'Neuf', user_id: me, is_public: false, created_at: NOW, updated_at: NOW, resources_count: 0 })
        .select('*')
        .single();
      const members = () => db.from('collection_resources');
      await members().insert({ collection_id: data.id, resource_id: MINE, added_at: NOW, order: 1 });
      await members().insert({ collection_id: data.id, resource_id: OTHERS, added_at: NOW, order: 2 });
      await members().update({ order: 9 }).eq('collection_id', data.id).eq('resource_id', MINE);
      await members().delete().eq('collection_id', data.id).eq('resource_id', OTHERS);
      await db.from('collections').update({ resources_count: 77 }).eq('id', data.id);
      return db
        .from('collections')
        .update({ name: 'Encore' })
        .eq('id', data.id)
        .select('name, resources_count, collection_resources(resource_id, order)')
        .single();
    },
    status: 200,
    data: { name: 'Encore', resources_count: 1, collection_resources: [{ resource_id: MINE, order: 9 }] },
  },
  {
    name: 'empty and delete a collection',
    as: ['marie'],
    write: async (db, me) => {
      const { data } = await db.from('collections').select('id').eq('user_id', me).limit(1).single();
      await db.from('collection_resources').delete().eq('collection_id', data.id);
      return db.from('collections').delete({ count: 'exact' }).eq('id', data.id);
    },
    status: 204,
    count: 1,
  },
  {
    name: 'keep a version, and delete it',
    as: ['marie'],
    write: async (db, me) => {
      const versions = () => db.from('resource_versions');
      const { data } = await versions()
        .insert({ resource_id: MINE, title: 't', description: 'd', created_by: me, created_at: NOW })
        .select('*')
        .single();
      return versions().delete().eq('id', data.id).select('title, version_number');
    },
    status: 200,
    data: [{ title: 't', version_number: 3 }],
  },

  // functions
  {
    name: 'rpc: count a view',
    as: ['anonymous', 'karim'],
    write: (db) => db.rpc('increment_resource_views', { resource_id: MINE }),
    status: 204,
    state: `select n.views_count - k.views_count as more
      from public.resources n join kept.resources k using (id) where id = '${MINE}'`,
    is: [{ more: 1 }],
  },
  {
    name: 'rpc: count a download',
    as: ['anonymous', 'karim'],
    write: (db) => db.rpc('increment_resource_downloads', { resource_id: MINE }),
    status: 204,
    state: `select n.downloads_count - k.downloads_count as more
      from public.resources n join kept.resources k using (id) where id = '${MINE}'`,
    is: [{ more: 1 }],
  },
  {
    name: 'rpc: rate',
    as: ['karim'],
    write: (db) => db.rpc('rate_resource', { resource_id: MINE, rating: 3 }),
    status: 200,
    one: true,
    returned: `select average_rating, ratings_count from public.resources where id = '${MINE}'`,
  },
  {
    name: 'rpc: vote on nothing',
    as: ['karim'],
    write: (db) => db.rpc('vote_on_suggestion', { suggestion_id: NEW, vote_type: 'upvote' }),
    status: 404,
    error: { code: 'PT404', message: 'Suggestion introuvable' },
  },
  {
    name: 'rpc: vote, and withdraw',
    as: ['karim'],
    write: async (db) => {
      const { data } = await db.from('category_tag_suggestions').select('id').eq('status', 'pending').limit(1).single();
      await db.from('suggestion_votes').delete().eq('suggestion_id', data.id);
      await db.rpc('vote_on_suggestion', { suggestion_id: data.id, vote_type: 'upvote' });
      return db.rpc('vote_on_suggestion', { suggestion_id: data.id, vote_type: 'upvote' }).select('user_vote');
    },
    status: 200,
    data: { user_vote: null },
  },
  {
    name: 'rpc: share, then take it back',
    as: ['marie'],
    write: async (db) => {
      await db.rpc('share_resource', { resource_id: MINE, user_id: people.karim, permission: 'write' });
      return db.rpc('unshare_resource', { resource_id: MINE, user_id: people.karim });
    },
    status: 200,
    data: true,
  },
  {
    name: "rpc: share another's resource",
    as: ['karim'],
    write: (db, me) => db.rpc('share_resource', { resource_id: MINE, user_id: me }),
    ...STRANGER,
  },
  {
    name: 'rpc: fork',
    as: ['karim'],
    write: (db) => db.rpc('fork_resource', { resource_id: MINE }).single(),
    status: 200,
    one: true,
    returned: `select * from public.resources where title like '% (Fork)'`,
  },
  {
    name: 'rpc: fork without being known',
    as: ['anonymous'],
    write: (db) => db.rpc('fork_resource', { resource_id: MINE }),
    ...NOBODY,
  },
]);

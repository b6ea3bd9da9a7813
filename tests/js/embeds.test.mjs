// What supabase-js selects: columns, aliases, casts, JSON paths, embeds with hints, spreads, and their order and
// limits.

import assert from 'node:assert/strict';
import test from 'node:test';

import { callers, expected, people, seeded } from './gateway.mjs';
import { reads } from './reads.mjs';

const MARIE = ['marie'];
const BOTH = `('${people.marie}', '${people.karim}')`;

reads([
  {
    name: 'columns, aliases, casts, blanks',
    as: MARIE,
    read: (db) =>
      db.from('resources').select(' id,\n  name: title, views_count::text,\n created: created_at::date ').limit(600),
    rows: `select id, title as name, views_count::text, created_at::date as created from expected.resources($1)`,
  },
  {
    name: 'a quoted name',
    as: MARIE,
    read: (db) => db.from('category_hierarchy').select('"order", "name"'),
    rows: `select "order", name from public.category_hierarchy`,
  },
  {
    name: 'JSON paths and array elements',
    as: ['anonymous'],
    read: (db) => db.from('kinds').select('id, settings->theme, settings->>size, deep:settings->nested->deep->0'),
    rows: `select id, settings -> 'theme' as theme, settings ->> 'size' as size, settings #> '{nested,deep,0}' as deep
      from public.kinds`,
  },
  {
    name: 'first tag',
    as: MARIE,
    read: (db) => db.from('resources').select('id, first:tags->0'),
    rows: `select id, tags[1] as first from expected.resources($1)`,
  },
  {
    name: 'many to one is an object',
    as: MARIE,
    read: (db) => db.from('resource_versions').select('id, resources(title, profiles(username))'),
    rows: `select v.id,
        json_build_object('title', r.title, 'profiles', json_build_object('username', p.username)) as resources
      from expected.resource_versions($1) v join public.resources r on r.id = v.resource_id
      join public.profiles p on p.id = r.user_id`,
  },
  {
    name: 'one to many is an array, empty too',
    as: MARIE,
    read: (db) => db.from('category_hierarchy').select('name, category_filters(filter_key)').is('parent_id', null),
    rows: `select name, (
        select coalesce(json_agg(json_build_object('filter_key', f.filter_key)), '[]')
        from public.category_filters f where f.category_id = c.id
      ) as category_filters from public.category_hierarchy c where parent_id is null`,
  },
  {
    name: 'one to one is an object, or null where row security hides it',
    as: MARIE,
    read: (db) => db.from('profiles').select('username, user_roles(role)').in('username', ['marie', 'karim']),
    rows: `select username, case username when 'marie' then json_build_object('role', 'user') end as user_roles
      from public.profiles where username in ('marie', 'karim')`,
  },
  {
    name: 'two ways: by hints',
    as: MARIE,
    read: (db) =>
      db
        .from('category_tag_suggestions')
        .select(
          'name, author:profiles!suggested_by(username), reviewer:profiles!category_tag_suggestions_reviewed_by_fkey(username)',
        ),
    rows: `select name, (select json_build_object('username', username) from public.profiles p
      where p.id = suggested_by) as author,
        null as reviewer from public.category_tag_suggestions`,
  },
  {
    name: 'a column in place of a table',
    as: MARIE,
    read: (db) => db.from('resource_comments').select('id, author:user_id(username)').eq('resource_id', seeded(2, 1)),
    rows: `select c.id, json_build_object('username', username) as author from public.resource_comments c
      join public.profiles p on p.id = c.user_id where resource_id = '${seeded(2, 1)}'`,
  },
  {
    name: 'a table within itself: parents',
    as: ['anonymous'],
    read: (db) => db.from('category_hierarchy').select('name, parent:parent_id(name)'),
    rows: `select c.name, case when p.id is not null then json_build_object('name', p.name) end as parent
      from public.category_hierarchy c left join public.category_hierarchy p on p.id = c.parent_id`,
  },
  {
    name: 'a table within itself: children',
    as: ['anonymous'],
    read: (db) =>
      db.from('category_hierarchy').select('name, children:category_hierarchy!parent_id(name)').is('parent_id', null),
    rows: `select p.name, (
        select coalesce(json_agg(json_build_object('name', c.name)), '[]') from public.category_hierarchy c
        where c.parent_id = p.id
      ) as children from public.category_hierarchy p where p.parent_id is null`,
  },
  {
    name: 'inner and left of the same table',
    as: MARIE,
    read: (db) =>
      db
        .from('profiles')
        .select('id, all:resources(id), sql:resources!inner(id)')
        .eq('sql.language', 'SQL')
        .in('id', [people.marie, people.karim]),
    rows: `select p.id, json_agg(json_build_object('id', r.id)) as all,
        json_agg(json_build_object('id', r.id)) filter (where r.language = 'SQL') as sql
      from public.profiles p join expected.resources($1) r on r.user_id = p.id where p.id in ${BOTH}
      group by p.id having bool_or(r.language = 'SQL')`,
  },
  {
    name: 'spread of one',
    as: MARIE,
    read: (db) => db.from('resources').select('title, ...profiles(author:username, full_name)').eq('language', 'Go'),
    rows: `select title, p.username as author, p.full_name from expected.resources($1) r
      join public.profiles p on p.id = r.user_id
      where language = 'Go'`,
  },
  {
    name: 'spread of many',
    as: MARIE,
    read: (db) =>
      db
        .from('groups')
        .select('name, ...group_members(roles:role)')
        .eq('id', seeded(3, 1))
        .order('id', { referencedTable: 'group_members', ascending: false }),
    rows: `select g.name, json_agg(m.role order by m.id desc) as roles from public.groups g
      join public.group_members m on m.group_id = g.id
      where g.id = '${seeded(3, 1)}' group by g.name`,
  },
  {
    name: 'a view, embedding through its columns',
    as: ['marie', 'anonymous'],
    read: (db) =>
      db.from('public_resources').select('title, profiles!inner(username)').eq('profiles.username', 'karim'),
    rows: `select title, json_build_object('username', 'karim') as profiles from public.resources
      where visibility = 'public' and user_id = '${people.karim}'`,
  },
  {
    name: 'a view, embedded',
    as: MARIE,
    read: (db) => db.from('profiles').select('username, public_resources(title)').eq('username', 'marie'),
    rows: `select 'marie' as username, json_agg(json_build_object('title', title)) as public_resources
      from public.resources
      where visibility = 'public' and user_id = '${people.marie}'`,
  },
  {
    name: 'the old count of embedded rows',
    as: MARIE,
    read: (db) => db.from('profiles').select('username, resources(count)').in('username', ['marie', 'karim']),
    rows: `select username, json_build_array(json_build_object('count', (
        select count(*) from expected.resources($1) r where r.user_id = p.id))) as resources
      from public.profiles p where username in ('marie', 'karim')`,
  },
  {
    name: 'several orders, nulls last and first',
    as: MARIE,
    read: (db) =>
      db
        .from('resources')
        .select('id')
        .order('language', { ascending: false, nullsFirst: false })
        .order('license', { nullsFirst: true })
        .order('id', { ascending: false }),
    rows: `select id, row_number() over w as _rank from expected.resources($1)
      window w as (order by language desc nulls last, license nulls first, id desc) order by _rank`,
  },
  {
    name: 'order by what one row of an embed has',
    as: MARIE,
    read: (db) => db.from('resources').select('id, profiles(username)').order('profiles(username)').order('id'),
    rows: `select r.id, json_build_object('username', username) as profiles,
        row_number() over (order by username, r.id) as _rank
      from expected.resources($1) r join public.profiles p on p.id = r.user_id order by _rank`,
  },
  {
    name: 'order by a JSON path',
    as: ['anonymous'],
    read: (db) => db.from('kinds').select('id').order('settings->>theme', { nullsFirst: false }).order('id'),
    rows: `select id, row_number() over (order by settings ->> 'theme' nulls last, id) as _rank
      from public.kinds order by _rank`,
  },
]);

test('order, limit and offset of embedded rows', async () => {
  const { data, error } = await callers.marie.client
    .from('profiles')
    .select('username, resources(title)')
    .in('username', ['marie', 'karim'])
    .order('username')
    .order('created_at', { referencedTable: 'resources', ascending: false })
    .range(1, 3, { referencedTable: 'resources' });
  assert.equal(error, null);
  const wanted = await expected(
    `select p.username, (
       select json_agg(json_build_object('title', found.title)) from (
         select title from expected.resources($1) r where r.user_id = p.id order by created_at desc limit 3 offset 1
       ) as found
     ) as resources from public.profiles p where username in ('marie', 'karim') order by username`,
    people.marie,
  );
  assert.deepEqual(data, wanted);
  assert.deepEqual(
    data.map((row) => row.resources.length),
    [3, 3],
  );
});

test('order and limit two levels down', async () => {
  const { data, error } = await callers.marie.client
    .from('profiles')
    .select('resources(id, resource_comments(created_at))')
    .eq('username', 'marie')
    .limit(2, { referencedTable: 'resources' })
    .order('id', { referencedTable: 'resources' })
    .order('created_at', { referencedTable: 'resources.resource_comments', ascending: false })
    .limit(3, { referencedTable: 'resources.resource_comments' })
    .single();
  assert.equal(error, null);
  assert.equal(data.resources.length, 2);
  assert.equal(data.resources[0].id, seeded(2, 1));
  const times = data.resources[0].resource_comments.map((comment) => comment.created_at);
  assert.equal(times.length, 3);
  assert.deepEqual(times, [...times].sort().reverse());
});

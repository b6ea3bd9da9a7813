// What this gateway adds to PostgREST's writes, as an application reaches it through the unmodified client.

import { seeded } from './gateway.mjs';
import { writes } from './writes.mjs';

const ONE = seeded('f', 1);
const MINE = `select c.name, (select count(*) from public.collection_resources r where r.collection_id = c.id) as resources
  from public.collections c where c.name like 'nested %' order by 1`;
const HIERARCHY = `select c.name, p.name as parent, (select count(*) from public.category_filters f where f.category_id = c.id)
  as filters from public.category_hierarchy c left join public.category_hierarchy p on p.id = c.parent_id
  where c.name like 'nested %' order by 1`;
const filter = (key) => ({ filter_key: key, filter_label: key, filter_type: 'text' });

writes([
  {
    name: 'a nested insert, answered',
    as: ['admin'],
    write: (db) =>
      db
        .from('category_hierarchy')
        .insert({
          name: 'nested top',
          category_filters: [filter('a'), filter('b')],
          category_hierarchy: [{ name: 'nested below', category_filters: [filter('c')] }],
        })
        .setHeader('Prefer', 'nested=insert,return=representation')
        .select('name, category_filters(filter_key), category_hierarchy(name)')
        .single(),
    status: 201,
    data: {
      name: 'nested top',
      category_filters: [{ filter_key: 'a' }, { filter_key: 'b' }],
      category_hierarchy: [{ name: 'nested below' }],
    },
    state: HIERARCHY,
    is: [
      { name: 'nested below', parent: 'nested top', filters: 1 },
      { name: 'nested top', parent: null, filters: 2 },
    ],
  },
  {
    name: 'a nested insert of several rows, whose keys the client lists',
    as: ['marie'],
    write: (db, me) =>
      db
        .from('collections')
        .insert([
          { name: 'nested one', user_id: me, collection_resources: [] },
          { name: 'nested two', user_id: me },
        ])
        .setHeader('Prefer', 'nested=insert'),
    status: 201,
    state: MINE,
    is: [
      { name: 'nested one', resources: 0 },
      { name: 'nested two', resources: 0 },
    ],
  },
  {
    name: 'a nested insert for somebody else',
    as: ['karim'],
    write: (db) =>
      db
        .from('collections')
        .insert({ name: 'nested', user_id: seeded('f', 1), collection_resources: [] })
        .setHeader('Prefer', 'nested=insert'),
    status: 403,
    error: { code: '42501' },
  },
  {
    name: 'an update by key with operations',
    as: ['admin'],
    write: (db) =>
      db
        .from('resource_templates')
        .update([{ id: ONE, usage_count: { $increment: 5 }, tags: { $append: 'x' } }], { count: 'exact' })
        .setHeader('Prefer', 'count=exact,update=by-key,operations=apply,handling=strict'),
    status: 204,
    count: 1,
    state: `select tags[cardinality(tags)] as last from public.resource_templates where id = '${ONE}'`,
    is: [{ last: 'x' }],
  },
  {
    name: 'a deletion without a filter',
    as: ['admin', 'marie', 'anonymous'],
    write: (db) => db.from('resource_templates').delete(),
    status: 400,
    error: { code: 'PGRSTX40' },
  },
]);

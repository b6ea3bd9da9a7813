// Every filter that supabase-js offers, compared with the SQL it stands for.

import { people, seeded } from './gateway.mjs';
import { reads } from './reads.mjs';

/** The ids of marie's resources that a filter leaves, and the condition they fulfil. */
const resources = (name, filter, condition, none) => ({
  name,
  as: ['marie'],
  read: (db) => filter(db.from('resources').select('id')),
  rows: `select id from expected.resources($1) where ${condition}`,
  none: none && ['marie'],
});
const kinds = (name, filter, condition, none) => ({
  name,
  as: ['anonymous'],
  read: (db) => filter(db.from('kinds').select('id')),
  rows: `select id from public.kinds where ${condition}`,
  none: none && ['anonymous'],
});

reads([
  resources('eq', (q) => q.eq('language', 'SQL'), `language = 'SQL'`),
  resources('eq: what reads like an operator', (q) => q.eq('title', 'eq.not.is.null'), 'false', true),
  resources('eq: blanks, accents, signs', (q) => q.eq('title', 'Sécurité : Node.js'), `title = 'Sécurité : Node.js'`),
  resources(
    'eq: an apostrophe',
    (q) => q.eq('title', "Veille : l'accessibilité"),
    `title = 'Veille : l''accessibilité'`,
  ),
  resources('eq: SQL text', (q) => q.eq('title', "x' or true --"), 'false', true),
  resources('eq: a number', (q) => q.eq('ratings_count', 0), 'ratings_count = 0'),
  resources('eq: an enumeration', (q) => q.eq('resource_type', 'github_repo'), `resource_type = 'github_repo'`),
  resources('neq', (q) => q.neq('category', 'Développement'), `category <> 'Développement'`),
  resources('gt', (q) => q.gt('views_count', 1000), 'views_count > 1000'),
  resources('gte', (q) => q.gte('average_rating', 3.67), 'average_rating >= 3.67'),
  resources('lt', (q) => q.lt('created_at', '2025-03-01T00:00:00+01:00'), `created_at < '2025-03-01T00:00:00+01:00'`),
  resources('lte', (q) => q.lte('downloads_count', 10), 'downloads_count <= 10'),
  resources(
    'two on one column',
    (q) => q.gte('views_count', 10).lt('views_count', 100),
    'views_count >= 10 and views_count < 100',
  ),

  resources('like', (q) => q.like('title', '%React%'), `title like '%React%'`),
  resources('like: case matters', (q) => q.like('title', '%react%'), 'false', true),
  resources('like: * for %', (q) => q.like('title', 'Guide*'), `title like 'Guide%'`),
  resources('likeAllOf', (q) => q.likeAllOf('title', ['%React%', '%Native%']), `title like all ('{%React%,%Native%}')`),
  resources('likeAnyOf', (q) => q.likeAnyOf('title', ['%React%', '%Vite%']), `title like any ('{%React%,%Vite%}')`),
  resources('ilike', (q) => q.ilike('title', '%REACT%'), `title ilike '%react%'`),
  resources('ilike: an underscore is any letter', (q) => q.ilike('title', 'antis_che%'), `title ilike 'antis_che%'`),
  resources('ilikeAllOf', (q) => q.ilikeAllOf('title', ['guide%', '%go']), `title ilike all ('{guide%,%go}')`),
  resources('ilikeAnyOf', (q) => q.ilikeAnyOf('title', ['guide%', '%GO']), `title ilike any ('{guide%,%go}')`),
  resources('regexMatch', (q) => q.regexMatch('title', '^Guide.*(Go|Git)$'), `title ~ '^Guide.*(Go|Git)$'`),
  resources('regexIMatch', (q) => q.regexIMatch('title', '^guide.*(go|git)$'), `title ~* '^guide.*(go|git)$'`),

  resources('is null', (q) => q.is('language', null), 'language is null'),
  kinds('is true', (q) => q.is('done', true), 'done is true'),
  kinds('is false', (q) => q.is('done', false), 'done is false'),
  resources('not is null', (q) => q.not('readme', 'is', null), 'readme is not null'),
  resources('isDistinct', (q) => q.isDistinct('language', 'SQL'), `language is distinct from 'SQL'`),

  resources('in', (q) => q.in('language', ['SQL', 'Go', 'Rust']), `language in ('SQL', 'Go', 'Rust')`),
  resources('in: signs that need quotes', (q) => q.in('title', ['a,b', '(c)', 'Veille : Go']), `title = 'Veille : Go'`),
  resources('in: nothing', (q) => q.in('language', []), 'false', true),
  resources(
    'in: a request line of 20 kB',
    (q) =>
      q.in(
        'id',
        Array.from({ length: 550 }, (_, n) => seeded(2, n + 1)),
      ),
    `id <= '${seeded(2, 550)}'`,
  ),
  resources('notIn', (q) => q.notIn('language', ['SQL', 'Go']), `language not in ('SQL', 'Go')`),
  resources('not in', (q) => q.not('category', 'in', '(Design,"Médias")'), `category not in ('Design', 'Médias')`),

  resources('contains: an array', (q) => q.contains('tags', ['react', 'mobile']), `tags @> '{react,mobile}'`),
  resources('contains: text of an array', (q) => q.contains('tags', '{"react"}'), `tags @> '{react}'`),
  resources(
    'containedBy',
    (q) => q.containedBy('tags', ['go', 'backend', 'tutorial']),
    `tags <@ '{go,backend,tutorial}'`,
  ),
  resources('overlaps', (q) => q.overlaps('tags', ['docker', 'sécurité']), `tags && '{docker,sécurité}'`),
  resources('not overlaps', (q) => q.not('tags', 'ov', '{ui,backend,devops}'), `not tags && '{ui,backend,devops}'`),
  kinds('contains: an object', (q) => q.contains('settings', { theme: 'dark' }), `settings @> '{"theme": "dark"}'`),
  kinds(
    'containedBy: an object',
    (q) => q.containedBy('settings', { theme: 'light', size: 12, more: 1 }),
    `settings <@ '{"theme": "light", "size": 12, "more": 1}'`,
  ),
  kinds('JSON path: text', (q) => q.eq('settings->>theme', 'dark'), `settings ->> 'theme' = 'dark'`),
  kinds('JSON path: numbers compare as numbers', (q) => q.gt('settings->size', 5), `settings -> 'size' > '5'`),
  kinds('JSON path: deep', (q) => q.eq('settings->nested->deep->>1', '2'), `settings #>> '{nested,deep,1}' = '2'`),

  kinds('rangeGt', (q) => q.rangeGt('during', '[0,10)'), `during >> '[0,10)'`),
  kinds('rangeGte', (q) => q.rangeGte('during', '[10,12)'), `during &> '[10,12)'`),
  kinds('rangeLt', (q) => q.rangeLt('during', '[15,20)'), `during << '[15,20)'`),
  kinds('rangeLte', (q) => q.rangeLte('during', '[5,20)'), `during &< '[5,20)'`),
  kinds('rangeAdjacent', (q) => q.rangeAdjacent('during', '[20,25)'), `during -|- '[20,25)'`),
  kinds('overlaps: ranges', (q) => q.overlaps('during', '[5,12)'), `during && '[5,12)'`),
  kinds('contains: ranges', (q) => q.contains('during', '[16,18]'), `during @> '[16,18]'::int4range`),

  kinds(
    'textSearch',
    (q) => q.textSearch('words', 'chat & !dormir', { config: 'french' }),
    `words @@ to_tsquery('french', 'chat & !dormir')`,
  ),
  kinds(
    'textSearch: plain',
    (q) => q.textSearch('words', 'les chiens', { type: 'plain', config: 'french' }),
    `words @@ plainto_tsquery('french', 'les chiens')`,
  ),
  kinds(
    'textSearch: phrase',
    (q) => q.textSearch('words', 'chiens courent', { type: 'phrase', config: 'french' }),
    `words @@ phraseto_tsquery('french', 'chiens courent')`,
  ),
  kinds(
    'textSearch: websearch',
    (q) => q.textSearch('words', 'chats or "chiens courent"', { type: 'websearch', config: 'french' }),
    `words @@ websearch_to_tsquery('french', 'chats or "chiens courent"')`,
  ),
  resources(
    'textSearch: a text column',
    (q) => q.textSearch('title', `'guide' & 'react'`),
    `to_tsvector(title) @@ to_tsquery('guide & react')`,
  ),
  resources(
    'textSearch: a text column in French',
    (q) => q.textSearch('title', 'exercice & linux', { config: 'french' }),
    `to_tsvector('french', title) @@ to_tsquery('french', 'exercice & linux')`,
  ),

  resources(
    'match',
    (q) => q.match({ category: 'Design', language: 'HTML', license: undefined }),
    `category = 'Design' and language = 'HTML'`,
  ),
  resources('not', (q) => q.not('visibility', 'eq', 'public'), `visibility <> 'public'`),
  resources('filter', (q) => q.filter('tags', 'cs', '{devops,docker}'), `tags @> '{devops,docker}'`),
  resources('filter: any of', (q) => q.filter('language', 'eq(any)', '{SQL,Go}'), `language in ('SQL', 'Go')`),
  resources('or', (q) => q.or('language.eq.SQL,views_count.gt.2000'), `language = 'SQL' or views_count > 2000`),
  resources(
    'or: and within, and not',
    (q) => q.or('and(language.eq.SQL,views_count.gt.100),not.and(visibility.eq.public,ratings_count.gte.0)'),
    `(language = 'SQL' and views_count > 100) or visibility <> 'public'`,
  ),
  resources(
    'or: lists, arrays, quotes',
    (q) => q.or('language.in.(SQL,"Go"),tags.cs.{docker,tutorial},title.eq."Veille : Go"'),
    `language in ('SQL', 'Go') or tags @> '{docker,tutorial}' or title = 'Veille : Go'`,
  ),
  resources(
    'or: not null',
    (q) => q.or('language.is.null,readme.not.is.null').lt('views_count', 50),
    '(language is null or readme is not null) and views_count < 50',
  ),
  resources(
    'or twice: both',
    (q) => q.or('language.eq.SQL,language.eq.Go').or('visibility.eq.private,views_count.gt.500'),
    `language in ('SQL', 'Go') and (visibility = 'private' or views_count > 500)`,
  ),
]);

reads([
  {
    name: 'filter on an embed leaves the outer rows',
    as: ['marie'],
    read: (db) =>
      db
        .from('profiles')
        .select('id, resources(id)')
        .eq('resources.language', 'SQL')
        .in('id', [people.marie, people.karim]),
    rows: `select p.id, (
        select coalesce(json_agg(json_build_object('id', r.id)), '[]') from expected.resources($1) r
        where r.user_id = p.id and r.language = 'SQL'
      ) as resources from public.profiles p where p.id in ('${people.marie}', '${people.karim}')`,
  },
  {
    name: 'filter on an inner embed takes outer rows away',
    as: ['marie'],
    read: (db) => db.from('resources').select('id, profiles!inner(username)').eq('profiles.username', 'karim'),
    rows: `select id, json_build_object('username', 'karim') as profiles from expected.resources($1)
      where user_id = '${people.karim}'`,
  },
  {
    name: 'or on an embed',
    as: ['marie'],
    read: (db) =>
      db
        .from('resources')
        .select('id, profiles!inner(username)')
        .or('username.eq.karim,github_username.eq.admin', { referencedTable: 'profiles' }),
    rows: `select r.id, json_build_object('username', p.username) as profiles from expected.resources($1) r
      join public.profiles p on p.id = r.user_id where p.username = 'karim' or p.github_username = 'admin'`,
  },
  {
    name: 'or across an embed and its owner',
    as: ['marie'],
    read: (db) =>
      db.from('resources').select('id, resource_comments()').or('resource_comments.is.null,language.eq.SQL'),
    rows: `select id from expected.resources($1) r
      where language = 'SQL' or not exists (select from public.resource_comments c where c.resource_id = r.id)`,
  },
  {
    name: 'rows without an embedded one',
    as: ['marie', 'anonymous'],
    read: (db) => db.from('resources').select('id, resource_comments()').is('resource_comments', null),
    rows: `select id from expected.resources($1) r where not exists (select from public.resource_comments c
      where c.resource_id = r.id)`,
  },
  {
    name: 'rows with an embedded one',
    as: ['marie'],
    read: (db) => db.from('resources').select('id, resource_comments()').not('resource_comments', 'is', null),
    rows: `select id from expected.resources($1) r where exists (select from public.resource_comments c
      where c.resource_id = r.id)`,
  },
]);

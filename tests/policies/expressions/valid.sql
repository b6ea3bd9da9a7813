-- comparisons and logic
true
false
null
null::boolean
flag
not flag
flag and other
flag or not other
(flag)
((flag and other) or (not flag))
flag = other
flag <> other
flag != other
flag is true
flag is not true
flag is false
flag is not false
flag is unknown
flag is not unknown
n is null
n is not null
n isnull
n notnull
flag is null is not null
not flag is null
flag and not other is true
n = 1
n <> 1 and m != 2
n < 1 or n > 2 or n <= 3 or n >= 4
n = -1
n = +1
n = - - 1
n between 1 and 2
n not between 1 and 2
n between symmetric 2 and 1
n not between symmetric 2 and 1
n between asymmetric 1 and 2
n between 1 and 2 and m between 3 and 4 or flag
n between m - 1 and m + 1 and flag
n in (1, 2, 3)
n not in (1, 2, 3)
(n, m) in ((1, 2), (3, 4))
n is distinct from m
n is not distinct from m
s is distinct from null
(n, m) = (1, 2)
(n, m) < (1, 2)
row(n, m) = row(1, 2)
row(n, m) is null
(n, m) is not null
(n, m) is distinct from (1, 2)
case when flag then other else false end
case n when 1 then true when 2 then false end
case when flag and other then n = 1 or m = 2 else flag end
case when flag then case when other then true end else false end
coalesce(flag, other, false)
nullif(n, 0) is null
greatest(n, 1, 2) > least(m, 3)
(select true)
(select flag)
(((select flag)))
flag is not null and (other or n > 0)
true = not flag
flag = not other and n = 1
-- arithmetic
n + 1 > m - 2
n * 2 / 3 % 4 = 0
n ^ 2 = 4
|/ x > 1
||/ x > 1
@ n = 1
n & 1 = 1
n | 1 = 1
n # 1 = 1
~ n = 1
n << 1 = 2
n >> 1 = 0
mod(n, 2) = 0
x > 1.5e3
x > .5
d > 1.
n = 0x1F
n = 0b101
n = 1_000
abs(n) > 1
n::numeric / 2 > 1
-n < 0
(n + m) * 2 > 0
div(d, 2) > 1
x = 'NaN'
x = 'Infinity'::float8
n > all (array[1, 2])
factorial(3) > n
width_bucket(x, 0, 10, 5) = 1
-- strings
s = 'text'
s = 'it''s'
s = ''
s = $$dollar$$
s = $q$it's$q$
s = E'tab\t'
s like 'a%'
s not like 'a%'
s ilike 'a%'
s not ilike 'a%'
s like 'a!%' escape '!'
s like any (array['a%', 'b%'])
s ilike any (array['a%'])
s like all (array['a%'])
s not like all (array['a%'])
s ~~ 'a%'
s ~~* 'a%'
s !~~ 'a%'
s !~~* 'a%'
s similar to '(a|b)%'
s not similar to '(a|b)%'
s similar to 'a!%' escape '!'
s ~ '^a'
s ~* '^a'
s !~ '^a'
s !~* '^a'
s ^@ 'a'
starts_with(s, 'a')
s || 'x' = 'ax'
lower(s) = upper(v)
length(s) > 3
char_length(s) > 3
character_length(s) > 3
octet_length(s) > 3
substring(s from 1 for 2) = 'ab'
substring(s, 1, 2) = 'ab'
substring(s from 'a.b') = 'ab'
substring(s similar 'a#"b#"c' escape '#') = 'b'
substr(s, 2) = 'b'
position('a' in s) > 0
strpos(s, 'a') > 0
overlay(s placing 'x' from 1 for 2) = 'x'
trim(s) = 'a'
trim(both 'x' from s) = 'a'
trim(leading from s) = 'a'
trim(trailing 'x' from s) = 'a'
btrim(s, 'x') = 'a'
ltrim(s) = rtrim(s)
left(s, 2) = right(s, 2)
lpad(s, 5, '0') = '00001'
replace(s, 'a', 'b') = 'b'
split_part(s, '@', 2) = 'example.org'
regexp_replace(s, 'a', 'b', 'g') = 'b'
regexp_match(s, 'a') is not null
(regexp_match(s, '(a)'))[1] = 'a'
regexp_like(s, 'a')
initcap(s) = s
md5(s) = 'x'
format('%s', s) = s
concat(s, v) = 'ab'
concat_ws(',', s, v) = 'a,b'
s collate "C" < 'b'
s < 'b' collate "C"
s collate pg_catalog."C" = v
quote_ident(s) = s
quote_literal(s) = s
reverse(s) = s
repeat(s, 2) = 'aa'
translate(s, 'ab', 'ba') = 's'
ascii(s) = 97
chr(n) = 'a'
to_hex(n) = 'ff'
encode(raw, 'hex') = 'ff'
decode('ff', 'hex') = raw
raw = '\xff'::bytea
sha256(raw) = raw
convert_from(raw, 'UTF8') = s
s = v::text
c = 'abc'
c::text = 'abc'
normalize(s) = s
normalize(s, NFC) = s
s is normalized
s is not normalized
s is nfc normalized
email = 'A@b.org'
email ~ 'a'
string_to_array(s, ',') = tags
s % 'similar'
s <-> 'similar' < 0.5
similarity(s, 'x') > 0.3
-- casts and types
n::text = '1'
cast(n as text) = '1'
cast(n as varchar(10)) = '1'
n::varchar(10) = '1'
n::character varying(10) = '1'
n::char(3) = '1'
x::double precision = 1
d::numeric(10, 2) = 1
d::decimal = 1
d::real = 1
n::smallint = 1
n::int8 = 1
n::pg_catalog.int4 = 1
s::uuid = id
s::uuid[] = array[id]
tags::varchar(10)[] = tags::varchar[]
nums::int[3] = nums
nums::int array = nums
nums = '{1,2}'::int[]
uuid '11111111-1111-4111-8111-111111111111' = id
date '2024-01-01' < day
timestamp '2024-01-01' < ts
timestamptz '2024-01-01' < tz
timestamp with time zone '2024-01-01' < tz
timestamp without time zone '2024-01-01' < ts
interval '1 day' < span
interval '1' day < span
interval '1-2' year to month < span
interval '1.5' second(1) < span
interval(3) '1.5 s' < span
time '10:00' < hour
boolean 'true'
bool 't' = flag
int4 '1' = n
text 'a' = s
jsonb '{}' = jb
float8 '1' = x
point '(1,2)' ~= place
app.mood 'ok' = feeling
feeling = 'ok'
feeling > 'sad'::app.mood
feeling::text = 'ok'
(home).town = 'x'
(home).street like 'a%'
home = ('a', 'b')::app.address
home = row('a', 'b')
(home::app.address).town = 'x'
home is null
price > 1::money
price > '1.00'
bits = B'1010'
bits & B'1010' = bits
bits = b'1010'
get_bit(bits, 1) = 1
n::bit(4) = bits
-- dates
day = current_date
day < current_date - 7
day < current_date - interval '7 days'
tz > now()
tz > now() - interval '1 hour'
tz > current_timestamp
tz > current_timestamp(3)
ts > localtimestamp
hour > localtime
hour > current_time::time
tz > clock_timestamp()
tz > statement_timestamp()
tz > transaction_timestamp()
tz at time zone 'UTC' > ts
ts at time zone 'UTC' > tz
tz at time zone interval '1 hour' > ts
tz at local > ts
timezone('UTC', tz) > ts
extract(year from day) = 2024
extract(epoch from tz) > 0
extract(dow from tz at time zone 'UTC') in (0, 6)
extract(day from now() - tz) > 7
date_part('year', day) = 2024
date_trunc('day', tz) = tz
date_trunc('day', tz, 'UTC') = tz
age(tz) > interval '1 year'
age(day, current_date) > '1 year'
make_date(2024, 1, 1) < day
to_timestamp(0) < tz
to_char(tz, 'YYYY') = '2024'
to_date('2024', 'YYYY') < day
(day, day + 1) overlaps (date '2024-01-01', date '2024-02-01')
(tz, span) overlaps (now(), interval '1 day')
day + 1 > day
day - day = 0
tz - tz < '1 day'
tz + span * 2 > now()
isfinite(tz)
tz = 'infinity'
tz > 'now'::timestamptz
tz < 'yesterday'
date_bin('15 minutes', tz, timestamp '2001-01-01') = tz
justify_days(span) > '1 day'
-- arrays
tags @> array['a']
tags <@ array['a', 'b']
tags && array['a']
tags @> '{a}'
tags @> '{a}'::text[]
tags = array[]::text[]
tags = '{}'
'a' = any(tags)
'a' = any (array['a', 'b'])
'a' <> all (tags)
not ('a' = any (tags))
n = any(array[1, 2])
n = some (nums)
n = any ('{1,2}'::int[])
n < any (nums || 1)
nums[1] = 1
nums[1:2] = array[1, 2]
nums[:2] = array[1, 2]
nums[2:] = array[1, 2]
nums[:] = nums
nums[n] = 1
(nums || nums)[1] = 1
(array[1, 2, 3])[2] = n
array[[1, 2], [3, 4]] @> array[n]
array_length(tags, 1) > 1
cardinality(tags) > 0
array_position(tags, 'a') is not null
array_append(tags, 'x') = tags
tags || array['x'] = tags
tags || 'x'::text = tags
array(select s) = tags
array(select t from unnest(tags) t order by t) = tags
array_to_string(tags, ',') like '%a%'
array_remove(tags, 'a') = tags
exists (select 1 from unnest(tags) as t where t = 'a')
exists (select from unnest(tags) with ordinality as t(tag, i) where t.tag = 'a' and t.i > 1)
'a' in (select unnest(tags))
nums @> array[n]
array_dims(nums) = '[1:2]'
-- json
j ->> 'a' = 'x'
j -> 'a' ->> 'b' = 'x'
j #>> '{a,b}' = 'x'
(j #> '{a,b}') is not null
j -> 0 is not null
j ->> 0 = 'x'
jb ->> 'a' = 'x'
(jb ->> 'a')::int = 1
(jb ->> 'a')::boolean
(jb -> 'a')::boolean
jb -> 'a' = '1'
jb @> '{"a": 1}'
jb <@ '{"a": 1}'
jb ? 'a'
jb ?| array['a', 'b']
jb ?& array['a', 'b']
jb @? '$.a[*] ? (@ > 1)'
jb @@ '$.a > 1'
jb || '{"a": 1}' = jb
jb - 'a' = jb
jb - 0 = jb
jb - '{a,b}'::text[] = jb
jb #- '{a,b}' = jb
jb['a'] = '1'
jb['a']['b'] = '1'
jb['a'] ->> 'b' = '1'
jsonb_path_exists(jb, '$.a')
jsonb_path_match(jb, '$.a > 1')
jsonb_path_exists(jb, '$.a ? (@ > $x)', jsonb_build_object('x', n))
jsonb_typeof(jb) = 'object'
jsonb_array_length(jb) > 1
jsonb_exists(jb, 'a')
jsonb_build_object('a', n) = jb
jsonb_set(jb, '{a}', '1') = jb
to_jsonb(n) = jb
to_jsonb(tags) ? 'a'
jb ->> 'a' in ('x', 'y')
jb ->> 'a' is not null
jb ->> 'a' like 'x%'
exists (select 1 from jsonb_array_elements(jb) e where e ->> 'a' = 'x')
exists (select 1 from jsonb_array_elements_text(jb -> 'a') as e(v) where e.v = 'x')
exists (select 1 from jsonb_each_text(jb) where key = 'a' and value = 'x')
exists (select 1 from jsonb_to_recordset(jb) as x(a int, b text) where x.a = 1 and x.b = 'y')
exists (select 1 from jsonb_populate_record(null::app.address, jb) p where p.town = 'x')
s is json
s is not json
s is json object
s is json array
s is json scalar
s is json with unique keys
json_exists(jb, '$.a')
json_exists(jb, '$.a' false on error)
json_value(jb, '$.a') = 'x'
json_value(jb, '$.a' returning int) = 1
json_value(jb, '$.a' returning int default 0 on empty error on error) = 1
json_query(jb, '$.a' with wrapper) is not null
json_array(1, n) is not null
json_object('a': n) is not null
json_object('a' value n absent on null) is not null
json('{}') is not null
json_scalar(n) is not null
json_serialize(jb) = '{}'
exists (select 1 from json_table(jb, '$[*]' columns (a int path '$.a', b text)) t where t.a = 1)
hs -> 'a' = 'x'
hs ? 'a'
hs @> 'a=>1'
hs['a'] = 'x'
-- networks, geometry, ranges, text search, trees
ip << '10.0.0.0/8'
ip <<= '10.0.0.0/8'
ip >> '10.0.0.0/8'
ip >>= '10.0.0.0/8'
ip && '10.0.0.0/8'::inet
ip <<= any (array['10.0.0.0/8'::inet])
family(ip) = 4
host(ip) = '10.0.0.1'
net = network(ip)
inet_client_addr() = ip
place <-> point '(0,0)' < 1
place <@ area
area @> place
place << '(1,1)'
place >> '(1,1)'
place <<| '(1,1)'
place |>> '(1,1)'
place ~= '(1,1)'
place ?- '(1,1)'
place ?| '(1,1)'
area && '((0,0),(1,1))'
place ## lseg '((0,0),(1,1))' is not null
?- lseg '((0,0),(1,0))'
outline @> place
@-@ path '((0,0),(1,0))' > 1
@@ ring ~= place
# path '((0,0),(1,0))' = 2
area(ring) > 1
r @> n
r @> 5
n <@ r
r && int4range(1, 5)
r << int4range(1, 5)
r >> int4range(1, 5)
r &< int4range(1, 5)
r &> int4range(1, 5)
r -|- int4range(1, 5)
r + int4range(1, 5) = r
r * int4range(1, 5) = r
isempty(r)
lower(r) > 1
upper_inf(r)
mr @> 5
r <@ mr
during @> now()
tstzrange(tz, now()) @> tz
tstzrange(tz, null, '[)') && during
tsv @@ to_tsquery('a & b')
tsv @@ plainto_tsquery('english', s)
tsv @@ 'a & b'::tsquery
to_tsvector('simple', s) @@ websearch_to_tsquery('simple', 'a')
ts_rank(tsv, to_tsquery('a')) > 0.1
to_tsquery('a') && to_tsquery('b') @> to_tsquery('a')
!! to_tsquery('a') = to_tsquery('b')
to_tsquery('a') <-> to_tsquery('b') = to_tsquery('c')
way @> 'a.b'
way <@ 'a.b'
way ~ '*.b.*'
way @ 'a & b'
way ? array['*.b']::lquery[]
ways @> 'a.b'
ways ?@> 'a.b' is not null
ways ?<@ 'a.b' is not null
ways ?~ '*.b'::lquery is not null
way ^@> array['a']::ltree[] or true
nlevel(way) > 1
subpath(way, 0, 1) = 'a'
xpath_exists('//a', doc)
doc is document
(xpath('//a/text()', doc))[1]::text = 'x'
xmlexists('//a' passing by value doc)
-- operators by name, prefix and postfix
n operator(pg_catalog.=) 1
n operator(pg_catalog.+) 1 operator(pg_catalog.>) 2
operator(pg_catalog.-) n = 1
s operator(app.===) 'a'
s operator(app.===) any (tags)
'a' operator(pg_catalog.=) any (tags)
not n operator(pg_catalog.=) 1 and flag
-- names
items.n = 1
app.items.n = 1
"n" = 1
"Mixed Case" = 'x'
items."Mixed Case" = 'x'
items."select"
"select"
items.select
"user" = current_user
N = 1
year = 2024
type = 'x' and name = 'y'
value = 'x' or status = 'y'
role = 'admin' and level > 1
date > '2024-01-01'
key = 'x'
position > 1
date::text = '2024'
items is not null
items.* is not null
(items).n = 1
(items.home).town = 'x'
((items.home)).town = 'x'
items::text = 'x'
row(items.*) is not null
n=1 and m=2
n =1 /* comment */ and m= 2 -- end
-- functions and settings
app.is_admin()
(select app.is_admin())
owner = app.me()
owner = (select app.me())
owner = (select app.me() as me)
owner = (((select app.me())))
app.can(id)
app.can(id, 'write')
app.can(id, what => 'write')
app.can(id, what := 'write')
app.any_of('a', 'b')
app.any_of(variadic tags)
app . is_admin ( )
"app"."is_admin"()
pg_catalog.lower(s) = 'x'
pg_catalog.now() > tz
current_setting('app.tenant') = s
current_setting('app.tenant', true) = s
current_setting('app.tenant', true)::uuid = id
nullif(current_setting('app.tenant', true), '')::uuid = id
(select current_setting('app.tenant', true))::uuid = id
current_setting('request.jwt.claims', true)::json ->> 'sub' = owner::text
(current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' -> 'roles') ? 'admin'
(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid = owner
pg_catalog.current_setting('app.x', 't') = 'x'
current_user = 'x'
session_user = 'x'
user = 'x'
current_role = 'x'
current_catalog = 'x'
current_schema = 'x'
current_schema() = 'x'
current_database() = 'x'
pg_has_role('postgres', 'member')
pg_has_role(current_user, 'postgres', 'usage')
has_table_privilege('app.items', 'select')
app.claim('x') = s
app.claim('x')::jsonb ? 'y'
app.me() is not null
app.me() in (owner, id)
app.me()::text = s
random() < 0.5
gen_random_uuid() = id
version() like 'Postgres%'
hashtext(s) = 1
num_nulls(n, m) = 1
num_nonnulls(n, m) = 1
pg_typeof(n) = 'integer'::regtype
'app.items'::regclass is not null
tableoid = 'app.items'::regclass
ctid = '(0,1)'
xmin::text = '1'
uuid_extract_version(id) = 4
floor(x) = ceil(x)
round(d, 2) = 1.5
sign(n) = 1
power(x, 2) = 4
exp(x) > log(x)
coalesce(app.claim('x'), 'none') = 'none'
coalesce((app.claim('x'))::int, 0) = n
-- subqueries
exists (select 1)
exists (select from app.members)
exists (select * from app.members m where m.user_id = app.me())
exists (select 1 from app.members where members.group_id = items.id and members.user_id = app.me())
not exists (select 1 from app.members m where m.user_id = owner and m.until < now())
id in (select item_id from app.shares where user_id = app.me() and (until is null or until > now()))
id not in (select item_id from app.shares)
id = any (select item_id from app.shares)
id = any (array(select item_id from app.shares))
id <> all (select item_id from app.shares)
(id, owner) in (select item_id, user_id from app.shares)
id in (select app.mine())
id in (select * from app.mine())
id in (select m from app.mine() m)
id in (select m.x from app.mine() as m(x) where m.x is not null)
id in (values (app.me()), (owner))
n in (values (1), (2))
(select count(*) from app.members m where m.group_id = items.id) > 3
(select count(distinct user_id) from app.members) > 3
(select max(until) from app.shares s where s.item_id = items.id) > now()
(select role from app.members m where m.user_id = app.me() limit 1) = 'admin'
(select role from app.members m where m.user_id = app.me() order by until desc nulls last limit 1 offset 0) = 'admin'
(select role from app.members order by until fetch first 1 row only) = 'admin'
(select m.role from app.members m where m.user_id = app.me() limit 1) in ('admin', 'owner')
exists (select 1 from app.members m join app.shares s on s.user_id = m.user_id and s.permission = 'write' where s.item_id = items.id)
exists (select 1 from app.members m inner join app.shares s using (user_id) where s.item_id = items.id)
exists (select 1 from app.members m left join app.shares s on s.user_id = m.user_id left outer join app.shares z on z.user_id = s.user_id where z.item_id is null)
exists (select 1 from app.members m cross join app.shares s where m.user_id = s.user_id)
exists (select 1 from app.members m natural join app.shares s)
exists (select 1 from app.members m full join app.shares s on m.user_id = s.user_id)
exists (select 1 from app.members m, app.shares s where m.user_id = s.user_id)
exists (select 1 from app.members m, lateral (select 1 from app.shares s where s.user_id = m.user_id) l)
exists (select 1 from app.members m join lateral app.mine() l(x) on l.x = m.user_id)
exists (select 1 from (select user_id from app.members where role = 'admin') a where a.user_id = owner)
exists (select 1 from (app.members m join app.shares s on s.user_id = m.user_id) where s.item_id = items.id)
exists (select user_id from app.members intersect select user_id from app.shares where item_id = items.id)
exists (select user_id from app.members union all select user_id from app.shares where item_id = items.id order by 1 limit 1)
exists ((select user_id from app.members) except (select user_id from app.shares))
exists (select m.role from app.members m where m.user_id = app.me() group by m.role having count(*) > 1 and max(m.until) > now())
exists (with a as (select user_id from app.members where role = 'admin') select 1 from a where a.user_id = owner)
exists (with recursive up(id) as (select owner union all select m.group_id from app.members m join up on up.id = m.user_id) select 1 from up where up.id = app.me())
exists (with a as materialized (select 1 as one) select from a where one = 1)
exists (select 1 from app.members m where m.user_id in (select s.user_id from app.shares s where s.item_id = items.id and exists (select 1 from app.members n where n.user_id = s.user_id and n.role = 'x')))
exists (select distinct on (m.group_id) 1 from app.members m where m.role = 'x' order by m.group_id)
exists (select 1 from app.members m where m.role = 'x' for update)
exists (select 1 from app.members tablesample system (10) where role = 'x')
exists (select 1 from only app.members where role = 'x')
exists (select 1 from app.members * where role = 'x')
exists (select 1 from app.members as m (g, u) where m.u = app.me())
exists (select 1 from generate_series(1, 3) as g where g = n)
exists (select 1 from rows from (generate_series(1, 3), generate_series(1, 2)) as g(a, b) where a = n)
exists (select count(*) filter (where role = 'x' and until > now()) from app.members having count(*) > 1)
(select bool_or(role = 'admin' or role = 'owner') from app.members where user_id = app.me())
(select array_agg(role order by role) from app.members) @> array['x']
(select string_agg(role, ',' order by until desc) from app.members) like '%x%'
(select percentile_cont(0.5) within group (order by n) from app.items) > 1
(select rank() over (partition by m.group_id order by m.until) from app.members m limit 1) = 1
(select sum(n) over w from app.items window w as (order by id rows between unbounded preceding and current row) limit 1) > 0
(select row_number() over () from app.members limit 1) = 1
(select (person).role from app.members person limit 1) = 'x'
(select m from app.members m limit 1) is not null
exists (select 1 from app.members where (user_id, role) = (app.me(), 'admin'))
exists (select 1 from app.members where user_id = app.me() and role = any (tags))
exists (select 1 from app.members m where items.id = m.group_id and m.until > now() - interval '1 day' * n)
exists (select 1 from app.members m group by grouping sets ((m.role), ()))
exists (select 1 from app.members m group by rollup (m.role, m.group_id))
exists (select grouping(m.role) from app.members m group by cube (m.role))
exists (select 1 from information_schema.tables where table_name = s)
exists (select 1 from pg_catalog.pg_roles where rolname = current_user and rolsuper)
(select case when role = 'x' then true else false end from app.members limit 1)
coalesce((select true from app.shares s where s.item_id = items.id limit 1), false)
(select true from app.members where role = 'x' and user_id = app.me() limit 1) is true
app.me() = any (select m.user_id from app.members m where m.group_id = items.id)
array(select user_id from app.members where group_id = items.id) @> array[app.me()]
app.me() = any ((select array_agg(user_id) from app.members)::uuid[])
(select (jb ->> 'x')::boolean)
(select app.claim('role')) = any (array['a', 'b'])
(select app.claim('x')::jsonb -> 'roles') ? 'admin'
not (select app.is_admin()) or flag
flag is true or exists (select 1 from app.shares where (select app.is_admin()))
exists (select 1 from app.members m where m.user_id = app.me() and (m.role = 'a' or m.role = 'b') and not (m.until < now()))
id in (select id from (table app.members) z)

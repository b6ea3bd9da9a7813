-- Views ask as whoever reads them (security_invoker), so they show nothing that the tables would not.

create function hublib.popularity(views integer, downloads integer, ratings integer, average numeric) returns numeric
language sql immutable
return views + downloads * 2 + ratings * 3 + average * 10;

create view public.public_resources with (security_invoker = true) as
select
  id, user_id, title, description, category, tags, resource_type, github_url, external_url, language, license,
  average_rating, ratings_count, downloads_count, views_count, created_at, updated_at
from public.resources
where visibility = 'public';
comment on view public.public_resources is 'Public resources without their files and long texts';

create view public.resource_stats with (security_invoker = true) as
select
  r.id as resource_id, r.user_id, r.category, r.views_count, r.downloads_count, r.ratings_count, r.average_rating,
  (select count(*) from public.resource_comments as c where c.resource_id = r.id) as comments_count,
  hublib.popularity(r.views_count, r.downloads_count, r.ratings_count, r.average_rating) as popularity
from public.resources as r;
comment on view public.resource_stats is 'Figures of the resources that the reader may see';

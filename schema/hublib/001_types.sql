-- Hub-Lib, the reference application: a French library of shared resources.
-- Tables, views and functions that clients call live in public; what only rules and triggers use lives in hublib.

create schema if not exists hublib;
comment on schema hublib is 'Rules and triggers of Hub-Lib; not exposed';
grant usage on schema hublib to anon, authenticated, service_role;

create type public.app_role as enum ('super_admin', 'admin', 'moderator', 'user', 'guest');
create type public.resource_type as enum ('file_upload', 'external_link', 'github_repo');
create type public.resource_visibility as enum ('public', 'private', 'shared_users', 'shared_groups');
create type public.suggestion_status as enum ('pending', 'approved', 'rejected');
create type public.suggestion_type as enum ('category', 'tag', 'resource_type', 'filter');
create type public.vote_type as enum ('upvote', 'downvote');
create type public.permission_type as enum ('read', 'write');
create type public.group_role as enum ('owner', 'admin', 'member');

-- Search by parts of words; without it the searches work, unindexed.
do $$
begin
  if not exists (select from pg_catalog.pg_available_extensions where name = 'pg_trgm') then
    raise notice 'extension pg_trgm is not available on this server: searches stay unindexed';
  else
    create extension if not exists pg_trgm with schema extensions;
  end if;
end
$$;

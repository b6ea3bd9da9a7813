-- People, what they publish, and what others say about it.
--
-- Every table has a single-column key, link tables too: a pair as primary key would make a table a junction, and
-- "resources?select=*,profiles(*)" would have several ways to go. For the same reason a table has one foreign key
-- to profiles at most.

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  username text check (char_length(username) between 1 and 255),
  full_name text,
  bio text,
  avatar_url text,
  github_username text,
  preferred_layout text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.profiles is 'What everyone may know of a user; the address stays in auth.users';
create unique index profiles_username_key on public.profiles (lower(username));

create table public.resources (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  title text not null check (char_length(title) between 1 and 500),
  description text not null,
  category text not null,
  tags text[] not null default '{}',
  resource_type public.resource_type not null default 'external_link',
  visibility public.resource_visibility not null default 'public',
  github_url text,
  external_url text,
  file_path text,
  file_url text,
  file_size text,
  language text,
  license text,
  readme text,
  average_rating numeric(3, 2) not null default 0 check (average_rating between 0 and 5),
  ratings_count integer not null default 0 check (ratings_count >= 0),
  downloads_count integer not null default 0 check (downloads_count >= 0),
  views_count integer not null default 0 check (views_count >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.resources is 'A link, a repository or a file that someone shares';
comment on column public.resources.category is 'Free text: suggested categories and those in use differ';
comment on column public.resources.file_url is 'May be a data: URL of many megabytes';

create table public.saved_resources (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  resource_id uuid not null references public.resources (id) on delete cascade,
  created_at timestamptz not null default now(),
  unique (user_id, resource_id)
);
comment on table public.saved_resources is 'A user''s bookmarks';

create table public.resource_ratings (
  id uuid primary key default gen_random_uuid(),
  resource_id uuid not null references public.resources (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  rating smallint not null check (rating between 1 and 5),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (resource_id, user_id)
);
comment on table public.resource_ratings is 'One to five stars';

create table public.resource_comments (
  id uuid primary key default gen_random_uuid(),
  resource_id uuid not null references public.resources (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  parent_id uuid references public.resource_comments (id) on delete cascade,
  content text not null check (content ~ '\S'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.resource_comments is 'Comments and their replies; a tree for each resource';

create table public.resource_versions (
  id uuid primary key default gen_random_uuid(),
  resource_id uuid not null references public.resources (id) on delete cascade,
  version_number integer not null check (version_number > 0),
  title text not null,
  description text not null,
  category text,
  tags text[],
  github_url text,
  external_url text,
  language text,
  readme text,
  file_path text,
  file_url text,
  file_size text,
  created_by uuid not null references public.profiles (id) on delete cascade,
  change_summary text,
  created_at timestamptz not null default now(),
  unique (resource_id, version_number)
);
comment on table public.resource_versions is 'A resource as it was before an edit';

create table public.resource_templates (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text not null,
  category text not null,
  tags text[] not null default '{}',
  language text,
  readme text,
  icon text,
  preview text,
  is_public boolean not null default false,
  created_by uuid references public.profiles (id) on delete set null,
  usage_count integer not null default 0 check (usage_count >= 0),
  template_data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.resource_templates is 'A prepared start for a new resource';

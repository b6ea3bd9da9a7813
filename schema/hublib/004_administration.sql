-- What is suggested, voted on, configured, counted and imported.

create table public.category_tag_suggestions (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text,
  type public.suggestion_type not null,
  status public.suggestion_status not null default 'pending',
  action text not null default 'add' check (action = 'add'),
  votes_count integer not null default 0,
  base_score integer not null default 0,
  suggested_by uuid references public.profiles (id) on delete set null,
  reviewed_by uuid references public.profiles (id) on delete set null,
  reviewed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (name, type)
);
comment on column public.category_tag_suggestions.votes_count is 'Net score: base_score plus upvotes minus downvotes';
comment on column public.category_tag_suggestions.base_score is 'Score it was born with, so that seeded scores survive the first vote';

create table public.suggestion_votes (
  id uuid primary key default gen_random_uuid(),
  suggestion_id uuid not null references public.category_tag_suggestions (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  vote_type public.vote_type not null default 'upvote',
  created_at timestamptz not null default now(),
  unique (suggestion_id, user_id)
);

create table public.user_roles (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null unique references public.profiles (id) on delete cascade,
  role public.app_role not null default 'user',
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column public.user_roles.expires_at is 'From then on the role counts as user';

create table public.admin_config (
  id text primary key default gen_random_uuid()::text,
  key text not null unique,
  value text not null,
  description text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column public.admin_config.value is 'Text, also for numbers and booleans: the application compares texts';

create table public.category_hierarchy (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  parent_id uuid references public.category_hierarchy (id) on delete cascade,
  description text,
  "order" integer not null default 0,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table public.category_filters (
  id uuid primary key default gen_random_uuid(),
  category_id uuid not null references public.category_hierarchy (id) on delete cascade,
  filter_key text not null,
  filter_label text not null,
  filter_type text not null check (filter_type in ('text', 'select', 'multiselect', 'range', 'date')),
  filter_options text[],
  is_required boolean not null default false,
  "order" integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table public.analytics_events (
  id uuid primary key default gen_random_uuid(),
  event text not null,
  user_id uuid references public.profiles (id) on delete set null,
  resource_id uuid references public.resources (id) on delete set null,
  metadata jsonb,
  created_at timestamptz not null default now()
);

create table public.api_tokens (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  token_hash text not null unique,
  name text not null,
  last_used_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null default now()
);
comment on column public.api_tokens.token_hash is 'A digest; the token itself is shown once and never stored';

create table hublib.import_id_map (
  table_name text not null,
  old_id text not null,
  new_id uuid not null,
  batch text not null,
  primary key (table_name, old_id)
);
comment on table hublib.import_id_map is 'Which row an imported id became';

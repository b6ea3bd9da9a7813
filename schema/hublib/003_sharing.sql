-- Groups, shares, collections, and the notes that tell people about them.

create table public.groups (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text,
  owner_id uuid not null references public.profiles (id) on delete cascade,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table public.group_members (
  id uuid primary key default gen_random_uuid(),
  group_id uuid not null references public.groups (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  role public.group_role not null default 'member',
  added_at timestamptz not null default now(),
  unique (group_id, user_id)
);
comment on table public.group_members is 'The owner belongs to a group without a row here';

create table public.resource_shares (
  id uuid primary key default gen_random_uuid(),
  resource_id uuid not null references public.resources (id) on delete cascade,
  shared_with_user_id uuid references public.profiles (id) on delete cascade,
  shared_with_group_id uuid references public.groups (id) on delete cascade,
  permission public.permission_type not null default 'read',
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  constraint resource_shares_one_recipient check (num_nonnulls(shared_with_user_id, shared_with_group_id) = 1)
);
comment on table public.resource_shares is 'Opens a resource that is not public to one user or one group';
create unique index resource_shares_user_key on public.resource_shares (resource_id, shared_with_user_id)
  where shared_with_user_id is not null;
create unique index resource_shares_group_key on public.resource_shares (resource_id, shared_with_group_id)
  where shared_with_group_id is not null;

create table public.collections (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text,
  user_id uuid not null references public.profiles (id) on delete cascade,
  is_public boolean not null default false,
  cover_image_url text,
  resources_count integer not null default 0 check (resources_count >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table public.collection_resources (
  id uuid primary key default gen_random_uuid(),
  collection_id uuid not null references public.collections (id) on delete cascade,
  resource_id uuid not null references public.resources (id) on delete cascade,
  added_at timestamptz not null default now(),
  "order" integer not null default 0,
  unique (collection_id, resource_id)
);

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  type text not null,
  title text not null,
  message text not null,
  resource_id uuid references public.resources (id) on delete cascade,
  group_id uuid references public.groups (id) on delete cascade,
  is_read boolean not null default false,
  created_at timestamptz not null default now()
);
comment on column public.notifications.type is
  'resource_shared, new_comment, group_invitation, suggestion_approved or suggestion_rejected';

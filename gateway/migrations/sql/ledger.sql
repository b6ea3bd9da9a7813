-- What has been applied. Made by the runner itself, before the first file of any set.
create schema if not exists passerelle;
create table if not exists passerelle.migrations (
  set text not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp(),
  duration interval not null,
  primary key (set, name)
);
comment on table passerelle.migrations is 'Numbered SQL files applied by the gateway';

-- What policy files were applied, when and by whom. Rows are only added: the newest one is in force. What files made is
-- named in `objects`, so that the next plan can tell it from what was made by hand.

create table passerelle.policy_applies (
  number bigint generated always as identity primary key,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null default session_user,
  person text not null,
  digest text not null,
  plan text not null,
  files text[] not null,
  objects text[] not null,
  changes text[] not null,
  statements text[] not null,
  rules jsonb not null
);
comment on table passerelle.policy_applies is 'Every apply of policy files, in order';
comment on column passerelle.policy_applies.applied_by is 'The database role';
comment on column passerelle.policy_applies.person is 'Who used it, as far as the command knew';
comment on column passerelle.policy_applies.digest is 'SHA-256 of the files, hexadecimal';
comment on column passerelle.policy_applies.plan is 'The plan''s digest, over files, state before and statements';
comment on column passerelle.policy_applies.objects is 'Identities of the policies and grants that the files made';
comment on column passerelle.policy_applies.rules is 'What PostgreSQL does not enforce: cache, limits, realtime';
alter table passerelle.policy_applies enable row level security;
revoke all on passerelle.policy_applies from public, anon, authenticated, service_role;

create function passerelle.keep_policy_applies_v1() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'what was applied stays on record' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger keep_v1 before update or delete or truncate on passerelle.policy_applies
  for each statement execute function passerelle.keep_policy_applies_v1();

-- The gateway's login role reads the rules in force, and nothing else of the above.
create view passerelle.policy_rules_v1 as
select number, applied_at, rules from passerelle.policy_applies order by number desc limit 1;
comment on view passerelle.policy_rules_v1 is 'What the policy files in force say about cache, limits and realtime';
revoke all on passerelle.policy_rules_v1 from public, anon, authenticated, service_role;
grant usage on schema passerelle to authenticator;
grant select on passerelle.policy_rules_v1 to authenticator;

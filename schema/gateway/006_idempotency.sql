-- Answers of batches that were sent with an Idempotency-Key, so that a repeated request is answered and not repeated.
-- A row is written in the transaction of the batch itself: it exists exactly if the batch was committed.
--
-- API roles reach rows only through the two functions, which find out by themselves who is asking.

create table passerelle.idempotency_keys (
  caller bytea not null,
  key text not null check (char_length(key) between 1 and 255),
  request text not null,
  status integer,
  answer text,
  created_at timestamptz not null default now(),
  primary key (caller, key),
  constraint answered_or_not check ((status is null) = (answer is null))
);
comment on table passerelle.idempotency_keys is 'Batches that were committed under an Idempotency-Key, kept for a day';
comment on column passerelle.idempotency_keys.caller is 'SHA-256 of role and subject, or of role and claims';
comment on column passerelle.idempotency_keys.request is 'SHA-256 of the request body, hexadecimal';
create index idempotency_keys_created_at_idx on passerelle.idempotency_keys (created_at);
alter table passerelle.idempotency_keys enable row level security;
revoke all on passerelle.idempotency_keys from public, anon, authenticated, service_role;

-- Tokens are renewed: what a renewal changes is no part of who somebody is.
create function passerelle.idempotency_caller_v1() returns bytea
language sql stable set search_path = '' as $$
  select sha256(convert_to(jsonb_build_array(
    coalesce(nullif(current_setting('role'), 'none'), session_user::text),
    case
      when claims ->> 'sub' <> '' then jsonb_build_object('sub', claims ->> 'sub')
      else claims - array['exp', 'iat', 'nbf', 'jti']
    end
  )::text, 'UTF8'))
  from cast(coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}') as jsonb) as claims
$$;
comment on function passerelle.idempotency_caller_v1() is 'Who is asking, as a digest';

create function passerelle.idempotency_begin_v1(given_key text, given_request text)
returns table (state text, status integer, answer text)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  asking bytea := passerelle.idempotency_caller_v1();
begin
  -- Waits for another transaction that is using the key just now.
  insert into passerelle.idempotency_keys as kept (caller, key, request)
  values (asking, given_key, given_request)
  on conflict (caller, key) do update
    set request = excluded.request, status = null, answer = null, created_at = excluded.created_at
    where kept.created_at < now() - interval '24 hours';
  if found then
    return query select 'new', null::integer, null::text;
    return;
  end if;
  return query
    select
      case when kept.request = given_request then 'answered' else 'other' end,
      case when kept.request = given_request then kept.status end,
      case when kept.request = given_request then kept.answer end
    from passerelle.idempotency_keys as kept
    where kept.caller = asking and kept.key = given_key;
end
$$;
comment on function passerelle.idempotency_begin_v1(text, text) is
  'Claims a key for the caller: "new", "answered" (with the answer), or "other" (it stands for another request)';

-- Only the transaction that claimed a key can see it without an answer, so nobody can change one that was given.
create function passerelle.idempotency_finish_v1(given_key text, given_status integer, given_answer text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update passerelle.idempotency_keys as kept set status = given_status, answer = given_answer
  where kept.caller = passerelle.idempotency_caller_v1() and kept.key = given_key and kept.status is null;
  if not found then
    raise exception 'the idempotency key was not claimed by this transaction' using errcode = 'invalid_parameter_value';
  end if;
  -- Under the stricter levels a row that somebody else has just deleted would be an error.
  if current_setting('transaction_isolation') = 'read committed' then
    delete from passerelle.idempotency_keys where (caller, key) in (
      select old.caller, old.key from passerelle.idempotency_keys as old
      where old.created_at < now() - interval '24 hours'
      order by old.created_at limit 10 for update skip locked
    );
  end if;
end
$$;
comment on function passerelle.idempotency_finish_v1(text, integer, text) is
  'Keeps the answer of the batch that claimed the key, and forgets a few that are older than a day';

revoke all on function
  passerelle.idempotency_caller_v1(),
  passerelle.idempotency_begin_v1(text, text),
  passerelle.idempotency_finish_v1(text, integer, text)
from public;
grant usage on schema passerelle to anon, authenticated, service_role;
grant execute on function
  passerelle.idempotency_begin_v1(text, text),
  passerelle.idempotency_finish_v1(text, integer, text)
to anon, authenticated, service_role;

-- Who is asking, for policies and functions. The gateway knows these bodies by heart and lets reads through them on
-- its fast path, so a new body is a new version of the gateway as well. Functions that exist already are kept.
--
-- Claims come from request.jwt.claims, or from the request.jwt.claim.* settings of old PostgREST versions, which win
-- where they are set. An empty text counts as unset.

do $outer$
begin
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable parallel safe as $$
      select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')
      )::uuid
    $$;
    comment on function auth.uid() is 'The id of the signed-in user, or null';
  end if;

  if to_regprocedure('auth.role()') is null then
    create function auth.role() returns text language sql stable parallel safe as $$
      select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role', '')
      )::text
    $$;
    comment on function auth.role() is 'The role of the request';
  end if;

  if to_regprocedure('auth.email()') is null then
    create function auth.email() returns text language sql stable parallel safe as $$
      select coalesce(
        nullif(current_setting('request.jwt.claim.email', true), ''),
        nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email', '')
      )::text
    $$;
    comment on function auth.email() is 'The signed-in user''s address, or null';
  end if;

  if to_regprocedure('auth.jwt()') is null then
    create function auth.jwt() returns jsonb language sql stable parallel safe as $$
      select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
      )::jsonb
    $$;
    comment on function auth.jwt() is 'All claims of the request';
  end if;
end
$outer$;

-- A new user gets a profile and the role user, in the transaction that creates them. This must never fail: a taken
-- name gets a suffix, and after a few tries one that nobody else can have.

create function hublib.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  wanted constant text := coalesce(nullif(left(btrim(split_part(new.email, '@', 1)), 200), ''), 'utilisateur');
  full_name constant text := coalesce(
    nullif(btrim(coalesce(new.raw_user_meta_data ->> 'full_name', new.raw_user_meta_data ->> 'name')), ''), wanted
  );
  candidate text;
begin
  foreach candidate in array array[wanted] || array(
    select wanted || '-' || attempt from generate_series(2, 9) as attempt
  ) || array[wanted || '-' || left(new.id::text, 8), new.id::text] loop
    begin
      insert into public.profiles (id, username, full_name, avatar_url)
      values (new.id, candidate, full_name, new.raw_user_meta_data ->> 'avatar_url')
      on conflict (id) do nothing;
      exit;
    exception when unique_violation then
      continue;
    end;
  end loop;
  insert into public.user_roles (user_id, role) values (new.id, 'user') on conflict (user_id) do nothing;
  return null;
end
$$;

create trigger on_auth_user_created_hublib after insert on auth.users
  for each row execute function hublib.handle_new_user();

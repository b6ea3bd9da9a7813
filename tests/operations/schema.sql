-- Something to ask for, something slow, something to fail. Roles belong to the cluster, so they may be there.
do $$ begin
  create role operations_anon nologin;
  create role operations_login login noinherit;
  grant operations_anon to operations_login;
exception when duplicate_object then null;
end $$;

create table notes (id integer primary key, body text);
insert into notes values (1, 'one'), (2, 'two');
grant select on notes to operations_anon;

create function slow(seconds float8) returns text language sql volatile as $$ select 'slept' from pg_sleep(seconds) $$;
create function opaque() returns integer language plpgsql stable as $$ begin return 1; end $$;

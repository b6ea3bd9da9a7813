-- Has all changes recorded, where applying policy files does not see to it.
do $$
declare
  wanted regclass;
  event text;
begin
  if to_regprocedure('passerelle.touch_v1()') is null
      or exists (select from pg_trigger where tgfoid = 'passerelle.touch_v1'::regproc) then
    return;
  end if;
  foreach wanted in array array['folders', 'notes', 'shares', 'folder_stats']::regclass[] loop
    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      execute format(
        'create trigger %I after %s on %s for each statement execute function passerelle.touch_v1()',
        'zz_touch_' || event, event, wanted
      );
      execute format('alter table %s enable always trigger %I', wanted, 'zz_touch_' || event);
    end loop;
  end loop;
end
$$;

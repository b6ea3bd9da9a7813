-- What the role $1 may do with the relation $2, in PostgreSQL's own judgement. `acts_as` are the roles whose privileges
-- it has, itself and memberships that are inherited; the same relation decides which policies are meant for it. `numbers`
-- are the columns of $4 whose sequences, of $3, it may take the next number from.
select
    r.rolsuper as superuser,
    r.rolbypassrls as bypasses_row_security,
    pg_has_role(r.oid, c.relowner, 'usage') as owns,
    has_schema_privilege(r.oid, c.relnamespace, 'usage') as enters_schema,
    array(select g.rolname::text from pg_roles g where pg_has_role(r.oid, g.oid, 'usage')) as acts_as,
    array(
        select p from unnest(array['select', 'insert', 'update', 'delete']) p where has_table_privilege(r.oid, c.oid, p)
    ) as on_table,
    array(
        select array[p, a.attname::text]
        from unnest(array['select', 'insert', 'update']) p, pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            and has_column_privilege(r.oid, c.oid, a.attnum, p)
        order by a.attnum
    ) as on_columns,
    array(
        select s.for_column
        from unnest($3::text[], $4::text[]) s (sequence, for_column)
        where has_sequence_privilege(r.oid, s.sequence, 'usage, update')
    ) as numbers,
    -- Those for the cache change nothing and refuse nothing.
    exists (
        select from pg_trigger t
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgname not like 'passerelle\_touch\_%'
    ) as triggers
from pg_roles r, pg_class c
where r.rolname = $1 and c.oid = $2

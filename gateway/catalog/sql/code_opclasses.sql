-- Operator classes with user-defined members, the type they are for, and the relations whose indexes or partition
-- keys use them.
select
    o.oid,
    o.opcname as name,
    o.opcintype as type,
    array(select p.amproc::oid from pg_amproc p where p.amprocfamily = o.opcfamily and p.amproc >= 16384) as functions,
    array(select a.amopopr from pg_amop a where a.amopfamily = o.opcfamily and a.amopopr >= 16384) as operators,
    array(
        select i.indrelid from pg_index i where o.oid = any (i.indclass)
        union
        select k.partrelid from pg_partitioned_table k where o.oid = any (k.partclass)
    ) as relations,
    o.opcdefault and m.amname in ('btree', 'hash') as implicit
from pg_opclass o
join pg_am m on m.oid = o.opcmethod
where exists (select from pg_amproc p where p.amprocfamily = o.opcfamily and p.amproc >= 16384)
    or exists (select from pg_amop a where a.amopfamily = o.opcfamily and a.amopopr >= 16384)

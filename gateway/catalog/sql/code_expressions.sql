-- Expressions that reading a relation may run, or that planning may evaluate ahead: policies for SELECT, index
-- expressions and predicates, extended statistics, partition keys, virtual generated columns, and the check
-- constraints by which partitions and children are excluded.
select p.polrelid as relation, format('policy %I', p.polname) as label, p.polqual::text as tree
from pg_policy p
join pg_class c on c.oid = p.polrelid
where c.relrowsecurity and p.polcmd in ('r', '*') and p.polqual is not null
union all
select i.indrelid, format('index %I', c.relname), concat(i.indexprs::text, ' ', i.indpred::text)
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid >= 16384 and (i.indexprs is not null or i.indpred is not null)
union all
select s.stxrelid, format('statistics %I', s.stxname), s.stxexprs::text
from pg_statistic_ext s
where s.stxexprs is not null
union all
select k.partrelid, 'the partition key', k.partexprs::text
from pg_partitioned_table k
where k.partexprs is not null
union all
select d.adrelid, format('generated column %I', a.attname), d.adbin::text
from pg_attrdef d
join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
where a.attgenerated = 'v'
union all
select k.conrelid, format('constraint %I', k.conname), k.conbin::text
from pg_constraint k
where k.contype = 'c'
    and k.conrelid >= 16384
    and (
        current_setting('constraint_exclusion') = 'on'
        or exists (select from pg_inherits i where k.conrelid in (i.inhrelid, i.inhparent))
    )

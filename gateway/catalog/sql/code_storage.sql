-- What else stands behind a relation: children that are read with it, and user-defined access methods (by handler).
select i.inhparent as relation, i.inhrelid as child, 0::oid as handler
from pg_inherits i
join pg_class c on c.oid = i.inhparent and c.relkind in ('r', 'p', 'f')
where i.inhparent >= 16384
union all
select c.oid, 0, m.amhandler
from pg_class c
join pg_am m on m.oid = c.relam
where c.relkind in ('r', 'm', 'p') and m.oid >= 16384
union all
select i.indrelid, 0, m.amhandler
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_am m on m.oid = c.relam
where m.oid >= 16384

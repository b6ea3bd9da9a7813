-- User-defined operators: the functions and types behind them.
select
    o.oid,
    n.nspname as schema,
    o.oprname as name,
    array(select f from unnest(array[o.oprcode, o.oprrest, o.oprjoin]::oid[]) f where f <> 0) as functions,
    array(select t from unnest(array[o.oprleft, o.oprright, o.oprresult]) t where t >= 16384) as types,
    -- The planner may put these in the operator's place.
    array(select p from unnest(array[o.oprcom, o.oprnegate]::oid[]) p where p >= 16384) as partners,
    array(select t from unnest(array[o.oprleft, o.oprright]) t where t <> 0) as operands
from pg_operator o
join pg_namespace n on n.oid = o.oprnamespace
where o.oid >= 16384

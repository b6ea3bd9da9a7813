-- Labels of every enumeration, in their order.
select e.enumtypid as type, array_agg(e.enumlabel order by e.enumsortorder) as labels
from pg_enum e
group by e.enumtypid

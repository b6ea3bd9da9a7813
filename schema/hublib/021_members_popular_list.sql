-- A condition of a request may use an index only after the policy's, unless its operator is leakproof, which that of an
-- enum is not: for members the index on visibility and views is of no use. Their popular list is read in this order
-- until enough rows have passed.
create index resources_views_idx on public.resources (views_count desc);

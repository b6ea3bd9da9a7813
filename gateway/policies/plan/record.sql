with recorded as (
  insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
)
select pg_notify('pgrst', 'reload schema')

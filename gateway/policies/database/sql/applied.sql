-- The newest entry of the audit table.
select a.number, a.applied_at, a.applied_by, a.digest, a.objects
from passerelle.policy_applies a
order by a.number desc
limit 1

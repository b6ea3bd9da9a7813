select number, applied_at, applied_by, person, digest, plan, files, changes
from passerelle.policy_applies
order by number desc
limit $1

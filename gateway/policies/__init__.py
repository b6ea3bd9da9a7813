"""Who may do what with which rows: YAML files an admin edits -> checked -> planned -> applied to PostgreSQL.

`read_set` reads a folder, `make_plan` holds it against a database, `apply_set` makes the database enforce it.
"""

from gateway.policies.files import read_set
from gateway.policies.model import Persona, PolicySet, QualifiedName
from gateway.policies.plan import Application, ApplyError, Plan, by_subject, make_plan, sentences, summary
from gateway.policies.plan import apply as apply_set
from gateway.policies.plan.ddl import statements
from gateway.policies.problems import Place, PolicyError, Problem, Severity

__all__ = [
    "Application",
    "ApplyError",
    "Persona",
    "Place",
    "Plan",
    "PolicyError",
    "PolicySet",
    "Problem",
    "QualifiedName",
    "Severity",
    "apply_set",
    "by_subject",
    "make_plan",
    "read_set",
    "sentences",
    "statements",
    "summary",
]

"""`/batch/v1`: several requests to `/rest/v1` in one transaction (docs/batch.md).

request, references (what is asked) -> steps (prepared, compiled) -> job (run) -> answer.
"""

from gateway.rest.batch.errors import BatchErrors
from gateway.rest.batch.handler import BatchSurface
from gateway.rest.batch.job import BatchRules

__all__ = ["BatchErrors", "BatchRules", "BatchSurface"]

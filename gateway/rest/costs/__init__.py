"""Ceilings on what a read may cost, in units of PostgreSQL's planner, by role (docs/reads.md)."""

from gateway.rest.costs.costing import Costing, costing
from gateway.rest.costs.guard import CostGuard

__all__ = ["CostGuard", "Costing", "costing"]

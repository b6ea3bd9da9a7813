"""What may run on a session that other callers will use: a verdict on every relation, function and operator.

A user-defined function can change its session behind the gateway's back: role, claims, `search_path`, custom settings
that nothing lists, read-only mode, temporary tables, locks. So only what reaches built-in or analysed code, and nothing
else, takes the fast path; what is not understood is opaque.
"""

from gateway.catalog.code import Code
from gateway.catalog.trust.analysis import Trust, analyse
from gateway.catalog.trust.honesty import lying_functions

__all__ = ["Code", "Trust", "analyse", "lying_functions"]

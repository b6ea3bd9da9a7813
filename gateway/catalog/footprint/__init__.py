"""What an answer depends on: tables, claims, the clock. It decides who may share a cached one, and for how long.

Whatever is not understood is opaque, and an opaque answer is nobody else's. Reads are followed from object to object,
as in `catalog.trust`, with the role that row security asks for at every step.
"""

from gateway.catalog.footprint.key import CacheKey, Sharing, key
from gateway.catalog.footprint.model import ALL, AllClaims, Annotation, Claims, Footprint, joined
from gateway.catalog.footprint.rules import PolicyCode, RoleCode, Rules
from gateway.catalog.footprint.walk import Footprints

__all__ = [
    "ALL",
    "AllClaims",
    "Annotation",
    "CacheKey",
    "Claims",
    "Footprint",
    "Footprints",
    "PolicyCode",
    "RoleCode",
    "Rules",
    "Sharing",
    "joined",
    "key",
]

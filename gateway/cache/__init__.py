"""A read cache that never serves what a write has overtaken, nor one caller's rows to another.

What may be kept, and for whom, is not decided here: a `Question` says on which facts its answer depends.
"""

from gateway.cache.cache import Cache, Codec
from gateway.cache.coherence import EVERYTHING, Coherence, table_fact
from gateway.cache.definitions import Definitions
from gateway.cache.memory import Memory
from gateway.cache.question import Question
from gateway.cache.report import CacheReport, Off, Reason, ShapeReport, document
from gateway.cache.status import Served, Source, header
from gateway.cache.worth import Shape

__all__ = [
    "EVERYTHING",
    "Cache",
    "CacheReport",
    "Codec",
    "Coherence",
    "Definitions",
    "Memory",
    "Off",
    "Question",
    "Reason",
    "Served",
    "Shape",
    "ShapeReport",
    "Source",
    "document",
    "header",
    "table_fact",
]

"""What a function does that has no body to read. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.catalog.code import FIRST_USER_OID, FunctionCode
from gateway.catalog.footprint import postgresql
from gateway.catalog.footprint.reading import Reading
from gateway.catalog.nodetree import CURRENT_SETTING_OIDS
from gateway.catalog.trust import known

SQL = "sql"
_COMPILED = frozenset({"c", "internal"})


def is_compiled(function: FunctionCode) -> bool:
    """Whether nobody can read it."""
    return function.language in _COMPILED


def compiled(oid: int, function: FunctionCode | None, stable: Mapping[int, str]) -> Reading:
    """Of a function that is not written in SQL. PostgreSQL's own ones that are not listed anywhere are IMMUTABLE."""
    reading = Reading()
    if function is not None and function.kind == "a":
        return reading
    if function is not None and not is_compiled(function):
        reading.fail(f"is written in {function.language}")
    elif oid < FIRST_USER_OID:
        _built_in(reading, oid, function, stable.get(oid))
    elif function is None:
        reading.fail("is not known")
    elif function.language != "internal" or function.body not in known.CONSTRUCTORS:
        _of_extension(reading, function)
    return reading


def _built_in(reading: Reading, oid: int, function: FunctionCode | None, stable: str | None) -> None:
    if oid in CURRENT_SETTING_OIDS:
        reading.fail("may read any setting")
    elif function is not None and function.name in known.DENIED:
        reading.fail("runs what it is given as a value, or changes its session")
    elif function is not None and function.volatility == "v" and not function.internal:
        reading.volatile = "is volatile"
    elif stable in postgresql.CLOCK:
        reading.clock = True
    elif stable in postgresql.SEARCH_PATH:
        reading.settings.add("search_path")
    elif stable is not None and stable not in postgresql.HARMLESS_STABLE:
        reading.fail("depends on more than its arguments")


def _of_extension(reading: Reading, function: FunctionCode) -> None:
    if function.extension not in known.EXTENSIONS:
        reading.fail("is compiled code of unknown origin")
    elif function.name in known.DENIED_EXTENSION_FUNCTIONS:
        reading.fail("changes its session")
    elif function.volatility == "v" and not function.internal:
        reading.volatile = "is volatile"
    elif function.name in postgresql.CLOCK_OF_EXTENSIONS:
        reading.clock = True
    elif (
        function.volatility == "s" and not function.internal and function.name not in postgresql.HARMLESS_OF_EXTENSIONS
    ):
        reading.fail("depends on more than its arguments")

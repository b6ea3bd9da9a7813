"""Function calls as SQL: the rows that a read is then made over."""

from __future__ import annotations

from gateway.rest.plan.model import Call, CallArgument
from gateway.rest.sql.arguments import Arguments
from gateway.rest.sql.names import qualified, quote_identifier

SCALAR = "pgrst_scalar"
"""The column that holds the value of a function that returns no row; PostgREST's name, for CSV shows it."""

_RECORD = "passerelle_arguments"


def call_rows(call: Call, arguments: Arguments, *, scalar: bool) -> str:
    """A SELECT of the result of `call`; `scalar` results are one column."""
    given = ", ".join(_argument(argument, arguments) for argument in call.arguments)
    invoked = f"{qualified(call.function.name)}({given})"
    record = _record(call, arguments)
    if scalar:
        return f"SELECT {invoked} AS {SCALAR}{f' FROM {record}' if record else ''}"
    # computed fields are found by the row's type, which the rows lose when they leave here
    items = ["passerelle_result.*", *(f"passerelle_result.{quote_identifier(name)}" for name in call.computed)]
    source = f"{record}, LATERAL {invoked}" if record else invoked
    return f"SELECT {', '.join(items)} FROM {source} AS passerelle_result"


def _argument(argument: CallArgument, arguments: Arguments) -> str:
    if not argument.name:
        return f"{arguments.slot(argument.slots[0])}::{argument.type}"
    name = quote_identifier(argument.name)
    if not argument.slots:
        return f"{'VARIADIC ' if argument.variadic else ''}{name} := {_RECORD}.{name}"
    if argument.variadic:
        elements = ", ".join(arguments.slot(slot) for slot in argument.slots)
        return f"VARIADIC {name} := ARRAY[{elements}]::{argument.type}"
    return f"{name} := {arguments.slot(argument.slots[0])}::{argument.type}"


def _record(call: Call, arguments: Arguments) -> str:
    """The arguments of a JSON body as one typed row; empty if there is no body."""
    if call.body is None:
        return ""
    declared = ", ".join(f"{quote_identifier(argument.name)} {argument.type}" for argument in call.arguments)
    function = "json_to_record" if call.is_object else "json_to_recordset"
    data = f"{arguments.slot(call.body)}::json"
    return f"(SELECT * FROM pg_catalog.{function}({data}) AS r({declared}) LIMIT 1) AS {_RECORD}"

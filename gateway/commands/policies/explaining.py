"""`passerelle policies explain`: why somebody can or cannot see, insert, update or delete a row; what a REST read
comes to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import typer

from gateway.commands.console import EXIT_FAILURE, EXIT_SETTINGS, fail, warn
from gateway.commands.policies.opening import Opened, connected, refuse

if TYPE_CHECKING:
    from gateway.commands.policies.rest_reads import RestRead
    from gateway.policies import Persona, PolicySet, QualifiedName
    from gateway.policies.database import State
    from gateway.policies.explain import Calling, Explanation, Manner, Question, Reading
    from gateway.policies.plan import Connection

_MARKS: Final = {"✓": typer.colors.GREEN, "✗": typer.colors.RED, "?": typer.colors.YELLOW, "·": typer.colors.BLUE}
_PREFIX: Final = "/rest/v1"


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: a persona of the files by name, or a role with claims. `claims` is a JSON object; `sub` one of them."""

    persona: str | None = None
    role: str | None = None
    sub: str | None = None
    claims: str | None = None


@dataclass(frozen=True, slots=True)
class What:
    """Rows of `table` by `key` (texts `column=value`) and `where` (SQL), up to `rows` of them; `values` is a JSON
    object to insert or set."""

    table: str
    verb: str = "select"
    key: Sequence[str] = ()
    where: str | None = None
    values: str | None = None
    rows: int = 1
    attempt: bool = True


def run_explain(opened: Opened, who: Who, what: What, *, files: bool, as_json: bool) -> None:
    """Explain each row. `files`: as if the files were applied. Exit code 1 if PostgreSQL contradicts an explanation."""
    from gateway.policies.explain import document, lines

    policy_set = _read(opened, needed=files)
    explanations = _run(opened, _explain(opened, policy_set, who, what, files=files))
    if as_json:
        _print_json([document(explanation) for explanation in explanations])
    else:
        for index, explanation in enumerate(explanations):
            _show([*([""] if index else []), *lines(explanation)])
    if any(explanation.agrees is False for explanation in explanations):
        raise typer.Exit(EXIT_FAILURE)


def run_explain_query(opened: Opened, who: Who, query: str, *, files: bool, as_json: bool) -> None:
    """Explain a REST read: each relation that it touches, and its statement."""
    from gateway.policies.explain.read_words import reading_document

    policy_set = _read(opened, needed=files)
    found = _run(opened, _explain_query(opened, policy_set, who, query, files=files))
    if as_json:
        read = found.read
        _print_json({
            "relations": [reading_document(reading) for reading in found.readings],
            "functions": [
                {"signature": call.signature, "granted": call.held, "runs_as": call.runs_as} for call in found.callings
            ],
            "sql": read.sql,
            "arguments": list(read.arguments),
            "needs_transaction": read.opaque,
        })  # fmt: skip
    else:
        _show(_query_lines(found))


async def _explain(
    opened: Opened, policy_set: PolicySet | None, who: Who, what: What, *, files: bool
) -> tuple[Explanation, ...]:
    from gateway.policies.database import read_state
    from gateway.policies.explain import explain, explain_as_applied

    manner = _manner(opened, policy_set, what.rows)
    async with connected(opened.owner) as connection:
        state = await read_state(connection)
        question = _question(_persona(who, policy_set, state), what)
        if files and policy_set is not None:
            return await explain_as_applied(connection, question, policy_set, manner)
        return await explain(connection, question, state, manner)


@dataclass(frozen=True, slots=True)
class _Found:
    persona: Persona
    read: RestRead
    readings: tuple[Reading, ...]
    callings: tuple[Calling, ...]


async def _explain_query(opened: Opened, policy_set: PolicySet | None, who: Who, query: str, *, files: bool) -> _Found:
    from gateway.catalog import load_catalog
    from gateway.commands.policies.rest_reads import rest_read
    from gateway.errors import GatewayError
    from gateway.policies.database import read_state
    from gateway.policies.explain import as_applied
    from gateway.rules import rest_rules

    settings = opened.settings
    manner = _manner(opened, policy_set, 1)
    async with connected(opened.owner) as connection:
        catalog = await load_catalog(
            connection,
            schemas=settings.schemas,
            extra_search_path=settings.extra_search_path,
            hoisted=settings.hoisted_tx_settings,
            version=1,
        )
        try:
            read = rest_read(query, catalog, rest_rules(settings), _PREFIX)
        except GatewayError as error:
            hint = f" ({error.hint})" if error.hint else ""
            fail(f"the gateway refuses this request: {error.status} {error.code}: {error.message}{hint}")
        state = await read_state(connection)
        persona = _persona(who, policy_set, state)
        if files and policy_set is not None:
            async with as_applied(connection, policy_set, manner) as applied:
                return await _read_query(connection, read, persona, applied, manner)
        return await _read_query(connection, read, persona, state, manner)


async def _read_query(connection: Connection, read: RestRead, persona: Persona, state: State, manner: Manner) -> _Found:
    from gateway.policies.explain import explain_calls, explain_reads

    readings = await explain_reads(connection, read.touched, persona, state, manner)
    return _Found(persona, read, readings, await explain_calls(connection, read.calls, persona, state))


# -- what was asked ---------------------------------------------------------------------------------------------------


def _read(opened: Opened, *, needed: bool) -> PolicySet | None:
    """The files; without usable ones their personas and places are missing, and nothing else."""
    from gateway.policies import PolicyError, read_set

    try:
        return read_set(opened.folder)
    except PolicyError as error:
        if needed:
            refuse(error, opened.folder)
        warn(f"the files of {opened.folder} cannot be used ({error.problems[0]}): their personas are not known")
        return None


def _manner(opened: Opened, policy_set: PolicySet | None, rows: int) -> Manner:
    from gateway.policies.explain import Manner, places

    if policy_set is not None:
        return Manner(policy_set.defaults.search_path, places(policy_set), rows)
    return Manner((opened.settings.schemas[0], *opened.settings.extra_search_path), None, rows)


def _persona(who: Who, policy_set: PolicySet | None, state: State) -> Persona:
    from gateway.policies import Persona

    claims = _object(who.claims, "--claims")
    if who.sub is not None:
        claims["sub"] = who.sub
    known = dict(policy_set.personas) if policy_set is not None else dict[str, Persona]()
    names = ", ".join(known) or "the files name none"
    if who.persona in known:
        persona = known[who.persona]
        return Persona(persona.name, who.role or persona.role, {**persona.claims, **claims})
    role = who.role or who.persona
    if role is None:
        fail(f"say who asks: --as PERSONA, or --role ROLE [--sub ID]; personas: {names}", code=EXIT_SETTINGS)
    if role not in state.roles:
        fail(f"there is no persona and no role {role!r}; personas: {names}", code=EXIT_SETTINGS)
    return Persona(who.persona or who.sub or role, role, claims)


def _question(persona: Persona, what: What) -> Question:
    from gateway.policies.explain import Question
    from gateway.policies.model import VERBS

    if what.verb not in VERBS:
        fail(f"--verb takes {', '.join(VERBS)}, not {what.verb!r}", code=EXIT_SETTINGS)
    key: dict[str, Any] = {}
    for text in what.key:
        column, sign, value = text.partition("=")
        if not sign:
            fail(f"--key takes column=value, not {text!r}", code=EXIT_SETTINGS)
        key[column] = value
    values = _object(what.values, "--set")
    if what.verb == "insert" and (key or what.where is not None):
        fail("a new row has no --key and no --where: give its values with --set", code=EXIT_SETTINGS)
    if what.verb != "insert" and not key and what.where is None:
        fail("say which row: --key column=value, or --where SQL", code=EXIT_SETTINGS)
    if values and what.verb not in ("insert", "update"):
        fail(f"--set is for insert and update, not for {what.verb}", code=EXIT_SETTINGS)
    return Question(persona, what.verb, _table(what.table), key, what.where, values, what.attempt)


def _table(text: str) -> QualifiedName:
    from gateway.policies.files.values.names import NotAName, qualified_name

    try:
        return qualified_name(text)
    except NotAName as reason:
        fail(f"{text!r} is no table's name: {reason}", code=EXIT_SETTINGS)


def _object(text: str | None, option: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError as error:
        fail(f"{option} is no JSON: {error}", code=EXIT_SETTINGS)
    if not isinstance(found, dict):
        fail(f'{option} takes a JSON object, such as \'{{"title": "x"}}\'', code=EXIT_SETTINGS)
    return cast("dict[str, Any]", found)


# -- showing ----------------------------------------------------------------------------------------------------------


def _query_lines(found: _Found) -> Iterable[str]:
    from gateway.policies.explain.read_words import calling_lines, reading_lines

    yield f"as {found.persona.name}, role {found.persona.role}"
    yield from calling_lines(found.callings)
    for reading in found.readings:
        yield from reading_lines(reading)
    read = found.read
    yield "SQL, " + ("on the fast path" if read.opaque is None else f"in a transaction: {read.opaque}")
    yield f"  {read.sql}"
    for number, argument in enumerate(read.arguments, 1):
        yield f"  ${number} = {argument!r}"


def _show(lines: Iterable[str]) -> None:
    """Colours reach terminals only."""
    for line in lines:
        text = line.lstrip(" ")
        colour = _MARKS.get(text[:1])
        mark = typer.style(text[:1], fg=colour) if colour else text[:1]
        bold = text == line and not colour
        typer.echo(typer.style(line, bold=True) if bold else f"{line[: len(line) - len(text)]}{mark}{text[1:]}")


def _print_json(found: Any) -> None:
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


def _run(opened: Opened, work: Any) -> Any:
    import asyncpg

    from gateway.policies import ApplyError, PolicyError

    try:
        return asyncio.run(work)
    except PolicyError as error:
        refuse(error, opened.folder)
    except ApplyError as error:
        fail(f"the files cannot be applied: {error}")
    except asyncpg.LockNotAvailableError as error:
        fail(f"another session holds a lock that this needs: {error}")
    except asyncpg.PostgresError as error:
        fail(f"PostgreSQL refuses to help with this: {error}")

"""Policy files over the admin port: list, check, plan, apply. Bodies and answers are JSON values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import orjson

from gateway.errors import GatewayError, Unavailable
from gateway.policies.documents import plan_document, problem_document
from gateway.policies.files import read_set
from gateway.policies.model import PolicySet
from gateway.policies.plan import Application, ApplyError, Connection, Interrupted, Loss, apply, make_plan
from gateway.policies.problems import PolicyError, Problem

Connect = Callable[[], Awaitable[Connection]]


class PolicyFilesRefused(GatewayError):
    """422: the files have errors; `details` lists them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        details = [problem_document(problem) for problem in problems]
        super().__init__(422, "policy_files_refused", "The policy files have errors", details=details)


class PolicyPlanRefused(GatewayError):
    """409: the plan is not what was looked at, takes away what nobody allowed, or failed. Nothing was changed."""

    def __init__(self, reason: ApplyError) -> None:
        super().__init__(409, "policy_plan_refused", str(reason))


class PolicyRequestInvalid(GatewayError):
    """400: the body of an apply is not what it has to be."""

    def __init__(self, reason: str) -> None:
        hint = 'Send {"plan": "<digest of the plan>", "allow": ["revoke"], "person": "name for the audit"}.'
        super().__init__(400, "policy_request_invalid", reason, hint=hint)


class PolicyAdmin:
    """The operations of the admin port on one folder and one database."""

    def __init__(self, folder: Path, connect: Connect) -> None:
        """`connect` opens a connection as the owner; each operation closes its own."""
        self._folder = folder
        self._connect = connect

    def routes(self) -> Mapping[str, Mapping[str, Callable[[bytes], Awaitable[Any]]]]:
        """Path -> method -> what answers; each takes the request body and gives JSON values."""
        return {
            "/policies": {"GET": self.list},
            "/policies/check": {"POST": self.check},
            "/policies/plan": {"POST": self.plan},
            "/policies/apply": {"POST": self.apply},
        }

    async def list(self, _: bytes) -> dict[str, Any]:
        """The files and what they rule."""
        policy_set = await self._read()
        return {
            "folder": str(self._folder),
            "digest": policy_set.digest,
            "files": list(policy_set.files),
            "tables": [str(rules.table) for rules in policy_set.tables],
            "functions": [rules.signature for rules in policy_set.functions],
        }

    async def check(self, _: bytes) -> dict[str, Any]:
        """All problems, those of the database too."""
        from gateway.policies.checking import check  # noqa: PLC0415 - sqlglot is slow to import

        async with self._connected() as connection:
            problems = await check(self._folder, connection)
        return {"problems": [problem_document(problem) for problem in problems]}

    async def plan(self, _: bytes) -> dict[str, Any]:
        """What `apply` would do."""
        policy_set = await self._read()
        async with self._connected() as connection:
            return plan_document(await make_plan(connection, policy_set))

    async def apply(self, body: bytes) -> dict[str, Any]:
        """Apply the plan that the body names. Another plan than that is refused."""
        expected, allow, person = _parsed(body)
        policy_set = await self._read()
        application = Application(policy_set, person, expected=expected, allow=allow)
        async with self._connected() as connection:
            return plan_document(await apply(connection, application))

    async def _read(self) -> PolicySet:
        try:
            return await asyncio.to_thread(read_set, self._folder)
        except PolicyError as error:
            raise PolicyFilesRefused(error.problems) from error

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        """A connection as the owner; what goes wrong with it, or with the files on it, as an error for the client."""
        try:
            connection = await self._connect()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable("policy_database_unreachable", "The owner's database connection failed") from error
        try:
            yield connection
        except PolicyError as error:
            raise PolicyFilesRefused(error.problems) from error
        except (Interrupted, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable("policy_database_failed", str(error)) from error
        except ApplyError as error:
            raise PolicyPlanRefused(error) from error
        finally:
            await connection.close()


def _parsed(body: bytes) -> tuple[str, frozenset[Loss], str]:
    try:
        sent: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PolicyRequestInvalid(f"the body is not JSON: {error}") from error
    if not isinstance(sent, dict):
        raise PolicyRequestInvalid("the body is not a JSON object")
    fields = cast("dict[str, Any]", sent)
    plan, allow, person = fields.pop("plan", None), fields.pop("allow", []), fields.pop("person", "admin port")
    if fields:
        raise PolicyRequestInvalid(f"the body has an unknown key: {min(fields)}")
    if not isinstance(plan, str) or not isinstance(person, str) or not isinstance(allow, list):
        raise PolicyRequestInvalid("`plan` and `person` are texts, `allow` is a list")
    if "\0" in person:
        raise PolicyRequestInvalid("`person` cannot have the character U+0000")
    try:
        return plan, frozenset(Loss(kind) for kind in cast("list[Any]", allow)), person
    except ValueError as error:
        raise PolicyRequestInvalid(f"`allow` takes {', '.join(Loss)}") from error

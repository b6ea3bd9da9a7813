"""Lint about what future tables and functions open by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.database import quote_identifier
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene, words
from gateway.policies.model import PUBLIC
from gateway.policies.problems import Severity


def _defaults(scene: Scene) -> Iterator[Finding]:
    for grant in scene.state.default_grants if scene.state is not None else ():
        is_usual = grant.kind == "functions" and grant.grantee == PUBLIC
        if is_usual or grant.kind == "sequences" or grant.grantee not in (*scene.roles, PUBLIC):
            continue
        if grant.schema is not None and grant.schema not in scene.exposed:
            continue
        privileges = sorted(grant.privileges)
        who = "everybody" if grant.grantee == PUBLIC else grant.grantee
        where = f" in schema {grant.schema}" if grant.schema is not None else ""
        message = f"{grant.kind} that {grant.owner} makes{where} are open to {who} at once: {words(privileges)}"
        yield Finding(
            grant.owner, message, fix=_revoke(grant.owner, grant.schema, privileges, grant.kind, grant.grantee)
        )


def _revoke(owner: str, schema: str | None, privileges: list[str], kind: str, grantee: str) -> str:
    place = f" in schema {quote_identifier(schema)}" if schema is not None else ""
    who = PUBLIC if grantee == PUBLIC else quote_identifier(grantee)
    what = f"revoke {', '.join(privileges)} on {kind} from {who}"
    return f"alter default privileges for role {quote_identifier(owner)}{place} {what};"


DEFAULTS: Final = Lint.of(
    "L014",
    Severity.WARNING,
    "Default privileges open future tables",
    why="""
        A table that is made tomorrow is granted to the roles of requests before anybody has written a policy for it,
        and without row security until somebody says so. Hosted projects come like this. The files take such grants
        away, but only when they are applied the next time.
    """,
    fix="`alter default privileges for role owner in schema public revoke all on tables from anon, authenticated;`",
    find=_defaults,
    needs_database=True,
)

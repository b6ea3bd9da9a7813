"""Lints about what policies believe of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.expressions.keywords import ROLE_WORDS
from gateway.policies.lints.bodies import EDITABLE_CLAIMS
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.reading import Reading
from gateway.policies.lints.scene import Policy, Rule, Scene
from gateway.policies.lints.staging import SERVICE_ROLE
from gateway.policies.problems import Severity

_REQUEST_PARTS: Final = ("request.headers", "request.header.", "request.cookies", "request.cookie.")
_GIVEN: Final = ("request.",)


def _rules(scene: Scene) -> Iterator[tuple[Policy, Rule]]:
    for policy in scene.policies:
        for rule in policy.rules:
            yield policy, rule


def _editable(scene: Scene) -> Iterator[Finding]:
    for policy, rule in _rules(scene):
        subject, reading = str(policy.table), rule.condition.reading
        said = next((claim for claim in EDITABLE_CLAIMS if claim in reading.text), None)
        if said is not None:
            yield Finding(subject, f"{policy} believes {said}, which users write themselves", policy.spot(rule, said))
            continue
        for call in reading.calls:
            for function in scene.functions(call.schema, call.name):
                below = scene.bodies.below(function, enter=lambda called: called.extension is None)
                if any(scene.bodies[each.oid].trusts for each in below):
                    message = f"{policy} calls {call.name}, which believes user_metadata, which users write themselves"
                    yield Finding(subject, message, policy.spot(rule, call.name))


def _service(scene: Scene) -> Iterator[Finding]:
    for policy in scene.policies:
        if SERVICE_ROLE in policy.roles:
            message = f"{policy} is for {SERVICE_ROLE}, which passes row security without one"
            yield Finding(str(policy.table), message, policy.place)
    for policy, rule in _rules(scene):
        if SERVICE_ROLE in rule.condition.reading.strings():
            message = (
                f"{policy} asks for the claim {SERVICE_ROLE}: whoever carries it gets past this policy as another role"
            )
            yield Finding(str(policy.table), message, policy.spot(rule, SERVICE_ROLE))


def _settings(reading: Reading) -> Iterator[tuple[str, bool]]:
    """Each setting that is asked for by name, and whether it is an error if it is missing."""
    found = reading.found
    for call in reading.calls:
        if call.setting is not None:
            yield call.setting, "true" not in found.keys[call.opening : found.closing[call.opening]]


def _unset(scene: Scene) -> Iterator[Finding]:
    for policy, rule in _rules(scene):
        subject, reading = str(policy.table), rule.condition.reading
        for key in sorted(ROLE_WORDS & set(reading.found.keys)):
            message = f"{policy} asks for {key}: that is the database role, the same for everybody who signed in"
            yield Finding(subject, message, policy.spot(rule, key))
        for name, is_error in _settings(reading):
            if "." in name and not name.startswith(_GIVEN):
                message = f"{policy} asks for the setting {name}, which no request sets"
                yield Finding(subject, message, policy.spot(rule, name))
            elif is_error and "." in name:
                message = (
                    f"{policy} fails with 42704 where {name} is not set: current_setting lacks its second argument"
                )
                yield Finding(subject, message, policy.spot(rule, name), f"current_setting('{name}', true)")


def _sent(scene: Scene) -> Iterator[Finding]:
    for policy, rule in _rules(scene):
        for name, _ in _settings(rule.condition.reading):
            if name.startswith(_REQUEST_PARTS):
                message = f"{policy} believes {name}: callers send what they like there"
                yield Finding(str(policy.table), message, policy.spot(rule, name))


EDITABLE: Final = Lint.of(
    "L026",
    Severity.ERROR,
    "A policy believes what users write themselves",
    why="""
        `user_metadata` (`raw_user_meta_data` in auth.users) can be changed by every user, with the ordinary client and
        their own token. A role, a tenant or a plan that is read from there is whatever the caller says it is.
    """,
    fix="""
        Keep it in a table that users cannot write, or in `app_metadata`, which only servers write:
        `auth.jwt() -> 'app_metadata' ->> 'tenant'`.
    """,
    find=_editable,
)

SERVICE: Final = Lint.of(
    "L020",
    Severity.WARNING,
    "A policy is about service_role",
    why="""
        `service_role` has BYPASSRLS: no policy is asked for it, so one that names it changes nothing for it. One that
        compares the claim opens the rows to every other role whose token says so, as tokens of one's own making can.
    """,
    fix="Leave the policy out. For a server with fewer rights, make a role of its own and name it under `to:`.",
    find=_service,
)

UNSET: Final = Lint.of(
    "L027",
    Severity.WARNING,
    "A policy asks for what no request sets",
    why="""
        The gateway sets the role and `request.*`, nothing else. `current_user` is anon or authenticated for everybody,
        or inside a SECURITY DEFINER function its owner. A custom setting is null, or empty once it was set in that
        session, or an error; if some function sets it, pooled connections make it a matter of who came before.
    """,
    fix="Compare with `auth.uid()` or a claim: `tenant = (auth.jwt() -> 'app_metadata' ->> 'tenant')`.",
    find=_unset,
)

SENT: Final = Lint.of(
    "L028",
    Severity.WARNING,
    "A policy believes headers or cookies",
    why="""
        Headers and cookies are whatever the caller sends, also those that a browser would not send and a proxy should
        have overwritten. Only the claims of a token are verified.
    """,
    fix="Use a claim of the token: `auth.jwt() -> 'app_metadata' ->> 'tenant'`.",
    find=_sent,
)

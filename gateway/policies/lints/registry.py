"""All lints, in the order of their codes."""

from __future__ import annotations

from typing import Final

from gateway.policies.lints.calls import FOR_ROWS, VOLATILE
from gateway.policies.lints.claims import EDITABLE, SENT, SERVICE, UNSET
from gateway.policies.lints.defaults import DEFAULTS
from gateway.policies.lints.exposure import COPY, EXPOSED_TABLE, PARTITION, PAST_ROWS
from gateway.policies.lints.functions import FOR_VISITORS, LOOSE_PATH, OPENER
from gateway.policies.lints.honesty import LIE
from gateway.policies.lints.indexes import WITHOUT_INDEX
from gateway.policies.lints.lint import Lint
from gateway.policies.lints.nulls import NULLS
from gateway.policies.lints.oracles import FOREIGN_KEY, UNIQUE
from gateway.policies.lints.reach import CLOSED, DEAD, FOR_EVERYBODY, SEVERAL
from gateway.policies.lints.recursion import RECURSION
from gateway.policies.lints.roles import UNHELD
from gateway.policies.lints.secrets import SECRET
from gateway.policies.lints.views import OWNER_VIEW
from gateway.policies.lints.writes import ALWAYS, GIVEN_AWAY, SIGNED_IN

LINTS: Final[tuple[Lint, ...]] = (
    EXPOSED_TABLE,
    ALWAYS,
    SIGNED_IN,
    GIVEN_AWAY,
    OWNER_VIEW,
    COPY,
    OPENER,
    LOOSE_PATH,
    FOR_VISITORS,
    RECURSION,
    VOLATILE,
    FOR_ROWS,
    PARTITION,
    DEFAULTS,
    FOREIGN_KEY,
    UNIQUE,
    WITHOUT_INDEX,
    SECRET,
    UNHELD,
    SERVICE,
    SEVERAL,
    PAST_ROWS,
    DEAD,
    CLOSED,
    NULLS,
    EDITABLE,
    UNSET,
    SENT,
    FOR_EVERYBODY,
    LIE,
)

"""Every mapping of a policy file with the keys it may have. The reader and the schema for editors both use these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from gateway.policies.files.schema.forms import (
    BOOLEAN,
    BY_COLUMN,
    COLUMNS,
    DENIED,
    DURATION,
    LINT,
    MAX_ROWS,
    NAME,
    NAME_OR_NAMES,
    NAMES,
    NONE,
    OPTIONAL_DURATION,
    POSSIBLY_NO_NAMES,
    REALTIME,
    REQUESTS,
    ROW_COUNT,
    SQL,
    TEXT,
    VERBS_OR_ALL,
    WHO,
    Form,
    either,
    list_of,
    mapping_of,
    shape,
)
from gateway.policies.model import COLUMN_PRIVILEGES, TABLE_PRIVILEGES


class Key(NamedTuple):
    """`says` is what an editor shows about it."""

    name: str
    form: Form
    says: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A mapping: `title` names it in messages. `open` allows other keys too."""

    title: str
    keys: tuple[Key, ...]
    open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys if key.required)


_INCLUDE: Final = Key("include", list_of(NAME), "Files of the set whose predicates and personas hold here too.")
_PREDICATES: Final = Key("predicates", mapping_of(SQL), "Named SQL expressions, used as `$name`.")
_PERSONAS: Final = Key("personas", mapping_of(shape("persona")), "Who the tests run as.")
_DESCRIPTION: Final = Key("description", TEXT, "Free text.")
_ACCEPT: Final = Key("accept", list_of(shape("acceptance")), "Findings of lints that are meant, with the reason.")
_TESTS: Final = Key("tests", list_of(shape("test")), "Single tests.")
_CACHE: Final = Key("cache", either(NONE, shape("cache")), "How long answers may be kept; `false` for never.")
_LIMITS: Final = Key("limits", either(NONE, shape("limits")), "What one caller may ask for; `false` for no limit.")
_REALTIME: Final = Key("realtime", REALTIME, "Which changes are told; `false` for none.")
_WHERE: Final = Key("where", SQL, "An SQL condition.")
_KEY: Final = Key("key", BY_COLUMN, "Values by column that find the row.")
_SET: Final = Key("set", BY_COLUMN, "New values by column.")
_RETURNING: Final = Key("returning", NAMES, "Columns to read back, as an API that answers with the new row does.")
_ROWS: Final = Key("rows", ROW_COUNT, "How many rows are expected: a number, `some`, `all` or `none`.")
_DENIED: Final = Key("denied", DENIED, "An error is expected: `true` for any, or its SQLSTATE.")
_ALLOWED: Final = Key("allowed", BOOLEAN, "Whether it is expected to succeed.")
_FOR: Final = Key("for", NAMES, "Only these personas are tried; all known ones by default.")
_BY: Final = Key("by", WHO, "The personas that may; `everybody` or `nobody`.", required=True)

_FUNCTION: Final = (
    Key("function", NAME, "Its signature, or its bare name where there is only one of it.", required=True),
    _DESCRIPTION,
    Key("execute", POSSIBLY_NO_NAMES, "The roles that may call it."),
    _CACHE,
    _LIMITS,
    Key("reads", shape("reads"), "Vouches that an opaque function depends on nothing else."),
)

PRIVILEGES: Final = Shape(
    "the grants of a role",
    tuple(Key(each, COLUMNS if each in COLUMN_PRIVILEGES else either({"const": "all"})) for each in TABLE_PRIVILEGES),
)
ROW_POLICY: Final = Shape(
    "a row policy",
    (
        Key("name", NAME, "Unique in the file.", required=True),
        Key("to", NAME_OR_NAMES, "The roles it holds for; `public` is everybody.", required=True),
        Key("for", VERBS_OR_ALL, "What it allows.", required=True),
        Key("restrictive", BOOLEAN, "Must hold in addition to what other policies allow."),
        Key("using", SQL, "Which rows can be seen, updated, deleted."),
        Key("check", SQL, "Which rows can result from inserts and updates."),
    ),
)
CACHE: Final = Shape(
    "`cache`",
    (
        Key("ttl", DURATION, "How long an answer may be kept."),
        Key("stale_if_error", OPTIONAL_DURATION, "How long past that it may stand in for a failing database."),
        Key("clock", OPTIONAL_DURATION, "How old an answer may be that depends on the clock."),
        Key(
            "alias", either(NONE, NAME_OR_NAMES), "What people call it, like `profile:{id}`; shown by `cache explain`."
        ),
    ),
)
LIMITS: Final = Shape(
    "`limits`",
    (
        Key("max_rows", MAX_ROWS, "Rows of one answer."),
        Key("requests", REQUESTS, "Requests of one caller, like 300/min."),
    ),
)
READS: Final = Shape(
    "`reads`",
    (
        Key("tables", list_of(NAME), "The tables it reads."),
        Key("claims", list_of(NAME), "The claims of the token it reads."),
        Key("clock", DURATION, "How old its answer may be, if it depends on the clock."),
    ),
)
ACCEPTANCE: Final = Shape(
    "an accepted finding",
    (
        Key("lint", LINT, "The code of the lint, like L007.", required=True),
        Key("because", TEXT, "Why it is meant.", required=True),
        Key("about", NAME, "Only for this table, function or role."),
    ),
)
PERSONA: Final = Shape(
    "a persona",
    (Key("role", NAME, "The database role.", required=True), Key("sub", TEXT, "The user's id.")),
    open=True,
)
NEW_ROW: Final = Shape(
    "a given row",
    (Key("table", NAME, required=True), Key("values", BY_COLUMN, "Values by column.", required=True)),
)
ROW: Final = Shape(
    "a row",
    (
        Key("table", NAME, required=True),
        Key("values", BY_COLUMN, "The owner inserts it first."),
        _KEY._replace(required=True),
    ),
)
UPDATE_BY: Final = Shape("an update by personas", (_BY, _SET))
MATRIX_ROW: Final = Shape(
    "a row of the matrix",
    (
        Key("row", NAME, "A name under `rows`.", required=True),
        Key("select", WHO, "The personas that see it."),
        Key("update", either(WHO, shape("update_by")), "The personas that may update it."),
        Key("delete", WHO, "The personas that may delete it."),
        _FOR,
    ),
)
MATRIX_INSERT: Final = Shape(
    "an insert of the matrix",
    (
        Key("insert", NAME, "The table.", required=True),
        Key("values", BY_COLUMN, "Values by column.", required=True),
        _BY,
        _FOR,
    ),
)
TEST: Final = Shape(
    "a test",
    (
        Key("name", TEXT, "What it proves."),
        Key("as", either(NAME, shape("persona")), "A persona.", required=True),
        Key("table", NAME, "The table; that of the file by default."),
        Key("given", list_of(shape("new_row")), "Rows that the owner inserts first."),
        Key("select", shape("test_select")),
        Key("insert", shape("test_insert")),
        Key("update", shape("test_update")),
        Key("delete", shape("test_delete")),
        Key("call", shape("test_call")),
    ),
)
TEST_SELECT: Final = Shape(
    "`select`", (_WHERE, _KEY, Key("columns", NAMES, "What is read; `count(*)` by default."), _ROWS, _DENIED)
)
TEST_INSERT: Final = Shape(
    "`insert`", (Key("values", BY_COLUMN, "Values by column.", required=True), _RETURNING, _ALLOWED, _DENIED)
)
TEST_UPDATE: Final = Shape("`update`", (_WHERE, _KEY, _SET, _RETURNING, _ROWS, _DENIED))
TEST_DELETE: Final = Shape("`delete`", (_WHERE, _KEY, _RETURNING, _ROWS, _DENIED))
TEST_CALL: Final = Shape(
    "`call`",
    (Key("function", NAME, "Its name."), Key("values", BY_COLUMN, "Arguments by name."), _ALLOWED, _DENIED),
)

FUNCTION: Final = Shape("a function", _FUNCTION)
TABLE_FILE: Final = Shape(
    "a table's file",
    (
        _INCLUDE,
        _PREDICATES,
        Key("table", NAME, "`schema.name`, or a name in schema public.", required=True),
        _DESCRIPTION,
        _ACCEPT,
        Key("row_security", BOOLEAN, "True by default; to switch it off, say `false`."),
        Key("grants", mapping_of(shape("grants_of_role")), "Privileges by role."),
        Key("rows", list_of(shape("row_policy")), "Row policies."),
        _REALTIME,
        _CACHE,
        _LIMITS,
        _TESTS,
    ),
)
FUNCTION_FILE: Final = Shape("a function's file", (_INCLUDE, _PREDICATES, *_FUNCTION, _ACCEPT, _TESTS))
FUNCTIONS_FILE: Final = Shape(
    "a file of functions",
    (
        _INCLUDE,
        _PREDICATES,
        Key("functions", list_of(shape("function")), "Functions and who may call them.", required=True),
        _DESCRIPTION,
        _ACCEPT,
        _TESTS,
    ),
)
DEFAULTS_FILE: Final = Shape(
    "defaults.yaml",
    (
        _INCLUDE,
        _DESCRIPTION,
        _ACCEPT,
        Key("schemas", NAMES, "What has no file in these schemas has no grants."),
        Key("roles", NAMES, "The roles whose grants the files rule; those of others stay as they are."),
        Key("search_path", NAMES, "Where expressions look for names."),
        _REALTIME,
        _CACHE,
        _LIMITS,
        _PREDICATES,
        _PERSONAS,
    ),
)
TEST_FILE: Final = Shape(
    "a file of tests",
    (
        _INCLUDE,
        _DESCRIPTION,
        _PREDICATES,
        _PERSONAS,
        Key("table", NAME, "The table of tests that name none."),
        Key("rows", mapping_of(shape("row")), "Rows to ask about, by name."),
        Key("given", list_of(shape("new_row")), "Rows that the owner inserts before every test."),
        Key(
            "matrix",
            list_of(either(shape("matrix_row"), shape("matrix_insert"))),
            "Who may do what with which row; who is not listed is refused.",
        ),
        _TESTS,
    ),
)

SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "table_file": TABLE_FILE,
        "function_file": FUNCTION_FILE,
        "functions_file": FUNCTIONS_FILE,
        "defaults_file": DEFAULTS_FILE,
        "test_file": TEST_FILE,
        "grants_of_role": PRIVILEGES,
        "row_policy": ROW_POLICY,
        "cache": CACHE,
        "limits": LIMITS,
        "function": FUNCTION,
        "reads": READS,
        "acceptance": ACCEPTANCE,
        "persona": PERSONA,
        "row": ROW,
        "new_row": NEW_ROW,
        "matrix_row": MATRIX_ROW,
        "matrix_insert": MATRIX_INSERT,
        "update_by": UPDATE_BY,
        "test": TEST,
        "test_select": TEST_SELECT,
        "test_insert": TEST_INSERT,
        "test_update": TEST_UPDATE,
        "test_delete": TEST_DELETE,
        "test_call": TEST_CALL,
    }
)

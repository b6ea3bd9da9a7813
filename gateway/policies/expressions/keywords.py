"""Words of PostgreSQL's grammar that matter in expressions: data."""

from __future__ import annotations

RESERVED = frozenset({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast", "check",
    "collate", "column", "constraint", "create", "current_catalog", "current_date", "current_role", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except",
    "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect", "into",
    "lateral", "leading", "limit", "localtime", "localtimestamp", "not", "null", "offset", "on", "only", "or", "order",
    "placing", "primary", "references", "returning", "select", "session_user", "some", "symmetric", "system_user",
    "table", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "when", "where",
    "window", "with",
})  # fmt: skip
"""What cannot name a column without double quotes."""

KEPT = frozenset({
    "all", "and", "as", "asc", "between", "case", "cross", "desc", "distinct", "else", "end", "except", "false", "from",
    "full", "group", "having", "ilike", "in", "inner", "intersect", "is", "isnull", "join", "lateral", "like", "limit",
    "natural", "not", "notnull", "null", "offset", "on", "or", "order", "outer", "select", "similar", "then", "to",
    "true", "union", "using", "when", "where", "window", "with",
})  # fmt: skip
"""Keywords of expressions and queries that mean the same wherever they stand."""

KEPT_AFTER = {
    "by": frozenset({"group", "order", "partition"}), "first": frozenset({"nulls"}), "last": frozenset({"nulls"}),
    "ordinality": frozenset({"with"}), "over": frozenset({")"}), "recursive": frozenset({"with"}),
    "sets": frozenset({"grouping"}), "within": frozenset({")"}),
}  # fmt: skip
KEPT_BEFORE = {
    "array": frozenset({"(", "["}), "exists": frozenset({"("}), "filter": frozenset({"("}),
    "grouping": frozenset({"sets"}), "nulls": frozenset({"first", "last"}), "partition": frozenset({"by"}),
    "values": frozenset({"("}),
}  # fmt: skip
"""Words that are keywords next to these."""

BEFORE_OPERANDS = frozenset({
    "and", "asymmetric", "between", "both", "case", "distinct", "else", "for", "from", "having", "ilike", "in",
    "leading", "like", "limit", "not", "offset", "on", "or", "placing", "select", "similar", "symmetric", "then", "to",
    "trailing", "variadic", "when", "where",
})  # fmt: skip
"""Words behind which a value begins."""

CLOCK_WORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
ROLE_WORDS = frozenset({"current_role", "current_user", "session_user", "system_user", "user"})
VALUE_WORDS = CLOCK_WORDS | ROLE_WORDS | {"current_catalog", "current_schema"}
"""What is a call without parentheses."""

CLOCK_FUNCTIONS = frozenset({
    "clock_timestamp", "now", "statement_timestamp", "timeofday", "transaction_timestamp",
})  # fmt: skip

TYPES = frozenset({
    "bigint", "bit", "bool", "boolean", "box", "bpchar", "bytea", "char", "character", "cidr", "circle", "date",
    "daterange", "dec", "decimal", "double", "float", "float4", "float8", "inet", "int", "int2", "int4", "int4range",
    "int8", "int8range", "integer", "interval", "json", "jsonb", "jsonpath", "line", "lseg", "macaddr", "macaddr8",
    "money", "name", "national", "nchar", "numeric", "numrange", "oid", "path", "point", "polygon", "real", "regclass",
    "regproc", "regprocedure", "regrole", "regtype", "smallint", "text", "time", "timestamp", "timestamptz", "timetz",
    "tsquery", "tsrange", "tstzrange", "tsvector", "uuid", "varchar", "xml",
})  # fmt: skip
"""Built-in types in wide use: `date '2024-01-01'` is a value of such a type."""

TYPE_TAILS = {
    "double": frozenset({"precision"}), "character": frozenset({"varying"}), "char": frozenset({"varying"}),
    "bit": frozenset({"varying"}), "nchar": frozenset({"varying"}),
    "national": frozenset({"character", "char", "varying"}),
    "time": frozenset({"with", "without", "time", "zone"}), "timestamp": frozenset({"with", "without", "time", "zone"}),
    "interval": frozenset({"year", "month", "day", "hour", "minute", "second", "to"}),
}  # fmt: skip
"""Words that belong to the name of a type which begins like this."""

SPECIAL_CALLS = frozenset({"extract", "normalize", "overlay", "position", "substring", "trim"})
"""Functions that take words between their arguments."""
SPECIAL_SEPARATORS = frozenset({"escape", "for", "from", "in", "placing", "similar"})

RARE_CALLS = frozenset({
    "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg", "json_query", "json_scalar",
    "json_serialize", "json_table", "json_value", "xmlattributes", "xmlelement", "xmlexists", "xmlforest", "xmlparse",
    "xmlpi", "xmlroot", "xmlserialize", "xmltable",
})  # fmt: skip
"""Functions of SQL/JSON and SQL/XML, with a grammar of their own."""
RARE_WORDS = frozenset({"columns", "cycle", "passing", "repeatable", "rows", "search", "table", "tablesample"})

TESTS = frozenset({"document", "json", "nfc", "nfd", "nfkc", "nfkd", "normalized", "unknown"})
"""What IS can ask for, beside NULL, TRUE, FALSE and DISTINCT FROM."""
TEST_TAILS = frozenset({"array", "keys", "normalized", "object", "scalar", "unique", "value", "with", "without"})

NO_FUNCTIONS = RESERVED - {"current_time", "current_timestamp", "localtime", "localtimestamp"} | {
    "between", "by", "coalesce", "cube", "exists", "filter", "greatest", "grouping", "ilike", "inner", "is", "join",
    "least", "like", "materialized", "natural", "nullif", "operator", "outer", "over", "overlaps", "rollup", "row",
    "rows", "setof", "sets", "similar", "treat", "values", "within", "xmlattributes", "zone",
}  # fmt: skip
"""Words that may stand before a parenthesis without being a function's name."""

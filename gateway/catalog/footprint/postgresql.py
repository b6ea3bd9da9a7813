"""What is known about PostgreSQL's own functions and types, and about extensions: data for footprints.

PostgreSQL's IMMUTABLE functions depend on their arguments alone. Of the STABLE ones, those that are listed here are
understood; about every other one nothing is known, so it is opaque.
"""

from __future__ import annotations

# They depend on their arguments, on the session's formats (time zone, locale, text search), on the current role, or on
# definitions in the database, and on nothing else.
HARMLESS_STABLE = frozenset({
    "anytextcat", "array_out", "array_send", "array_to_json", "array_to_string", "cash_in", "cash_out", "concat",
    "concat_ws", "convert", "convert_from", "convert_to", "current_database", "current_user", "date", "date_add",
    "date_cmp_timestamptz", "date_eq_timestamptz", "date_ge_timestamptz", "date_gt_timestamptz", "date_le_timestamptz",
    "date_lt_timestamptz", "date_ne_timestamptz", "date_out", "date_part", "date_subtract", "date_trunc", "enum_first",
    "enum_in", "enum_last", "enum_out", "enum_range", "extract", "format", "generate_series", "getdatabaseencoding",
    "getpgusername", "in_range", "interval_in", "interval_out", "json_agg", "json_agg_strict",
    "json_build_array", "json_build_object", "json_object_agg", "json_object_agg_strict", "json_object_agg_unique",
    "json_object_agg_unique_strict", "json_to_tsvector", "jsonb_agg", "jsonb_agg_strict", "jsonb_build_array",
    "jsonb_build_object", "jsonb_object_agg", "jsonb_object_agg_strict", "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict", "jsonb_path_exists_tz", "jsonb_path_match_tz", "jsonb_path_query_array_tz",
    "jsonb_path_query_first_tz", "jsonb_path_query_tz", "jsonb_to_tsvector", "length", "make_timestamptz", "money",
    "multirange_out", "multirange_send", "numeric", "pg_char_to_encoding", "pg_encoding_to_char", "pg_typeof",
    "phraseto_tsquery", "plainto_tsquery", "range_out", "range_send", "record_out", "record_send", "regclassout",
    "row_to_json", "session_user", "textanycat", "time", "timestamp", "timestamp_cmp_timestamptz",
    "timestamp_eq_timestamptz", "timestamp_ge_timestamptz", "timestamp_gt_timestamptz", "timestamp_le_timestamptz",
    "timestamp_lt_timestamptz", "timestamp_ne_timestamptz", "timestamp_out", "timestamptz", "timestamptz_cmp_date",
    "timestamptz_cmp_timestamp", "timestamptz_eq_date", "timestamptz_eq_timestamp", "timestamptz_ge_date",
    "timestamptz_ge_timestamp", "timestamptz_gt_date", "timestamptz_gt_timestamp", "timestamptz_le_date",
    "timestamptz_le_timestamp", "timestamptz_lt_date", "timestamptz_lt_timestamp", "timestamptz_mi_interval",
    "timestamptz_ne_date", "timestamptz_ne_timestamp", "timestamptz_out", "timestamptz_pl_interval", "to_char",
    "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp", "to_tsquery", "to_tsvector", "ts_headline",
    "ts_match_tq", "ts_match_tt", "ts_parse", "ts_token_type", "version", "websearch_to_tsquery", "xml", "xml_in",
    "xml_is_well_formed", "xml_out", "xml_send",
})  # fmt: skip

# They read the clock, or make values of types that a text like 'today' may stand for. `age` of a transaction id is one
# of those, too; `timetz` and `timezone` ask which offset a zone has today.
CLOCK = frozenset({
    "age", "date_in", "json_populate_record", "json_populate_recordset", "json_to_record", "json_to_recordset",
    "jsonb_populate_record", "jsonb_populate_record_valid", "jsonb_populate_recordset", "jsonb_to_record",
    "jsonb_to_recordset", "now", "statement_timestamp", "time_in", "timestamp_in", "timestamptz_in", "timetz",
    "timetz_in", "timezone", "transaction_timestamp",
})  # fmt: skip

# They read the search path.
SEARCH_PATH = frozenset({"current_schema", "current_schemas"})

# STABLE C functions of known extensions: `citext`, `pg_trgm` (they read its thresholds, which are settings of roles and
# functions), `unaccent`.
HARMLESS_OF_EXTENSIONS = frozenset({
    "citextsend", "show_limit", "similarity_op", "strict_word_similarity_commutator_op", "strict_word_similarity_op",
    "unaccent", "word_similarity_commutator_op", "word_similarity_op",
})  # fmt: skip
# Of `hstore`, whatever its declared volatility.
CLOCK_OF_EXTENSIONS = frozenset({"populate_record"})

# SQLVALUEFUNCTION's `op` (`primnodes.h`): the first nine tell the time, then come roles and the database.
CLOCK_VALUES = frozenset(map(str, range(9)))
ROLE_VALUES = frozenset(map(str, range(9, 14)))
SEARCH_PATH_VALUES = frozenset({"14"})

# Types that a text is turned into without a look at anything else (`pg_type.dat`). Not in them: dates and times, which
# read 'today', what is made of such, and names of objects.
PLAIN_TYPES = frozenset(map(str, (
    16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 600, 601, 602, 603, 604, 628, 650, 700, 701, 718, 774, 790, 829, 869,
    1042, 1043, 1186, 1560, 1562, 1700, 2950, 3614, 3615, 3734, 3769, 3802, 3904, 3906, 3926, 4072, 4451, 4532, 4536,
    # arrays
    199, 1000, 1001, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1041, 1187, 1231, 2951, 3643, 3807,
)))  # fmt: skip

# Types that look a name up: regproc and the like.
NAMING_TYPES = frozenset(map(str, (24, 2202, 2203, 2204, 2205, 2206, 4089, 4096, 4191)))

CLOCK_WORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
SYSTEM_COLUMNS = frozenset({"ctid", "cmax", "cmin", "xmax", "xmin"})
"""What changes without a write, or by one that no trigger tells of: a row lock, VACUUM FULL."""

TIMED_TYPE_NAMES = frozenset({
    "date", "datemultirange", "daterange", "time", "timestamp", "timestamptz", "timetz", "tsmultirange", "tsrange",
    "tstzmultirange", "tstzrange",
})  # fmt: skip
NAMING_TYPE_NAMES = frozenset({
    "regclass", "regcollation", "regnamespace", "regoper", "regoperator", "regproc", "regprocedure", "regrole",
    "regtype",
})  # fmt: skip
JSON_WORDS = frozenset({"json_exists", "json_query", "json_table", "json_value", "xmltable"})
"""They turn texts into values of any type."""

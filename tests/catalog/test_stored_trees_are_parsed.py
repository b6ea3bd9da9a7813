"""Stored trees as nodes: nothing that somebody names can pass for structure, and depth is no danger."""

from __future__ import annotations

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.code import Code
from gateway.catalog.footprint.trees import TreeReader
from gateway.catalog.graph import CodeGraph
from gateway.catalog.nodes import OCTETS, Malformed, Node, Value, parse
from gateway.catalog.rows import RelationRow
from tests.catalog.test_stored_trees_are_read import tree_of

READER = TreeReader(
    CodeGraph(Code(relations=[RelationRow(16400, "public", "t", "r", False, None, None, {1: "a"})])), {}
)


def names(tree: str, field: str) -> list[str]:
    """All values of a field, wherever it stands."""
    found: list[str] = []
    values: list[Value] = list(parse(tree))
    while values:
        value = values.pop()
        if isinstance(value, list):
            values.extend(value)
        elif isinstance(value, Node):
            found += [value.text(field)] if value.text(field) else []
            values.extend(value.fields.values())
    return found


def test_fields_have_values() -> None:
    (node,) = parse('{A :b {C} :d <> :e (1 2) :f (o 3) :g "" :h \\<> :i (b) :constvalue 4 [ 7 -1 ]}')

    assert isinstance(node, Node)
    assert node.tag == "A"
    assert node.node("b").tag == "C"
    assert node.list("e") == ["1", "2"]
    assert node.list("f") == ["o", "3"]
    assert node.text("g") == '""'
    assert node.text("h") == "\\<>"
    assert node.list("i") == ["b"]
    assert (node.text("constvalue"), node.text(OCTETS)) == ("4", " 7 -1 ")
    assert "d" not in node.fields


@pytest.mark.parametrize(
    "tree",
    ["{", "}", "(", ")", "{A", "{A :b}", "{A :b 1 2}", "{A b}", "{A :b 1 :b 2}", "{A :b (}", "({A)}", "{A [ 1 ]}",
     "{A :b 1 [ 1 ]}", "{A :b :c {B}}", "{A {B}}", "{}", ":a {"],
)  # fmt: skip
def test_what_is_no_tree_is_refused(tree: str) -> None:
    with pytest.raises(Malformed):
        parse(tree)


@given(st.text(alphabet='{}() :\\a1<>[]"', max_size=30))
def test_any_text_is_a_tree_or_refused(text: str) -> None:
    reading = READER.read(text)
    try:
        parse(text)
    except Malformed:
        assert reading.opaque is not None


@pytest.mark.parametrize("name", [":funcid", "{QUERY", "}", ") :x (", "\\", " ", "<>", "[ 1 ]", '"', ":b c", "16400"])
async def test_names_are_values(name: str, script_connection: asyncpg.Connection) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    tree, table = await tree_of(
        script_connection, f"create view v as select a as {quoted} from t as {quoted} where b = '{name}'"
    )

    assert len(names(tree, "resname")) == 1
    assert names(tree, "relid") == [str(table), str(table)]
    assert READER.read(tree).opaque is None


def test_depth_is_no_danger() -> None:
    depth = 50_000

    assert READER.read("{BOOLEXPR :args (" * depth + ")}" * depth).opaque is None
    assert READER.read("{COALESCEEXPR :args (" * depth + ")}" * depth).opaque is None
    casts = "{RELABELTYPE :resulttype 25 :arg " * depth
    claim = f"{{OPEXPR :opno 3477 :args ({{COALESCEEXPR :args ({casts}{{CONST}}{'}' * depth})}} {{CONST}})}}"
    assert READER.read(claim).opaque is None


def test_columns_stand_in_the_entry_before_postgresql_16() -> None:
    entry = "{RTE :rtekind 0 :relid 16400 :requiredPerms 2 :selectedCols (b 8 9)}"
    reading = READER.read(f"({{QUERY :commandType 1 :rtable ({entry})}})")

    assert reading.relations == {16400}
    assert reading.columns == {(16400, 1), (16400, 2)}


@pytest.mark.parametrize("tree", ["{TABLEFUNC}", "{JSONEXPR}", "{COERCEVIAIO :resulttype 1184}"])
def test_texts_may_become_times(tree: str) -> None:
    assert READER.read(tree).clock


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ("{TELEPORT :x 1}", "contains TELEPORT"),
        ("{QUERY :commandType 2}", "does more than select"),
        ("{QUERY :commandType 1 :rowMarks ({ROWMARKCLAUSE :rti 1})}", "contains ROWMARKCLAUSE"),
        ("{RANGETBLENTRY :rtekind 7}", "reads the rows of a trigger"),
        ("{FUNCEXPR :funcid 99999}", "refers to an unknown function (99999)"),
        ("{SQLVALUEFUNCTION :op 15}", "asks for value 15 of SQL"),
        ("{SQLVALUEFUNCTION}", "asks for value  of SQL"),
        ("{FUNCEXPR :funcid x}", "cannot be read"),
        ("{FUNCEXPR :funcid 2077 :args ({VAR :varattno 1 :varlevelsup 0})}",
         "reads a setting whose name is not a literal"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_opaque(tree: str, reason: str) -> None:
    assert READER.read(tree).opaque == reason

"""The texts that people and programs get."""

from __future__ import annotations

import json

import asyncpg
import pytest

from gateway.policies import read_set
from gateway.policies.database import read_state
from gateway.policies.explain import Manner, Question, document, explain, explain_as_applied, lines, places
from gateway.policies.model import Persona
from tests.policies.conftest import WriteFiles
from tests.policies.explain.lab import ITEMS

ANN = Persona("ann", "lab_person", {"sub": "ann", "plan": {"seats": 3}})
POLICIES = """
alter table lab.items enable row level security;
grant select (id, owner, level), update (level) on lab.items to lab_person;
create policy mine on lab.items for select to lab_person
  using (owner = (select lab.me()) and (level > 1 or not (12 / level > 4)));
create policy sober on lab.items as restrictive to public using (kind <> 'closed');
create policy bosses on lab.items to lab_reader using (exists (select from lab.bosses where who = lab.me()));
create policy guests on lab.items for select to lab_guest using (true);
"""


async def test_a_tree(lab: asyncpg.Connection) -> None:
    await lab.execute(POLICIES)
    (explanation,) = await explain(lab, Question(ANN, "select", ITEMS, {"id": 2}), await read_state(lab))
    assert "\n".join(lines(explanation)) == (
        """\
lab.items row id=2: visible to ann? NO
  ann is role lab_person, sub ann, plan {"seats": 3}
  row: kind=closed, level=2, owner=ann
  ✓ grant: lab_person may select (id, level, owner)
  ✗ the row by the policies for select (using)
    ✗ bosses: EXISTS ( SELECT FROM lab.bosses WHERE (bosses.who = lab.me()))
    ✓ mine: all of
      ✓ owner = ( SELECT lab.me() AS me)
      ✓ any of
        ✓ level > 1
        ✗ not
          ✓ (12 / level) > 4
    ✗ restrictive sober: kind <> 'closed'::text
    · guests: for lab_guest
  ✗ tried as lab_person, and undone: no row"""
    )


async def test_a_defect_is_loud(lab: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.policies.explain import asking

    await lab.execute(POLICIES)
    monkeypatch.setattr(asking, "is_meant", lambda policy, standing: policy.permissive)
    (explanation,) = await explain(lab, Question(ANN, "select", ITEMS, {"id": 2}), await read_state(lab))
    text = lines(explanation)
    assert text[0] == "lab.items row id=2: visible to ann? NO — EXPLANATION INCOMPLETE"
    assert text[-2:] == [
        "  ? EXPLANATION INCOMPLETE: the above comes to YES.",
        "    Believe PostgreSQL, and report this as a defect.",
    ]


async def test_json(lab: asyncpg.Connection) -> None:
    await lab.execute(POLICIES)
    question = Question(ANN, "update", ITEMS, {"id": 1}, values={"level": 2})
    (explanation,) = await explain(lab, question, await read_state(lab))
    found = json.loads(json.dumps(document(explanation)))
    assert (found["answer"], found["possible"], found["agrees"]) == ("false", ["false"], True)
    assert found["persona"] == {"name": "ann", "role": "lab_person", "claims": {"sub": "ann", "plan": {"seats": 3}}}
    assert (found["key"], found["row"]["level"], found["new_row"]["level"], found["new_row"]["twice"]) == (
        {"id": 1},
        1,
        2,
        4,
    )
    assert [(step["verb"], step["clause"], step["row"]) for step in found["steps"]] == [
        ("select", "using", "existing"),
        ("update", "using", "existing"),
        ("update", "check", "new"),
        ("select", "using", "new"),
    ]
    mine = next(policy for policy in found["steps"][3]["policies"] if policy["name"] == "mine")
    assert mine["condition"]["truth"] == "true"
    assert [part["sql"] for part in mine["condition"]["and"][1]["or"]] == ["level > 1", "NOT ((12 / level) > 4)"]
    assert found["privileges"][0] == {
        "name": "update",
        "columns": ["level"],
        "sequence": None,
        "held": True,
        "missing": [],
        "holders": {"lab_person": ["level"]},
    }
    assert found["attempt"]["outcome"] == "false"


FILES = {
    "defaults.yaml": "schemas: [lab]\nroles: [lab_person]\nsearch_path: [lab]\n",
    "me.yaml": "function: lab.me()\nexecute: [lab_person]\n",
    "items.yaml": """
        table: lab.items
        grants: { lab_person: { select: all } }
        rows:
          - name: mine
            to: lab_person
            for: [select, update]
            using: owner = me()
        """,
}


async def test_files_are_explained_as_if_they_were_applied(lab: asyncpg.Connection, files: WriteFiles) -> None:
    policy_set = read_set(files(FILES))
    manner = Manner(policy_set.defaults.search_path, places(policy_set))
    question = Question(ANN, "select", ITEMS, {"id": 1})
    (now,) = await explain(lab, question, await read_state(lab), manner)
    assert lines(now)[0].endswith("visible to ann? NO")
    (then,) = await explain_as_applied(lab, question, policy_set, manner)
    assert lines(then)[0].endswith("visible to ann? YES")
    assert "    ✓ mine_select (items.yaml:4): owner = ( SELECT lab.me() AS me)" in lines(then)
    assert then.agrees is True
    (after,) = await explain(lab, question, await read_state(lab), manner)
    assert after == now

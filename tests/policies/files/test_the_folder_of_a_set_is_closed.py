"""What is read is what stands in the folder, once, and nothing else: links, odd files and odd names are named."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gateway.policies.files import folder as folder_module
from gateway.policies.files import read_set, read_set_or_problems
from gateway.policies.files.yaml.source import LARGEST
from gateway.policies.problems import PolicyError

TABLE = "table: public.a\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


def said(root: Path) -> list[str]:
    """`code file` of each problem."""
    policy_set, problems = read_set_or_problems(root)
    assert (policy_set is None) == bool(problems)
    return [f"{each.code} {each.place.file if each.place else '-'}" for each in problems]


def test_a_set(root: Path) -> None:
    (root / "a.yaml").write_text("include: [x/y/p.yml]\ntable: a\nrows: [ { name: n, to: b, for: all, using: $p } ]\n")
    (root / "x/y").mkdir(parents=True)
    (root / "x/y/p.yml").write_text("predicates: { p: q }\n")
    (root / "x/B.YAML").write_text("table: b\n")
    policy_set = read_set(root)
    assert policy_set.files == ("a.yaml", "x/B.YAML", "x/y/p.yml")
    assert [str(rules.table) for rules in policy_set.tables] == ["public.a", "public.b"]
    assert policy_set.digest == read_set(root).digest


def test_hidden_and_other_files_are_ignored(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "README.md").write_text("# no\n")
    (root / ".b.yaml").write_text("no: no\n")
    (root / ".git").mkdir()
    (root / ".git/c.yaml").write_text("no: no\n")
    (root / "d.yaml~").write_text("no: no\n")
    assert read_set(root).files == ("a.yaml",)


@pytest.mark.parametrize("name", ["missing", "file", "empty", "without yaml"])
def test_no_files(root: Path, name: str) -> None:
    (root / "file").write_text(TABLE)
    (root / "empty").mkdir()
    (root / "without yaml").mkdir()
    (root / "without yaml/README.md").write_text("# no\n")
    with pytest.raises(PolicyError) as error:
        read_set(root / name)
    (problem,) = error.value.problems
    assert problem.code == "P140"
    assert name in problem.message
    assert problem.fix


def test_all_problems_of_all_files_are_raised(root: Path) -> None:
    (root / "a.yaml").write_text("table: A\n")
    (root / "b.yaml").write_bytes(b"\xff")
    (root / "c.yaml").symlink_to("/etc/passwd")
    with pytest.raises(PolicyError) as error:
        read_set(root)
    assert sorted(problem.code for problem in error.value.problems) == ["P101", "P125", "P142"]


def test_a_link_to_itself(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "b.yaml").symlink_to("b.yaml")
    (root / "c").symlink_to("c")
    assert said(root) == ["P142 b.yaml", "P142 c"]


def test_links_to_each_other(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "b.yaml").symlink_to("c.yaml")
    (root / "c.yaml").symlink_to("b.yaml")
    assert said(root) == ["P142 b.yaml", "P142 c.yaml"]


def test_links_to_folders_they_are_in(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "x/y").mkdir(parents=True)
    (root / "x/y/up").symlink_to("..")
    (root / "x/y/top").symlink_to(root)
    (root / "here").symlink_to(".")
    assert said(root) == ["P142 here", "P142 x/y/top", "P142 x/y/up"]


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../outside.yaml", "../outside", "x/../../outside.yaml", "/", "../set2"]
)
def test_links_that_leave_the_set(root: Path, target: str) -> None:
    (root.parent / "outside.yaml").write_text("table: secret\n")
    (root.parent / "outside").mkdir()
    (root.parent / "outside/b.yaml").write_text("table: secret\n")
    (root.parent / "set2").mkdir()
    (root / "x").mkdir()
    (root / "a.yaml").write_text(TABLE)
    (root / "link.yaml").symlink_to(target)
    _, (problem,) = read_set_or_problems(root)
    assert (problem.code, problem.place) == ("P142", ("link.yaml", 1, 1))
    assert "out of the set" in problem.message


def test_a_link_through_another_that_leaves_the_set(root: Path) -> None:
    (root.parent / "outside.yaml").write_text("table: secret\n")
    (root / "a.yaml").write_text(TABLE)
    (root / ".hidden").symlink_to("../outside.yaml")
    (root / "link.yaml").symlink_to(".hidden")
    assert said(root) == ["P142 link.yaml"]


def test_a_link_that_leads_nowhere(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "b.yaml").symlink_to("gone.yaml")
    (root / "README").symlink_to("gone")
    assert said(root) == ["P142 b.yaml"]


def test_a_second_name_of_a_file_is_not_a_second_file(root: Path) -> None:
    (root / "x").mkdir()
    (root / "x/p.yaml").write_text("predicates: { p: q }\n")
    (root / "a.yaml").symlink_to("x/p.yaml")
    (root / "y").symlink_to("x")
    (root / "t.yaml").write_text("include: [a.yaml]\ntable: t\nrows: [ { name: n, to: b, for: all, using: $p } ]\n")
    assert read_set(root).files == ("t.yaml", "x/p.yaml")


def test_folders_as_kubernetes_mounts_them(root: Path) -> None:
    """Every file is a link into a hidden folder, which is a link to another that a change replaces."""
    (root / "..2024").mkdir()
    (root / "..2024/a.yaml").write_text(TABLE)
    (root / "..data").symlink_to("..2024")
    (root / "a.yaml").symlink_to("..data/a.yaml")
    assert read_set(root).files == ("a.yaml",)


def test_a_linked_set_is_read(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root.parent / "link").symlink_to("set")
    assert read_set(root.parent / "link").files == ("a.yaml",)


def test_many_links_among_folders_end_early(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    for number in range(30):
        (root / f"d{number}").mkdir()
        for other in range(30):
            if other != number:
                (root / f"d{number}/to{other}").symlink_to(f"../d{other}")
    begin = time.perf_counter()
    assert read_set(root).files == ("a.yaml",)
    assert time.perf_counter() - begin < 3


@pytest.mark.timeout(10)
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    os.mkfifo(root / "b.yaml")
    assert said(root) == ["P141 b.yaml"]


def test_a_file_of_5_mb_is_not_read_whole(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.yaml").write_text("a: b\n" * 1024 * 1024)
    assert said(root) == ["P102 a.yaml"]
    seen: dict[str, bytes] = {}
    monkeypatch.setattr(folder_module, "assemble", lambda files, _: seen.update(files) or (None, ()))
    read_set_or_problems(root)
    assert len(seen["a.yaml"]) == LARGEST + 1


def test_a_set_that_is_too_large_is_not_read_whole(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "LARGEST_SET", 40)
    for name in "abc":
        (root / f"{name}.yaml").write_text(f"table: {name}\n{' ' * 20}\n")
    assert said(root)[0] == "P102 b.yaml"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "b.yaml").write_text(TABLE)
    (root / "b.yaml").chmod(0)
    (root / "c").mkdir(mode=0)
    assert said(root) == ["P141 c", "P141 b.yaml"]


@pytest.mark.parametrize("call", ["open", "scandir"])
def test_what_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "x").mkdir()
    (root / "x/b.yaml").write_text("table: b\n")
    real = getattr(os, call)

    def refuse(path: Path, *arguments: int) -> object:
        if "/x" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments)

    monkeypatch.setattr(os, call, refuse)
    _, (problem,) = read_set_or_problems(root)
    assert (problem.code, problem.place and problem.place.file) == ("P141", "x/b.yaml" if call == "open" else "x")
    assert "permission denied" in problem.message


def test_names_that_are_no_text(root: Path) -> None:
    (root / "a.yaml").write_text(TABLE)
    (root / "b\n.yaml").write_text("table: b\n")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.yaml")).write_text("table: c\n")
    _, problems = read_set_or_problems(root)
    assert [each.code for each in problems] == ["P141", "P141"]
    assert all(f"{each}".isprintable() for each in problems)


def test_an_include_reads_nothing_outside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "outside.yaml").write_text("predicates: { p: q }\n")
    (root / "a.yaml").write_text("include: [../outside.yaml, /etc/passwd, ../../../../etc/passwd]\ntable: a\n")
    opened: list[str] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *more: opened.append(str(path)) or real(path, *more))
    assert said(root) == ["P143 a.yaml"] * 3
    assert opened == [str(root / "a.yaml")]

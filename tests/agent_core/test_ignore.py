"""Ignore rules, held against git itself."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from agent_core.ignore import IgnoreRules, PatternFile, is_own
from agent_core.workspace import Workspace
from tests.fakes.git import git


def make(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def untracked_of_git(root: Path) -> set[str]:
    listed = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return set(os.fsdecode(listed).split("\0")) - {""}


def same_as_git(root: Path) -> None:
    ours = set(Workspace.open(root).walk())
    assert ours == untracked_of_git(root)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


TREE = {
    **dict.fromkeys(("a.py", "a.pyc", "keep.pyc", "build/x", "build/keep", "src/build", "src/a.pyc"), ""),
    **dict.fromkeys(
        ("src/deep/build/x", "docs/a/b/c.txt", "docs/b/c.txt", "x y", "#hash", "!bang", "logs/1.log"), ""
    ),
    **dict.fromkeys(
        ("foo/bar/baz", "foo/keep/me", "foo/file", "weird[1].txt", "back\\slash", "ümlaut.txt", "n\nl"), ""
    ),
}


@pytest.mark.parametrize(
    "rules",
    [
        "*.pyc\n!keep.pyc\n",
        "build/\n",
        "build\n!src/build\n",
        "/build\n",
        "src/build\n",
        "docs/**/c.txt\n",
        "**/b/c.txt\n",
        "foo/*\n!foo/keep\n",
        "foo/**\n!foo/keep/\n!foo/keep/me\n",
        "foo/*\n!foo/bar/\n",
        "/*\n!/src/\n/src/*\n!/src/deep/\n",
        "*\n!*/\n!*.txt\n",
        "**\n!a.py\n",
        "\\#hash\n\\!bang\nx\\ y\n",
        "x y   \n",
        "weird\\[1\\].txt\nback\\\\slash\n",
        "[a-k]*\n",
        "[[:alpha:]].py\n[![:alnum:]]*\n[[:upper:][:digit:]]*\n",
        "weird[[]1].txt\n[^[]ogs\n",
        "[!a]*.pyc\n",
        "?.py\n",
        "logs/*.log\n\n# comment\n",
        "a.py\r\nlogs/\r\n",
        "*/\n",
        "foo/\n!foo/\n",
        "[\n\\\n/\n//\n!\n",
        "ümlaut.txt\n",
        "\ufeffa.py\n",
        "docs/*/b\n",
        "n*l\n",
        "foo/**/\n",
    ],
)
def test_the_same_files_as_git(repository: Path, rules: str) -> None:
    make(repository, TREE | {".gitignore": rules})
    same_as_git(repository)


def test_nested_files_negation_and_exclude(repository: Path) -> None:
    make(
        repository,
        TREE
        | {
            ".gitignore": "*.txt\n*.log\n",
            "docs/.gitignore": "!c.txt\n/b/\n",
            "src/.gitignore": "*\n!.gitignore\n!build\n",
            ".git/info/exclude": "a.py\n*.pyc\n",
            "logs/.gitignore": "!*.log\n",
        },
    )
    same_as_git(repository)


def test_a_workspace_below_the_top_of_its_repository(repository: Path) -> None:
    make(repository, TREE | {".gitignore": "/docs/a\n*.pyc\n/c.txt\n", "docs/c.txt": ""})
    inside = Workspace.open(repository / "docs")
    assert set(inside.walk()) == {"b/c.txt", "c.txt"}


def test_a_work_tree_uses_the_shared_exclude_file(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = tmp_path_factory.mktemp("trees") / "second"
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "-q", str(tree))
    make(repository, {".git/info/exclude": "secret\n"})
    make(tree, {"secret": "", "open": ""})
    assert set(Workspace.open(tree).walk()) == {"open"}


def test_rules_hold_without_a_repository_and_dot_ignore_wins(tmp_path: Path) -> None:
    make(tmp_path, TREE | {".gitignore": "*.pyc\n", ".ignore": "!keep.pyc\nlogs/\n"})
    rules = IgnoreRules(tmp_path)
    assert rules.ignored("a.pyc")
    assert not rules.ignored("keep.pyc")
    assert rules.ignored("logs", is_dir=True)
    assert rules.ignored("logs/1.log")
    assert not rules.ignored(".")


def test_own_folders_are_always_ignored(tmp_path: Path) -> None:
    make(
        tmp_path,
        {".gitignore": "!.git\n!.dspy_tui\n", ".git/config": "", "sub/.dspy_tui/log": "", "sub/file": ""},
    )
    assert set(Workspace.open(tmp_path).walk()) == {".gitignore", "sub/file"}


def test_ignore_files_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / ".ignore").symlink_to("/etc/passwd")
    (tmp_path / "file").touch()
    (tmp_path / "sub" / ".gitignore").mkdir(parents=True)
    assert "file" in set(Workspace.open(tmp_path).walk())


def test_later_changes_are_seen(tmp_path: Path) -> None:
    make(tmp_path, {"file": "", "other": ""})
    workspace = Workspace.open(tmp_path)
    assert set(workspace.walk()) == {"file", "other"}
    make(tmp_path, {".gitignore": "other\n"})
    assert set(workspace.walk()) == {"file", ".gitignore"}


def test_patterns_made_to_hang_do_not(tmp_path: Path) -> None:
    rules = PatternFile(
        ["*a" * 30 + "b", "**/a" * 30 + "/b", "[a-a]*" * 20 + "b", "x/" + "*a" * 30 + "/y*z*w*q"]
    )
    name = "a" * 250
    deep = "/".join("a" * 900)
    assert rules.verdict(name, name, False) is None
    assert rules.verdict("a", deep, False) is None
    assert rules.verdict("q", f"x/{name}/q", False) is None


def test_random_rules_and_trees_are_judged_as_git_does(repository: Path) -> None:
    chance = random.Random(11)
    names = ["a", "b", "ab", "a.b", "c", ".h", "ba"]
    parts = ["a", "b", "*", "**", "a*", "*b", "?", "[ab]", "a?", "*.*", "[!a]", "ab"]
    files = {"/".join(chance.choice(names) for _ in range(chance.randint(1, 4))) for _ in range(80)}
    for file in sorted(files):
        path = repository / "t" / file
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            make(repository, {f"t/{file}": ""})
    for _ in range(60):
        lines: list[str] = []
        for _ in range(chance.randint(1, 4)):
            body = "/".join(chance.choice(parts) for _ in range(chance.randint(1, 3)))
            lines.append(
                chance.choice(["", "", "!"]) + chance.choice(["", "/"]) + body + chance.choice(["", "/"])
            )
        (repository / "t" / ".gitignore").write_text("\n".join(lines))
        ours = set(Workspace.open(repository).walk())
        assert ours == untracked_of_git(repository), lines


def test_what_was_learnt_is_no_part_of_the_project(tmp_path: Path) -> None:
    rules = IgnoreRules(tmp_path)
    learnt = (".dspy_rl_state.json", ".dspy_rl_events.1.jsonl", "..dspy_rl_state.json.7-ab.tmp")
    for name in (*learnt, ".dspy_tui"):
        assert rules.ignored(name) and is_own(name)
    assert not rules.ignored(".dspy_rl.json"), "the configuration of the offline part belongs to the project"

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from agent_core.errors import ConfigError
from agent_core.events import ActionClass
from agent_core.permissions import Permissions, RuleRow, exact_rule, parse_rule
from agent_core.shellwords import pieces, simple


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "state" / "permissions.json"


def rules(store: Path, *allow: str, deny: tuple[str, ...] = (), workspace: str = "/w") -> Permissions:
    return Permissions(workspace=Path(workspace), allow=allow, deny=deny, store=store)


def test_reads_are_free_and_the_rest_asks(store: Path) -> None:
    permissions = rules(store)
    found = {action: permissions.decide(action, "x") for action in get_args(ActionClass)}
    assert found == {
        "read": "allow",
        "heavy": "allow",
        "write": "ask",
        "run": "ask",
        "shell": "ask",
        "network": "ask",
    }
    assert not store.exists()


def test_deny_beats_allow_beats_ask(store: Path) -> None:
    permissions = rules(store, "shell", "write:docs/*", deny=("shell:rm *", "read:cat secret*"))
    assert permissions.decide("shell", "ls") == "allow"
    assert permissions.decide("shell", "rm x") == "deny"
    assert permissions.decide("write", "docs/a/b.md") == "allow"
    assert permissions.decide("write", "src/a") == "ask"
    assert permissions.decide("read", "cat secrets.txt") == "deny"
    assert permissions.decide("network", "x") == "ask"


@pytest.mark.parametrize(
    "command",
    [
        "git status; rm -rf x",
        "git status && rm x",
        "git status || rm x",
        "git status | sh",
        "git status & rm x",
        "git status\nrm x",
        "git status\r\nrm x",
        "git log > ~/.bashrc",
        "git log >> x",
        "git diff < /etc/passwd",
        "git log $(rm x)",
        "git log `rm x`",
        'git log "$(rm x)"',
        'git log "`rm x`"',
        "git log $HOME",
        "git log <(rm x)",
        "git status \\\nrm x",
        "git commit -m 'unbalanced",
        "git commit -m \"it's",
        "git status \\",
        "git (x)",
        "git status\0rm",
        "GIT_SSH_COMMAND=evil git fetch",
        " ; git status",
        "gitevil status",
        "rm x # git status",
    ],
)
def test_a_glob_is_not_fooled(store: Path, command: str) -> None:
    permissions = rules(store, "shell:git *", "run:git *")
    assert permissions.decide("shell", command) == "ask"
    assert permissions.decide("run", command) == "ask"


@pytest.mark.parametrize(
    "command",
    [
        "git status",
        "git",
        "git commit -m 'a; b && c'",
        'git commit -m "a | b"',
        "git add *.py",
        "git log --format='%h $x'",
        r"git add a\;b",
    ],
)
def test_plain_commands_match(store: Path, command: str) -> None:
    assert rules(store, "shell:git *").decide("shell", command) == "allow"


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf x",
        "ls; rm -rf x",
        "ls && sudo rm x",
        "/bin/rm x",
        "X=1 rm x",
        "r\\m x",
        "'rm' x",
        "echo $(rm x)",
        "echo `rm x`",
        "ls\nrm x",
        "env A=b rm x",
        "true | exec rm x",
        "rm",
    ],
)
def test_what_is_denied_is_found_inside(store: Path, command: str) -> None:
    assert rules(store, "shell", deny=("shell:rm *",)).decide("shell", command) == "deny"


def test_what_may_hide_something_denied_asks_though_all_is_allowed(store: Path) -> None:
    permissions = rules(store, "shell", deny=("shell:rm *",))
    assert permissions.decide("shell", "$(echo r)m x") == "ask"
    assert permissions.decide("shell", "ls | wc -l") == "ask"
    assert rules(store, "shell").decide("shell", "ls | wc -l") == "allow"


def test_a_path_cannot_climb_out_of_a_glob(store: Path) -> None:
    permissions = rules(store, "write:docs/*")
    assert permissions.decide("write", "docs/../src/x") == "ask"


def test_exactly_one_command(store: Path) -> None:
    for command in ("make test", "ls *.py | wc -l", "echo [a] ?", "a; b"):
        permissions = rules(store, exact_rule("shell", command))
        assert permissions.decide("shell", command) == "allow"
        assert permissions.decide("shell", command + " x") == "ask"
    assert rules(store, exact_rule("shell", "ls *.py")).decide("shell", "ls evil.py") == "ask"


def test_remembering_and_revoking(store: Path) -> None:
    permissions = rules(store, "network", deny=("shell:rm *",))
    permissions.remember("shell:make test")
    permissions.remember("shell:make test")
    assert permissions.decide("shell", "make test") == "allow"
    later = rules(store)
    assert later.decide("shell", "make test") == "allow"
    assert rules(store, workspace="/other").decide("shell", "make test") == "ask"
    assert permissions.list() == [
        RuleRow("shell:rm *", "deny", "setting"),
        RuleRow("network", "allow", "setting"),
        RuleRow("shell:make test", "allow", "remembered"),
    ]
    assert later.revoke("shell:make test")
    assert not later.revoke("shell:make test")
    assert rules(store).decide("shell", "make test") == "ask"


def test_a_denied_command_stays_denied_when_remembered(store: Path) -> None:
    permissions = rules(store, deny=("shell",))
    permissions.remember("shell:ls")
    assert permissions.decide("shell", "ls") == "deny"


def test_what_is_remembered_lies_outside_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "state"))
    root = tmp_path / "root"
    root.mkdir()
    Permissions(workspace=root).remember("run")
    assert list(root.iterdir()) == []
    assert Permissions(workspace=root).decide("run", "x") == "allow"


def test_a_broken_store_is_kept_aside(store: Path) -> None:
    store.parent.mkdir()
    store.write_text("{")
    permissions = rules(store)
    assert permissions.decide("run", "x") == "ask"
    assert str(store) in permissions.warning
    assert len(list(store.parent.glob("*.bad-*"))) == 1
    permissions.remember("run")
    assert rules(store).decide("run", "x") == "allow"


def test_a_broken_rule_in_the_store_grants_nothing(store: Path) -> None:
    store.parent.mkdir()
    store.write_text('{"schema": 1, "workspaces": {"/w": ["everything", "run"]}}')
    permissions = rules(store)
    assert permissions.decide("run", "x") == "allow"
    assert permissions.decide("shell", "x") == "ask"
    assert "everything" in permissions.warning


@pytest.mark.parametrize("text", ["", "shel", "*", "shell git", ":x", "Shell:x"])
def test_broken_rules(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a rule"):
        parse_rule(text)


def test_rules_round_trip() -> None:
    for text in ("shell", "shell:git *", "write:docs/**", "network:https://x:80/*"):
        assert str(parse_rule(text)) == text
    assert str(parse_rule(" write:* ")) == "write"


REMEMBER = """
import sys
from pathlib import Path
from agent_core.permissions import Permissions
for number in range(15):
    Permissions(workspace=Path("/w"), store=Path(sys.argv[1])).remember(f"shell:{sys.argv[2]} {number}")
"""


def test_two_processes_remember_at_once(store: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", REMEMBER, str(store), name]) for name in "ab"]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert len(rules(store).list()) == 30


def test_the_scanner() -> None:
    assert simple("a 'b;c' \"d|e\" \\;")
    assert not simple("a;b")
    assert "rm x" in pieces("sudo FOO=1 /usr/bin/rm x")
    assert simple("")
    assert pieces("") == []


def test_in_doubt_nothing_is_granted_and_reads_ask(store: Path) -> None:
    rules(store).remember("shell:ls")
    doubtful = Permissions(
        workspace=Path("/w"), allow=("shell", "run"), deny=("shell:rm *",), store=store, doubtful=True
    )
    assert {doubtful.decide(action, "ls") for action in get_args(ActionClass)} == {"ask"}
    assert doubtful.decide("shell", "rm x") == "deny"
    assert not any(doubtful.grants(action) for action in get_args(ActionClass))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{broken", "broken"),
        ('{"schema": 99}', "newer"),
        ('{"workspaces": {"/w": ["shel"]}}', "is not a rule"),
    ],
)
def test_what_is_wrong_with_the_store_is_told(store: Path, content: str, words: str) -> None:
    store.parent.mkdir(parents=True)
    store.write_text(content)
    assert words in rules(store).checked()
    assert rules(store.with_name("none.json")).checked() == ""

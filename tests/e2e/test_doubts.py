"""Files of the user's that are broken make nothing laxer, as processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Run, environment


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("config", "state"):
        (tmp_path / name / "dspy-tui").mkdir(parents=True)
    return tmp_path


def own(folders: Path) -> dict[str, str]:
    return environment(XDG_CONFIG_HOME=str(folders / "config"), XDG_STATE_HOME=str(folders / "state"))


@pytest.mark.parametrize("where", ["user", "workspace"])
@pytest.mark.parametrize(
    "content", ['deny = ["shell:*", "shel:x"]', 'deny = ["shell:*", 3]', 'deny = ["network", "shel:x"]']
)
def test_a_broken_rule_runs_nothing(run: Run, repo: Path, folders: Path, where: str, content: str) -> None:
    (repo / ".dspy_tui").mkdir()
    folder = folders / "config" / "dspy-tui" if where == "user" else repo / ".dspy_tui"
    (folder / "config.toml").write_text(content + "\n")
    done = run("--batch", "--allow", "shell", "-c", "!echo hi", env=own(folders))
    assert done.returncode == 2 and b"hi" not in done.stdout
    assert b"config.toml: deny" in done.stderr and b"Mend it first" in done.stderr
    assert run("config", "show", env=own(folders)).returncode == 0


@pytest.mark.parametrize("content", ["theme = = 3", "schema = 99"])
def test_a_users_file_that_cannot_be_used_runs_nothing(run: Run, folders: Path, content: str) -> None:
    (folders / "config" / "dspy-tui" / "config.toml").write_text(f'{content}\ndeny = ["shell:*"]\n')
    for line in (
        ("--batch", "--allow", "shell", "-c", "!echo hi"),
        ("stack", "init", "--allow", "write"),
        ("dispatch", "say hi"),
        ("logs", "ship"),
        ("mcp",),
    ):
        done = run(*line, env=own(folders))
        assert done.returncode == 2 and b"It is not known what is denied" in done.stderr, done
        assert b"hi" not in done.stdout


def test_what_is_wrong_with_remembered_rules_is_told(run: Run, folders: Path) -> None:
    store = folders / "state" / "dspy-tui" / "permissions.json"
    store.write_text('{"schema": 99}')
    done = run("--batch", "-c", "permissions", env=own(folders))
    assert done.returncode == 0 and b"permissions.json" in done.stderr and b"newer" in done.stderr
    store.write_text("{broken")
    done = run("--batch", "-c", "ls", env=own(folders))
    assert done.returncode == 0 and b"permissions.json: broken" in done.stderr

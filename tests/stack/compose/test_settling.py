"""What was typed: defaults, and a clear word for everything that makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.errors import AgentError, PathRefused, UsageError, WorkspaceError
from stack.compose import settling
from stack.compose.settling import Typed, settle


def settled(here: Path, configured: str = "", **typed: object):
    return settle(Typed(**typed), here=here, configured=configured)  # type: ignore[arg-type]


def test_defaults(tmp_path: Path) -> None:
    found = settled(tmp_path)
    assert (found.workspace, found.logs) == (tmp_path, tmp_path / "logs")
    assert found.out_dir == tmp_path / "docker" / "lightweight"
    assert (found.install_source, found.wheelhouse, found.gpu) == ("local", None, False)
    assert found.database.mount == "index" and "not set" in found.database.said


def test_an_installed_package_installs_a_released_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "checkout", lambda: None)
    assert settled(tmp_path).install_source == "pip"
    assert settled(tmp_path, pip_spec="dspy-code==1.2").pip_spec == "dspy-code==1.2"
    with pytest.raises(UsageError, match="not started from one"):
        settled(tmp_path, install_source="local")


def test_databases(tmp_path: Path) -> None:
    folder = tmp_path / "idx"
    folder.mkdir()
    assert settled(tmp_path, db="none").database.mount == ""
    assert settled(tmp_path, db="idx").database.mount == str(folder)
    found = settled(tmp_path, configured="s3://bucket/a").database
    assert (found.uri, found.mount) == ("s3://bucket/a", "") and "DSPY_TUI_DB_URI" in found.said
    assert "--db" in settled(tmp_path, configured="s3://bucket/a", db="db://b").database.said
    secret = settled(tmp_path, db="s3://me:hunter2hunter2@bucket/a").database
    assert "hunter2hunter2" in secret.uri and "hunter2hunter2" not in secret.said


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"workspace": "missing"}, "does not exist"),
        ({"workspace": "file"}, "not a folder"),
        ({"out_dir": "../elsewhere"}, "leaves the workspace"),
        ({"out_dir": "a/../../b"}, "leaves the workspace"),
        ({"out_dir": "."}, "the workspace itself"),
        ({"out_dir": "file"}, "not a folder"),
        ({"out_dir": "file/below"}, "not a folder"),
        ({"out_dir": "link/below"}, "symbolic link"),
        ({"logs": "missing"}, "no folder"),
        ({"wheelhouse": "missing"}, "no folder"),
        ({"wheelhouse": "empty"}, "no wheels"),
        ({"db": "missing"}, "not there"),
        ({"db": "s3://it's"}, "a quote"),
        ({"install_source": "local", "pip_spec": "x"}, "belongs to"),
        ({"install_source": "pip", "pip_spec": "--index-url=http://evil"}, "names no package"),
        ({"install_source": "pip", "pip_spec": "a\nRUN evil"}, "names no package"),
        ({"install_source": "pip", "pip_spec": "https://me:pw@host/x.whl"}, "a password"),
        ({"logs": "new\nline"}, "line break"),
    ],
)
def test_refusals(typed: dict[str, str], says: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    with pytest.raises(AgentError, match=says) as caught:
        settled(tmp_path, **typed)
    assert isinstance(caught.value, UsageError | WorkspaceError) and caught.value.exit_code in (2, 3, 7)


def test_a_workspace_with_a_line_break_is_refused_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "new\nline").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "new\nline")
    with pytest.raises(UsageError, match="line break"):
        settled(tmp_path, workspace="link")


def test_outside_only_by_the_whole_path(tmp_path: Path) -> None:
    workspace, other = tmp_path / "w", tmp_path / "other"
    workspace.mkdir()
    assert settled(workspace, out_dir=str(other)).out_dir == other
    other.symlink_to(workspace)
    with pytest.raises(PathRefused, match="symbolic link"):
        settled(workspace, out_dir=str(other))


def test_the_logs_may_be_anywhere_and_stay_where_they_are(tmp_path: Path) -> None:
    workspace, logs = tmp_path / "w", tmp_path / "logs"
    workspace.mkdir()
    logs.mkdir()
    assert settled(workspace, logs=str(logs)).logs == logs
    (workspace / "logs").write_text("")
    with pytest.raises(UsageError, match="not a folder"):
        settled(workspace)

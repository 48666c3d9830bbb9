"""Writing: what is the user's stays, what is a link is refused, what differs is shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent_core.errors import AgentError, PathRefused
from stack.compose import dotenv, settling, writing
from stack.compose.options import StackOptions
from tests.stack.options import options


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout, with what must not get into an image."""
    root = tmp_path / "checkout"
    for path in ("agent_core/a.py", "tui/b.py", "stack/c.py", "pyproject.toml", "README.md", "LICENSE"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    for path in (
        ".git/config",
        ".venv/x.py",
        ".env",
        "tui/.secret",
        "tui/__pycache__/b.pyc",
        "stack/id.pem",
        "tests/t.py",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("secret")
    (root / "tui/link.py").symlink_to(root / ".env")
    for module in (settling, writing):
        monkeypatch.setattr(module, "checkout", lambda: root)
    return root


@pytest.fixture
def opts(tmp_path: Path, checkout: Path) -> StackOptions:
    workspace = tmp_path / "w"
    workspace.mkdir()
    return options(workspace / "docker" / "lightweight", workspace=workspace)


def test_twice_is_once(opts: StackOptions) -> None:
    first = writing.plan(opts)
    assert not first.empty and not first.changed and not opts.out_dir.exists()
    writing.write(first)
    folder = opts.out_dir
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "prometheus.yml").stat().st_mode) & 0o444 == 0o444
    assert ".env\n" in (folder / ".gitignore").read_text() and opts.logs.is_dir()
    assert writing.plan(opts).empty
    assert (opts.workspace / ".dspy_tui" / "id").is_file(), "its owner's, before a container wants it"
    names = [file.name for file in first.files]
    assert names[:2] == [".gitignore", ".env"] and not list(folder.rglob("*.tmp"))


def test_a_strict_umask_does_not_lock_the_containers_out(opts: StackOptions) -> None:
    before = os.umask(0o077)
    try:
        writing.write(writing.plan(opts))
    finally:
        os.umask(before)
    for name in ("grafana", "grafana/dashboards", "grafana/dashboards/stack.json", "prometheus.yml"):
        assert (opts.out_dir / name).stat().st_mode & 0o044 == 0o044, name
    assert stat.S_IMODE((opts.out_dir / ".env").stat().st_mode) == 0o600


def test_only_our_packages_are_copied(opts: StackOptions, checkout: Path) -> None:
    writing.write(writing.plan(opts))
    source = opts.out_dir / "source"
    found = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    assert found == [
        ".made-by-dspy-tui",
        "LICENSE",
        "README.md",
        "agent_core/a.py",
        "pyproject.toml",
        "stack/c.py",
        "tui/b.py",
    ]
    (checkout / "tui/b.py").rename(checkout / "tui/d.py")
    (checkout / "stack/c.py").write_text("other")
    planned = writing.plan(opts)
    assert planned.changed == ("source/",)
    writing.write(planned)
    assert not (source / "tui/b.py").exists() and (source / "tui/d.py").exists()
    assert (source / "stack/c.py").read_text() == "other"


def test_wheels_are_copied_once(opts: StackOptions, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "a-1-py3-none-any.whl").write_bytes(b"x" * 100)
    (wheels / "spark-sql-kafka.jar").write_bytes(b"y" * 100)
    (wheels / "notes.txt").write_text("mine")
    with_wheels = options(opts.out_dir, workspace=opts.workspace, wheels=True, wheelhouse=wheels)
    writing.write(writing.plan(with_wheels))
    names = sorted(path.name for path in (opts.out_dir / "wheelhouse").iterdir())
    assert names == [".made-by-dspy-tui", "a-1-py3-none-any.whl", "spark-sql-kafka.jar"]
    assert writing.plan(with_wheels).empty


def test_a_change_is_shown_and_the_users_own_stay(opts: StackOptions) -> None:
    writing.write(writing.plan(opts))
    folder = opts.out_dir
    (folder / "docker-compose.yml").write_text("services: {}\n")
    (folder / "docker-compose.override.yml").write_text("services: {mine: {image: x:1}}\n")
    (folder / ".env").write_text(
        "# mine\nKAFKA_PORT=19092\nGRAFANA_PASSWORD='chosen'\nCOMPOSE_PROFILES=cpu,monitoring"
    )
    planned = writing.plan(opts)
    assert planned.changed == (".env", "docker-compose.yml")
    assert "-services: {}\n" in planned.diff and "+  kafka:\n" in planned.diff
    assert "adds OLLAMA_PORT" in planned.diff and "chosen" not in planned.diff
    writing.write(planned)
    env = (folder / ".env").read_text()
    assert env.startswith("# mine\nKAFKA_PORT=19092\n") and "OLLAMA_PORT=11434\n" in env
    assert env.count("KAFKA_PORT") == 1 and env.count("GRAFANA_PASSWORD") == 1
    assert "mine" in (folder / "docker-compose.override.yml").read_text()
    assert writing.plan(opts).empty and not planned.notes


@pytest.mark.parametrize(("there", "given"), [(4, "2g"), (8, "4g"), (15, "7g"), (64, "8g")])
def test_a_model_gets_at_most_half_of_the_memory(
    there: int, given: str, opts: StackOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dotenv, "gigabytes", lambda: there)
    (env,) = (file for file in writing.plan(opts).files if file.name == ".env")
    assert f"\nOLLAMA_MEMORY={given}\n" in env.content


def test_it_says_where_the_env_file_disagrees(opts: StackOptions) -> None:
    writing.write(writing.plan(opts))
    again = options(opts.out_dir, workspace=opts.workspace, gpu=True)
    assert "keeps its own COMPOSE_PROFILES" in writing.plan(again).notes[0]


@pytest.mark.parametrize(
    "name", [".env", "docker-compose.yml", "docker-compose.override.yml", "grafana", "source"]
)
def test_a_link_in_place_is_refused(name: str, opts: StackOptions, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    opts.out_dir.mkdir(parents=True)
    (opts.out_dir / name).symlink_to(elsewhere)
    with pytest.raises(PathRefused, match="symbolic link"):
        writing.plan(opts)
    assert not list(elsewhere.iterdir())


def test_a_folder_that_somebody_else_filled_is_left_alone(opts: StackOptions) -> None:
    mine = opts.out_dir / "source" / "mine.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("x")
    with pytest.raises(AgentError, match="was not made by stack init"):
        writing.plan(opts)
    assert mine.read_text() == "x"


def test_something_else_in_place_is_named(opts: StackOptions) -> None:
    (opts.out_dir / "Dockerfile").mkdir(parents=True)
    with pytest.raises(AgentError, match="a folder"):
        writing.plan(opts)


def test_bytes_that_are_no_text_in_the_env_file_stay(opts: StackOptions) -> None:
    writing.write(writing.plan(opts))
    env = opts.out_dir / ".env"
    env.write_bytes(b"NAME=\xff\xfe\n")
    writing.write(writing.plan(opts))
    assert env.read_bytes().startswith(b"NAME=\xff\xfe\n") and b"KAFKA_PORT" in env.read_bytes()

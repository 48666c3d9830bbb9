"""What the owner of a workspace makes before containers want it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.beginning import begin
from stack.engine.compose import Compose
from stack.engine.values import Program
from stack.running import Running
from tests.fakes.docker import put_docker

PROGRAM = Program(argv=("docker", "compose"), compose="2.40.3")


async def test_up_gives_the_workspace_its_name_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, folder = tmp_path / "shop", tmp_path / "stack"
    root.mkdir()
    folder.mkdir()
    put_docker(folder, monkeypatch, up=f"test -f {root}/.dspy_tui/id")
    stack = Running(compose=Compose(program=PROGRAM, folder=folder), folder=folder, root=root)
    operation = await stack.up()
    assert not list(root.iterdir()), "asking does nothing"
    await operation.run(lambda _: None)
    assert (root / ".dspy_tui" / "learning").is_dir()


def test_what_is_in_the_way_stops_nothing(tmp_path: Path) -> None:
    begin(tmp_path / "missing")
    (tmp_path / ".dspy_tui").write_text("a file")
    begin(tmp_path)
    assert (tmp_path / ".dspy_tui").read_text() == "a file"

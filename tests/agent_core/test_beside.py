"""Names beside others fit into a folder, and what a killed program left under them goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_core import beside


@pytest.mark.parametrize("name", ["a.py", "\u8a9e" * 80, "x" * 255, "caf\udce9"])
def test_a_name_beside_any_other_can_be_used_and_is_found_again(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "_OLD_S", -1.0)
    (tmp_path / name).touch()
    new, old = beside.name_beside(name, "new"), beside.name_beside(name, "old")
    (tmp_path / new).touch()
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        beside.remove_left_over(fd)  # it is of a program that runs
        assert sorted(os.listdir(tmp_path)) == sorted([name, new])
        monkeypatch.setattr(beside, "_alive", lambda pid: False)  # pyright: ignore
        (tmp_path / old).touch()
        beside.remove_left_over(fd)
    finally:
        os.close(fd)
    assert os.listdir(tmp_path) == [name]

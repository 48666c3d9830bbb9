"""What `stack init` says to do next."""

from __future__ import annotations

import shlex
import sysconfig
from pathlib import Path

import pytest

from stack.compose import telling
from tests.conftest import ROOT


def test_the_script_for_the_rights_is_named_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = shlex.quote(str(tmp_path / "a shop's $HOME"))
    script, given = telling.permit(workspace).split(" ", 1)
    assert (Path(script), given) == (ROOT / "scripts" / "fix_workspace_perms.sh", workspace)
    assert Path(script).is_file()
    monkeypatch.setattr(telling, "checkout", lambda: None)
    script, given = telling.permit(workspace).split(" ", 1)
    assert (Path(script).parent, given) == (Path(sysconfig.get_path("scripts")), workspace)

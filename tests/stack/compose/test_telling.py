"""What `stack init` says to do next."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from stack.compose import telling


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to any group")
def test_the_rights_without_the_script_leave_secrets_and_others_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "checkout", lambda: None)
    workspace = tmp_path / "a shop's $HOME"
    (workspace / "docker").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("x")
    (workspace / "link").symlink_to(outside)
    (workspace / "second").hardlink_to(outside)
    for name, mode in (("code.py", 0o644), ("docker/.env", 0o600), ("run", 0o755)):
        (workspace / name).write_text("x")
        (workspace / name).chmod(mode)
    before = outside.stat()
    subprocess.run(["sh", "-c", telling.permit(shlex.quote(str(workspace)))], check=True)

    def seen(path: Path) -> tuple[int, int]:
        status = path.stat()
        return status.st_gid, stat.S_IMODE(status.st_mode)

    assert seen(workspace) == seen(workspace / "docker") == (10001, 0o2775)
    assert seen(workspace / "code.py") == (10001, 0o664)
    assert seen(workspace / "run") == (10001, 0o775)
    assert seen(workspace / "docker" / ".env") == (0, 0o600)
    assert (outside.stat().st_gid, outside.stat().st_mode) == (before.st_gid, before.st_mode)

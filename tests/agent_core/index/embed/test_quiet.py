"""The embedder in the box tells nobody of its use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_it_leaves_no_id_of_the_machine(tmp_path: Path) -> None:
    """What onnxruntime would send bears an id that it keeps in the home folder.
    Without that, nothing is sent; the variable that turns it off is set whatever the environment says."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / "a.py").write_text("def redirects():\n    return 1\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DSPY_TUI_"))}
    script = "from tui.cli import main; raise SystemExit(main())"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            "--batch",
            "--set",
            "provider=none",
            "-c",
            "emb-index",
            "-c",
            "vretr redirects",
        ],
        cwd=work,
        env={**env, "HOME": str(home), "ORT_DISABLE_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "a.py" in done.stdout, done.stderr
    assert "vector" in done.stdout + done.stderr, "the embedder ran"
    left = [path.relative_to(home).as_posix() for path in home.rglob("*")]
    assert not [path for path in left if "microsoft" in path.lower() or "onnx" in path.lower()], left

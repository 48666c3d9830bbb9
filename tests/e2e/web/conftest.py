"""The screen as it is served to browsers, by the program as a process."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.e2e.conftest import PROGRAM, environment


class Serving:
    """`dspy-tui serve` in a folder."""

    def __init__(self, folder: Path, *words: str, home: Path) -> None:
        env = environment(HOME=str(home), XDG_CONFIG_HOME=str(home), XDG_STATE_HOME=str(home / "state"))
        command = [*PROGRAM, "serve", "--set", "provider=none", "--set", "index_in_background=false", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdout and self.process.stderr
        self.url = self.process.stdout.readline().strip()
        """With its token; "" where it ended."""
        self.said: list[str] = []
        self._reader = threading.Thread(target=self.said.extend, args=(self.process.stderr,))
        self._reader.start()

    @property
    def base(self) -> str:
        """The address without the token."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def family(self) -> list[psutil.Process]:
        """The programs of its pages, and what they started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code. Nothing of it is left."""
        family = self.family() if self.process.poll() is None else []
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(60)
        _, alive = psutil.wait_procs(family, timeout=30)
        assert not alive, alive
        return code


@pytest.fixture
def serving(repo: Path, tmp_path: Path) -> Iterator[Serving]:
    """One on a port of its own."""
    (tmp_path / "home").mkdir()
    found = Serving(repo, home=tmp_path / "home")
    try:
        yield found
    finally:
        if found.process.poll() is None:
            for each in found.family():
                each.kill()
            found.process.kill()
            found.process.wait()
        assert found.process.stdout
        found.process.stdout.close()

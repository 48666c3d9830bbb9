"""Where recordings are made: a home of its own with a repository and a log, and the program's environment."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = (sys.executable, "-P", "-c", "import sys; from tui.cli import main; sys.exit(main())")
LOG = "logs/links.log"
_KEPT = ("LD_LIBRARY_PATH", "DOCKER_HOST", "DOCKER_CONFIG")
_FRAMES = (
    ("request", "return self.send("),
    ("send", "response = self._send_handling_auth("),
    ("_send_handling_auth", "response = self._send_handling_redirects("),
    ("_send_handling_redirects", "raise TooManyRedirects("),
)
_PAGES = ("", "docs/", "blog/", "about", "pricing", "docs/quickstart", "docs/api", "status")
TESTS = {
    "tests/conftest.py": """\
import sys
import types


class AnyTransport(types.ModuleType):
    def __getattr__(self, name):
        return type(name, (Exception,), {})


sys.modules["httpcore"] = AnyTransport("httpcore")  # the tests go over no network


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")  # of newer Pythons
""",
    "tests/test_redirects.py": """\
import httpx
import pytest


def test_endless_redirects():
    found = {"status_code": 302, "headers": {"Location": "/"}}
    again = httpx.MockTransport(lambda request: httpx.Response(**found, request=request))
    with httpx.Client(transport=again) as client, pytest.raises(httpx.TooManyRedirects, match="redirects"):
        client.get("https://shop.example/account")
""",
}
"""What the source distribution lacks: a test, whatever httpcore is installed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A home with a repository in it; `env` is what the program is started with."""

    home: Path
    repository: Path
    env: dict[str, str]
    secrets: tuple[str, ...] = field(default=())
    """Words of this machine that no recording may hold."""

    def with_env(self, **more: str) -> Place:
        """The same with more in its environment."""
        return Place(self.home, self.repository, {**self.env, **more}, self.secrets)


@contextmanager
def place(source: Path, *, name: str = "httpx", **env: str) -> Iterator[Place]:
    """A copy of httpx's source, or of one with its names, in git, with a log of a program that uses it."""
    with TemporaryDirectory(prefix="recording-", ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve() / "home"
        repository = home / name
        shutil.copytree(source, repository, ignore=shutil.ignore_patterns(".git", ".dspy_tui", "*.egg-info"))
        (repository / LOG).parent.mkdir()
        (repository / LOG).write_text(log(repository / name / "_client.py"))
        for path, text in TESTS.items():
            (repository / path).parent.mkdir(exist_ok=True)
            (repository / path).write_text(text)
        made = Place(home, repository, environment(home) | env, (folder, socket.gethostname()))
        _commit(made)
        _python(home / "bin" / "python3")
        _shown_around(home / ".local" / "state" / "dspy-tui" / "tour.json")
        yield made


def environment(home: Path) -> dict[str, str]:
    """A person's environment who has just installed the program: no settings, no model, no broker."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "PATH": os.pathsep.join((str(home / "bin"), os.environ.get("PATH", os.defpath))),
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "OLLAMA_HOST": "http://127.0.0.1:1",  # one that runs here is nobody's business
    }


def _shown_around(path: Path) -> None:
    """That person has sent the tour away: it is not offered over what is to be seen."""
    path.parent.mkdir(parents=True)
    path.write_text('{"schema": 1, "offered": 1, "over": true}\n')


def _python(path: Path) -> None:
    """The `python3` of that person is the one that runs here, which has pytest."""
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)


def _commit(made: Place) -> None:
    """What lies there is committed, so that the screen shows a branch and what changes."""
    (made.repository / ".gitignore").write_text("/logs/\n")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "As it is")):
        subprocess.run(("git", *words), cwd=made.repository, env=made.env, check=True, capture_output=True)


def log(client: Path) -> str:
    """The log of a link checker that meets an endless redirect; its trace leads into the client's source."""
    at = datetime(2026, 11, 28, 9, 12, 4)
    lines: list[str] = []
    for number in range(360):
        at += timedelta(milliseconds=340 + number * 37 % 900)
        page, ms = _PAGES[number % len(_PAGES)], 40 + number * 53 % 170
        lines.append(f"{_time(at)} INFO links.check GET https://shop.example/{page} 200 in {ms} ms")
        if number % 97 == 96:
            lines.append(
                f"{_time(at)} WARNING links.retry https://shop.example/search answers slowly: 2.{number} s"
            )
    at += timedelta(seconds=1)
    lines.append(f"{_time(at)} ERROR links.check https://shop.example/account cannot be checked")
    lines += ["Traceback (most recent call last):", '  File "links/check.py", line 41, in follow',
              "    response = client.get(link.url)"]  # fmt: skip
    source = client.read_text().splitlines()
    for function, code in _FRAMES:
        within = next(n for n, line in enumerate(source) if line.lstrip().startswith(f"def {function}("))
        line = next(n for n in range(within, len(source)) if code in source[n])
        lines += [
            f'  File "httpx/{client.name}", line {line + 1}, in {function}',
            f"    {source[line].strip()}",
        ]
    lines.append("httpx.TooManyRedirects: Exceeded maximum allowed redirects.")
    for number in range(40):
        at += timedelta(milliseconds=400 + number * 41 % 700)
        page = _PAGES[number % len(_PAGES)]
        lines.append(f"{_time(at)} INFO links.check GET https://shop.example/{page} 200 in {60 + number} ms")
    return "\n".join(lines) + "\n"


def _time(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="milliseconds")

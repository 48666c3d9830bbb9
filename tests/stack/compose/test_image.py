"""The image that is run alone: built from wheels without a network, and used on a repository as people do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from agent_core import __version__
from stack.compose.dockerfile import image_dockerfile
from tests.conftest import ROOT
from tests.stack.compose.conftest import eventually, succeeds

pytestmark = pytest.mark.engine
NAME = "dspy-tui-alone"


def test_the_file_is_the_stack_s_own_up_to_how_it_begins() -> None:
    text = image_dockerfile("1.2.3", offline=False)
    assert text.count("FROM") == 4 and "spark" not in text
    assert text.index("USER 10001:10001") < text.index('ENTRYPOINT ["dspy-tui"]')
    assert "--find-links /wheelhouse dspy-code==1.2.3" in text and "--no-index" not in text
    assert "--no-index" in image_dockerfile("1.2.3", offline=True)


@pytest.fixture(scope="module")
def image(
    engine_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """Its name and the environment in which it is known, built by the script of `make image`."""
    parts = os.environ.get("DSPY_TUI_STACK_PARTS", "")
    if not parts:
        pytest.skip("DSPY_TUI_STACK_PARTS names no folder: `.ci/stack-parts DIR` makes what it needs")
    home = tmp_path_factory.mktemp("checkout")
    for name in ("agent_core", "stack", "scripts"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "dist").mkdir()
    wheels = Path(parts).resolve() / "wheels"
    shutil.copy(next(wheels.glob("dspy_code-*.whl")), home / "dist")
    command = [home / "scripts" / "image.sh", "--wheelhouse", wheels, "--tag", NAME]
    env = {**engine_env, "PYTHON": str(ROOT / ".venv" / "bin" / "python"), "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    yield f"{NAME}:{__version__}", engine_env
    subprocess.run(
        ["docker", "image", "rm", "--force", f"{NAME}:{__version__}", f"{NAME}:latest"],
        env=engine_env, capture_output=True, check=False,
    )  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository whose files are a person's, not root's."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "shop.py").write_text("def total(prices):\n    return sum(prices)\n")
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    for path in (root, *root.rglob("*")):
        os.chown(path, 1000, 1000)
    return root


def command(image: str, repo: Path, *words: str, flags: tuple[str, ...] = ()) -> list[str]:
    """How people run it."""
    mounted = ("-v", f"{repo}:/workspace", "-u", "1000:1000", "--network", "none")
    return ["docker", "run", "--rm", *flags, *mounted, image, *words]


def run(image: tuple[str, dict[str, str]], repo: Path, *words: str) -> str:
    done = subprocess.run(
        command(image[0], repo, *words), env=image[1], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_it_is_nobody_s_root_and_says_what_it_is(image: tuple[str, dict[str, str]]) -> None:
    about = json.loads(
        subprocess.run(
            ["docker", "image", "inspect", image[0]], env=image[1], capture_output=True, check=True
        ).stdout
    )[0]["Config"]
    assert (about["User"], about["Entrypoint"]) == ("10001:10001", ["dspy-tui"])
    labels = about["Labels"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_it_works_on_a_repository_that_is_mounted(image: tuple[str, dict[str, str]], repo: Path) -> None:
    assert run(image, repo, "--version") == f"dspy-tui {__version__}\n"
    checks = {
        each["name"]: each for each in json.loads(run(image, repo, "doctor", "--format", "json"))["checks"]
    }
    assert {checks[name]["verdict"] for name in ("settings", "python", "ripgrep", "git", "state")} == {"ok"}
    said = json.loads(run(image, repo, "--batch", "-c", "tree", "-c", "esearch total", "--format", "json"))
    assert said["results"][1]["data"]["hits"][0]["path"] == "shop.py"
    assert (repo / ".dspy_tui").stat().st_uid == 1000


SERVER = """
import asyncio
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer

OLD, NEW = "    return sum(prices)", "    return round(sum(prices), 2)"
BLOCK = f"<<<<<<< SEARCH\\n{OLD}\\n=======\\n{NEW}\\n>>>>>>> REPLACE"

async def main():
    async with ModelServer(port=8000) as server:
        server.script(Answer(text=(f"I mend it.\\n\\nshop.py\\n```python\\n{BLOCK}\\n```\\n",)))
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
"""A scripted model, in a container of the same image: what is edited shares its network."""
TEST = """
import unittest
from shop import total

class Total(unittest.TestCase):
    def test_cents(self):
        self.assertEqual(total([0.1, 0.2]), 0.3)
"""


@pytest.fixture
def server(image: tuple[str, dict[str, str]]) -> Iterator[str]:
    """The name of the container."""
    name = f"{NAME}-model-{os.getpid()}"
    words = ["docker", "run", "--detach", "--rm", "--name", name, "-v", f"{ROOT}/tests:/srv/tests:ro"]
    words += ["-e", "PYTHONPATH=/srv", "--entrypoint", "python", image[0], "-c", SERVER]
    subprocess.run(words, env=image[1], check=True, capture_output=True)
    try:
        eventually(lambda: "ready" in succeeds(["docker", "logs", name], env=image[1]), every=0.2)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], env=image[1], check=False, capture_output=True)


def test_it_edits_with_a_model_and_proves_it(
    image: tuple[str, dict[str, str]], repo: Path, server: str
) -> None:
    (repo / "test_shop.py").write_text(TEST)
    model = ("OPENAI_BASE_URL=http://127.0.0.1:8000/v1", "OPENAI_API_KEY=k", "MODEL_NAME=big")
    flags = tuple(word for each in model for word in ("-e", each))
    words = ["docker", "run", "--rm", *flags, "-v", f"{repo}:/workspace", "-u", "1000:1000"]
    words += ["--network", f"container:{server}", image[0], "--batch", "--format", "json", "--allow", "write"]
    words += [
        "--allow",
        "run",
        "--set",
        "test_cmd=python -m unittest -q",
        "-c",
        "edit @shop.py round to cents",
    ]
    said = json.loads(succeeds(words, env=image[1]))
    assert said["results"][0]["outcome"] == "verified"
    assert "round(sum(prices), 2)" in (repo / "shop.py").read_text()


def test_the_screen_opens_in_it(image: tuple[str, dict[str, str]], repo: Path) -> None:
    words = command(image[0], repo, flags=("-it", "-e", "TERM=xterm-256color"))
    child = pexpect.spawn(
        words[0], words[1:], env=dict(image[1]), dimensions=(36, 120), encoding="utf-8", timeout=180
    )
    try:
        child.expect("Ask")
        child.send("grep total\r")
        child.expect("1 match in 1 file")
        child.sendcontrol("q")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0

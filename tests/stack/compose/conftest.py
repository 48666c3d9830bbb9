"""A whole stack for real: both images built from wheels without a network, then up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from stack.compose.images import GRAFANA, KAFKA, PROMETHEUS
from tests.conftest import ROOT

CODE = "def total(prices):\n    return sum(prices)\n"
PROGRAM = Path(sys.executable).with_name("dspy-tui")
_BUILT_S, _PATIENCE_S = 900, 400
_KAFKA = r"""
FROM apache/kafka:4.3.1
USER root
RUN cd /etc/kafka/docker && \
    sed -i 's/^java .*/said=$(& 2>\&1) || echo "$said" | grep "already formatted" || exit 1/' run
USER appuser
"""
"""What the kit's image lacks of Apache's, which starts on a volume that it has formatted before."""
_PROMETHEUS = """\
FROM python:3.11-slim
COPY prometheus /bin/prometheus
USER 65534
ENTRYPOINT ["/bin/prometheus"]
"""
_GRAFANA = """\
FROM bb:1
RUN mkdir -p /www/api && echo '{}' > /www/api/health
USER 472
CMD ["httpd", "-f", "-p", "3000", "-h", "/www"]
"""
"""Grafana's own program cannot be had: this takes its place, user and health check."""


def succeeds(command: list[str | Path], *, env: Mapping[str, str], cwd: Path | None = None, give: str = "",
             timeout: float = _PATIENCE_S) -> str:  # fmt: skip
    """What a command prints on standard output; it has to end well."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, input=give
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}{done.stdout[-1000:]}"
    return done.stdout


T = TypeVar("T")


def eventually(check: Callable[[], T], *, every: float = 1.0) -> T:
    """What the check gives once that is something; it fails when nothing comes of it at all."""
    until = time.monotonic() + _PATIENCE_S
    while not (found := check()):
        assert time.monotonic() < until, "it never came"
        time.sleep(every)
    return found


@dataclass(frozen=True, slots=True)
class Real:
    """The stack of a workspace, written and started by our own commands."""

    workspace: Path
    parts: Path
    env: dict[str, str]

    def ours(self, *words: str, timeout: float = _PATIENCE_S) -> str:
        """Run `dspy-tui stack …`."""
        command: list[str | Path] = [PROGRAM, "stack", *words, "--workspace", self.workspace]
        return succeeds(command, env=self.env, timeout=timeout)

    def on_host(self, *words: str) -> str:
        """The same where the stack's ports are."""
        return self.beside(PROGRAM, "stack", *words, "--workspace", self.workspace)

    def beside(self, *command: str | Path) -> str:
        """Run a program where the stack's ports are: the engine has a network of its own here."""
        network = f"--net=/run/netns/{self.env['ENG_NS']}"
        return succeeds(["nsenter", network, *command], env=self.env)

    def app(self, what: str, workspace: Path, about: str) -> dict[str, Any]:
        """What the app sees there, see `on_the_stack.py`."""
        program = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.stack.compose.on_the_stack"]
        return json.loads(self.beside(*program, what, workspace, about))

    def docker(self, *words: str, give: str = "") -> str:
        """Run `docker` in the folder of the stack."""
        folder = self.workspace / "docker" / "lightweight"
        return succeeds(["docker", *words], env=self.env, cwd=folder, give=give)

    def inside(self, service: str, *words: str, give: str = "") -> str:
        """Run a command in a container of a service."""
        return self.docker("compose", "exec", "-T", service, *words, give=give)

    def page(self, url: str, *, service: str = "dspy-agent") -> str:
        """What an address in the stack's network answers."""
        code = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode(), end='')"
        return self.inside(service, "python", "-c", code, url)

    def states(self) -> dict[str, dict[str, Any]]:
        """What `stack ps` says, by service."""
        said = json.loads(self.ours("ps", "--format", "json"))
        return {each["name"]: each for each in said["services"]}

    def about(self, container: str, what: str) -> str:
        """Something of what the engine says about a container."""
        return self.docker("inspect", container, "--format", f"{{{{.{what}}}}}").strip()

    def image(self, service: str) -> str:
        """What a service's image is called."""
        config = json.loads(self.docker("compose", "--profile", "*", "config", "--format", "json"))
        return config["services"][service]["image"]


@pytest.fixture(scope="module")
def stack_parts() -> Path:
    """What the images are made of."""
    given = os.environ.get("DSPY_TUI_STACK_PARTS", "")
    if not given:
        pytest.skip("DSPY_TUI_STACK_PARTS names no folder: `.ci/stack-parts DIR` makes what it needs")
    return Path(given).resolve()


@pytest.fixture(scope="module")
def built(stack_parts: Path, kit: Path, engine_folder: Path, engine_env: dict[str, str],
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:  # fmt: skip
    """A stack that `stack init` wrote and `stack up` built and started; it is taken away at the end."""
    given = {
        name: value for name, value in engine_env.items() if not name.startswith(("COMPOSE_", "DSPY_TUI_"))
    }
    env = {**given, "HOME": str(tmp_path_factory.mktemp("home")), "ENG_DIR": str(engine_folder),
           "ENG_NS": f"t{os.getpid()}", "PYTHON": str(stack_parts / "spark" / "bin" / "python")}  # fmt: skip
    succeeds(["bash", kit / "engine" / "engine.sh", "genuine", "kafka", "spark", "ollama"], env=env)
    succeeds(["docker", "build", "--quiet", "--tag", KAFKA, "-"], env=env, give=_KAFKA)
    workspace = tmp_path_factory.mktemp("real") / "shop"
    workspace.mkdir()
    (workspace / "shop.py").write_text(CODE)
    real = Real(workspace, stack_parts, env)
    real.ours("init", "--wheelhouse", str(stack_parts / "wheels"))
    succeeds([ROOT / "scripts" / "fix_workspace_perms.sh", workspace], env=env)
    try:
        real.ours("up", timeout=_BUILT_S)
        yield real
    finally:
        real.docker("compose", "--profile", "*", "down", "-v")


@pytest.fixture
def real(built: Real) -> Real:
    """The same, with everything that starts by itself up again, whatever the test before has done."""
    built.ours("up")
    return built


@pytest.fixture
def monitored(real: Real, tmp_path: Path) -> Iterator[Real]:
    """The same with the profile `monitoring`: the genuine Prometheus, and what stands in for Grafana."""
    program = real.parts / "prometheus" / "usr" / "bin" / "prometheus"
    if not program.exists():
        pytest.skip("there is no genuine Prometheus: .ci/stack-parts takes it from Debian's packages")
    for image, dockerfile, folder in (
        (PROMETHEUS, _PROMETHEUS, program.parent),
        (GRAFANA, _GRAFANA, tmp_path),
    ):
        real.docker("build", "--quiet", "--tag", image, "--file", "-", str(folder), give=dockerfile)
    real.ours("up", "--profile", "monitoring", "prometheus", "grafana")
    yield real
    real.docker("compose", "--profile", "monitoring", "rm", "-sf", "prometheus", "grafana")

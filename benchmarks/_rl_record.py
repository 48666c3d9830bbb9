"""Records what tests, linter and type checker tell of bugs that are planted into real projects.

The projects come as released, with their own tests, from the package index; each run is a real one, in a
copy, as `rl train` does it. The type checker starts without a cache, as in CI. The linter is one that takes
its time: Ruff, in a thirtieth of a second, comes first in every sensible order, and with it the best fixed
order was within .1 s of an oracle on click. Times are those of the machine: leave it alone meanwhile.

    python -m benchmarks._rl_record --count 80 [--only click]
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import subprocess
import sys
import tarfile
import time
import venv
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.gathering import episodes_of
from agent_core.rl.offline.mutations import MutationKind
from agent_core.rl.offline.recording import Recorder, Recording, Standing
from agent_core.verify.sandbox import find_sandbox
from agent_core.workspace import Workspace

DATA = Path(__file__).parent / "data" / "rl"
_WORK = Path.home() / ".cache" / "dspy-tui" / "bench-rl"
_BUILDERS = ("flit_core", "hatchling", "setuptools", "wheel")
_TOOLS = ("pytest<9", "mypy==1.18.2", "pylint==3.3.9")
_EXCLUDED = ".venv\n__pycache__\n.mypy_cache\n.ruff_cache\n.pytest_cache\n"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project as it was released, what its tests need, and where its sources lie."""

    name: str
    version: str
    needs: tuple[str, ...] = ()
    sources: str = "src"


PROJECTS = (
    Project(name="click", version="8.1.8"),
    Project(name="jinja2", version="3.1.6", needs=("markupsafe", "trio")),
    Project(name="marshmallow", version="3.26.1", needs=("packaging", "pytz", "simplejson")),
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A bug: where and of which kind; what is seen of it, what each action told, and in how many seconds."""

    path: str
    line: int
    kind: MutationKind
    features: tuple[float, ...]
    found: tuple[bool, ...]
    seconds: tuple[float, ...]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A project's file."""

    project: str
    version: str
    actions: tuple[str, ...]
    commands: dict[str, str]
    machine: str
    recorded: str
    rows: tuple[Row, ...]


def config_of(project: Project) -> TrainingConfig:
    """How its checks are run."""
    return TrainingConfig(
        test_cmd="PYTHONPATH=src .venv/bin/python -m pytest -q -p no:cacheprovider",
        lint_cmd=f".venv/bin/pylint --disable=R,C --score=n --persistent=n {project.sources}",
        build_cmd=f".venv/bin/mypy --cache-dir=/dev/null {project.sources}",
        timeout_sec=60.0,
    )


def prepare(project: Project, folder: Path) -> Workspace:
    """Download a project, and make an environment for its tests."""
    root = folder / f"{project.name}-{project.version}"
    if not (root / ".venv" / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        builder = _environment(folder / "builder", _BUILDERS)
        _run(
            str(builder), "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
            "--no-build-isolation", "-d", str(folder), f"{project.name}=={project.version}",
        )  # fmt: skip
        with tarfile.open(folder / f"{root.name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        _run("git", "init", "-q", str(root))
        (root / ".git" / "info" / "exclude").write_text(_EXCLUDED)
        _environment(root / ".venv", (*_TOOLS, *project.needs))
        (root / ".venv" / "ready").touch()
    return Workspace.open(root)


def _environment(folder: Path, needs: tuple[str, ...]) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _run(str(python), "-m", "pip", "install", "-q", *needs)
    return python


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


async def record(project: Project, count: int, folder: Path) -> Recorded:
    """Run every action on so many bugs."""
    workspace, config = prepare(project, folder), config_of(project)
    kept = folder / f"{project.name}-outcomes"
    kept.mkdir(exist_ok=True)
    sandbox, _ = await find_sandbox()
    recorder = Recorder(
        workspace=workspace,
        settings=Settings(),
        config=config,
        folder=kept,
        sandbox=sandbox,
        progress=lambda standing: _tell(project.name, standing),
    )
    return _recorded(project, config, await recorder.record(count))


def _recorded(project: Project, config: TrainingConfig, recording: Recording) -> Recorded:
    episodes = episodes_of({project.name: recording})
    commands = {"run_tests": config.test_cmd, "lint": config.lint_cmd, "build": config.build_cmd}
    rows = [
        Row(
            path=bug.path,
            line=bug.mutation.line,
            kind=bug.mutation.kind,
            features=tuple(round(float(each), 4) for each in episodes.features[number]),
            found=tuple(bool(each) for each in episodes.found[number]),
            seconds=tuple(round(float(each), 3) for each in episodes.seconds[number]),
        )
        for number, bug in enumerate(recording.bugs)
    ]
    return Recorded(
        project=project.name,
        version=project.version,
        actions=episodes.actions,
        commands=commands,
        machine=f"{platform.machine()}, Python {platform.python_version()}",
        recorded=time.strftime("%Y-%m-%d"),
        rows=tuple(rows),
    )


def _tell(name: str, standing: Standing) -> None:
    left = "" if standing.left is None else f", {standing.left / 60:.0f} min left"
    print(f"{name}: {standing.done}/{standing.total}{left}: {standing.now}", file=sys.stderr, flush=True)


def main() -> int:
    """Record, and write a file for each project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=80, help="bugs of each project")
    parser.add_argument("--only", default="", help="this project alone")
    parser.add_argument("--work", type=Path, default=_WORK, help="where projects are kept")
    given = parser.parse_args()
    DATA.mkdir(parents=True, exist_ok=True)
    for project in PROJECTS:
        if given.only in ("", project.name):
            recorded = asyncio.run(record(project, given.count, given.work))
            encoded = msgspec.json.format(msgspec.json.encode(recorded), indent=0)
            (DATA / f"{project.name}.json").write_bytes(encoded + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

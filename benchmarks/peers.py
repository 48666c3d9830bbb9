"""Peers: other programs that do the same, each in an environment of its own, made by the first use.

The search library semble runs without its embedding model, which its package does not bring along: what is
compared is its lexical part (`alpha=0`), with its chunks, its knowledge of paths and definitions, and its
file boosts. The template miner Drain3 runs as it comes, or with the masks of its documentation. The bandits
of MABWiser and Vowpal Wabbit have their defaults.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.common import OUT, ROOT

SEMBLE = "semble==0.7.0"
DRAIN = "drain3==0.9.11"
MABWISER = "mabwiser==2.7.4"
VW = "vowpalwabbit==9.11.9"


def peer_python(requirement: str) -> Path:
    """The Python of a peer's environment (`out/peers/NAME`), which is made where it is missing."""
    folder = OUT / "peers" / requirement.partition("=")[0]
    python, done = folder / "bin" / "python", folder / requirement
    if not done.exists():
        print(f"benchmark: setting up {requirement} in {folder.relative_to(ROOT)} (once)", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", requirement], check=True, stdout=sys.stderr
        )
        done.touch()
    return python


class Drained(msgspec.Struct, frozen=True):
    """What Drain3 made of a log: the final template of each message, and the CPU seconds that it took."""

    templates: tuple[str, ...]
    cpu_s: float


def run_drain(
    logs: Mapping[str, Sequence[str]], *, masks: bool, files: Mapping[str, Path] | None = None
) -> dict[str, Drained]:
    """Have Drain3 mine each log on its own.

    Args:
        logs: The messages of each.
        masks: Whether it masks addresses, identifiers and numbers first, as its documentation shows.
        files: Further logs, as files of one message a line; reading them is part of the time.
    """
    with tempfile.TemporaryDirectory(prefix="bench-drain-") as folder:
        result = Path(folder) / "result.json"
        job: dict[str, Any] = {"masks": masks, "result": str(result)}
        job["logs"] = {name: list(messages) for name, messages in logs.items()}
        job["files"] = {name: str(path.resolve()) for name, path in (files or {}).items()}
        argv = [peer_python(DRAIN), ROOT / "benchmarks" / "_drain.py"]
        subprocess.run(argv, input=json.dumps(job), text=True, check=True, cwd=folder)
        return msgspec.json.decode(result.read_bytes(), type=dict[str, Drained])


class Answer(msgspec.Struct, frozen=True):
    """The files of the best chunks, best first, each once; and how long each round took."""

    ranked: tuple[str, ...]
    seconds: tuple[float, ...]


class Semble(msgspec.Struct, frozen=True):
    """One run. `files` are those that it indexed, relative to the root; times are in seconds."""

    index_s: float
    index_cpu_s: float
    files: tuple[str, ...]
    chunks: int
    answers: tuple[Answer, ...]


def run_semble(
    root: Path, queries: Sequence[str] = (), *, top: int = 10, rounds: int = 1, workers: int = 0
) -> Semble:
    """Index a folder in a fresh process, then answer.

    Args:
        root: The folder. What semble takes from it is its own choice, by extension and `.gitignore`.
        queries: What to ask, one after another.
        top: Chunks of an answer.
        rounds: How often each question is asked.
        workers: Processes that cut files into chunks; semble's default, 0, does it in its own.
    """
    python = peer_python(SEMBLE)
    with tempfile.TemporaryDirectory(prefix="bench-semble-") as folder:
        result = Path(folder) / "result.json"
        job = {"root": str(root), "queries": list(queries), "top": top, "rounds": rounds}
        # It keeps statistics of its searches in the user's cache folder.
        env = {**os.environ, "HOME": folder, "XDG_CACHE_HOME": folder, "SEMBLE_INDEX_WORKERS": str(workers)}
        subprocess.run(
            [python, ROOT / "benchmarks" / "_semble.py"],
            input=json.dumps({**job, "result": str(result)}), text=True, check=True, env=env,
        )  # fmt: skip
        return msgspec.json.decode(result.read_bytes(), type=Semble)

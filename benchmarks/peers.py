"""The search library semble, as a peer of the index: in an environment of its own, made by the first use.

It runs without its embedding model, which its package does not bring along: what is compared is its lexical
part (`alpha=0`), with its chunks, its knowledge of paths and definitions, and its file boosts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.common import OUT, ROOT

SEMBLE = "semble==0.7.0"
_FOLDER = OUT / "peers" / "semble"


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


def semble_python() -> Path:
    """The Python of semble's environment (`out/peers/semble`), which is made where it is missing."""
    python, done = _FOLDER / "bin" / "python", _FOLDER / SEMBLE
    if not done.exists():
        print(f"benchmark: setting up {SEMBLE} in {_FOLDER.relative_to(ROOT)} (once)", file=sys.stderr)
        venv.create(_FOLDER, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", SEMBLE], check=True, stdout=sys.stderr)
        done.touch()
    return python


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
    python = semble_python()
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

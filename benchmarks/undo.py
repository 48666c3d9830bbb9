"""What keeping the state before a turn costs, and undoing: beside git, and beside just reading the files.

    python -m benchmarks.undo [--files N] [--rounds N]

Three workspaces, each on the disk of `out/`: *git*, the source trees of Prometheus and ESLint together in a
repository with one commit; *plain*, the same files without git; *wide*, 100,000 files of about 400 bytes
without git.

`…_first_ratio` is the first snapshot ever, over copying every file once (*plain*, *wide*) or over `git stash
create` with one changed file (*git*); `…_over_read` is it over only reading them. `…_turn_ratio` is what
every later turn costs that changes one file, the look before and the look after it, over asking the system
twice for the state of every file (*plain*, *wide*) or over `git status` (*git*). `undo_ratio` is undoing a
turn that changed 300 files, over writing the same bytes as editors do: a new file beside the old one,
synced, renamed. `loop_ms` is the longest time that the event loop stood still meanwhile. `wide_kept_ratio`
is what the store takes on the disk, over what the files take.

First snapshots are made once each in a new store by turns with what they are compared with; ratios are those
of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.workspace import Workspace
from benchmarks.common import OUT, corpora, report

LIMITS = (
    ("git_first_ratio", "<=", 12.0),
    ("git_turn_ratio", "<=", 8.0),
    ("plain_first_ratio", "<=", 8.0),
    ("plain_turn_ratio", "<=", 10.0),
    ("wide_first_ratio", "<=", 3.0),
    ("wide_turn_ratio", "<=", 6.0),
    ("undo_ratio", "<=", 2.0),
    ("wide_kept_ratio", "<=", 1.2),
)
_REPOSITORIES = ("prometheus__prometheus", "eslint__eslint")
_UNDONE = 300
_SETTLE_S = 0.2
_TICK_S = 0.005


def git(folder: Path, *words: str) -> float:
    """Seconds of a git command."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0")
    began = time.perf_counter()
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def files(folder: Path) -> Iterator[Path]:
    """The workspace's files that are not ignored."""
    for path in Workspace.open(folder).walk():
        yield folder / path


def read(paths: list[Path]) -> float:
    """Seconds to read files."""
    began = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            file.read()
    return time.perf_counter() - began


def copied(paths: list[Path], target: Path) -> float:
    """Seconds to copy files into one folder, each under a number."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    began = time.perf_counter()
    for number, path in enumerate(paths):
        (target / str(number)).write_bytes(path.read_bytes())
    seconds = time.perf_counter() - began
    shutil.rmtree(target)
    return seconds


def looked(folder: Path) -> float:
    """Seconds to ask for the state of every file, twice."""
    began = time.perf_counter()
    for _ in range(2):
        waiting = [str(folder)]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False) and entry.name not in (".git", ".dspy_tui"):
                        waiting.append(entry.path)
    return time.perf_counter() - began


def written(folder: Path, contents: dict[str, bytes]) -> float:
    """Seconds to replace files, each whole and synced."""
    began = time.perf_counter()
    for name, content in contents.items():
        beside = folder / f"{name}.new"
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / name)
    return time.perf_counter() - began


class Turns:
    """Turns of one session in a workspace, timed; `stood` is the longest that the loop stood still."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = Checkpoints(workspace=Workspace.open(folder))
        self._count = 0
        self.stood = 0.0

    async def turn(self, change: Callable[[], object]) -> tuple[float, float]:
        """Seconds before a turn, and after it."""
        self._count += 1
        before = await self._timed(self._kept.before(f"t{self._count}", "bench"))
        change()
        return before, await self._timed(self._kept.after(f"t{self._count}"))

    async def undo(self) -> float:
        """Seconds to undo the last one."""
        return await self._timed(self._kept.undo())

    async def _timed(self, work: Any) -> float:
        async def tick() -> None:
            while True:
                began = time.perf_counter()
                await asyncio.sleep(_TICK_S)
                self.stood = max(self.stood, time.perf_counter() - began - _TICK_S)

        ticking = asyncio.create_task(tick())
        began = time.perf_counter()
        await work
        seconds = time.perf_counter() - began
        ticking.cancel()
        return seconds

    async def bytes(self) -> int:
        """What the store takes."""
        return (await self._kept.list()).bytes

    def close(self) -> None:
        """The session ends."""
        self._kept.close()


async def measure(folder: Path, rounds: int, *, with_git: bool) -> dict[str, Any]:
    """First snapshots and turns in a workspace, beside what they are compared with."""
    paths = list(files(folder))
    seen: dict[str, Any] = {
        "first": [],
        "first_peer": [],
        "read": [],
        "turn": [],
        "turn_peer": [],
        "stood": [],
    }
    changed = paths[len(paths) // 2]
    for _ in range(rounds):
        shutil.rmtree(folder / ".dspy_tui", ignore_errors=True)
        changed.write_bytes(changed.read_bytes() + b"x")
        time.sleep(_SETTLE_S)
        peer = git(folder, "stash", "create") if with_git else copied(paths, folder.parent / "copy")
        seen["first_peer"].append(peer)
        seen["read"].append(read(paths))
        turns = Turns(folder)
        before, _ = await turns.turn(lambda: None)
        seen["first"].append(before)
        for _ in range(5):
            seen["turn_peer"].append(git(folder, "status", "--porcelain") if with_git else looked(folder))
            seen["turn"].append(
                sum(await turns.turn(lambda: changed.write_bytes(changed.read_bytes() + b"x")))
            )
        seen["stood"].append(turns.stood)
        seen["bytes"] = await turns.bytes()
        turns.close()
    seen["taken"] = sum(path.stat().st_blocks * 512 for path in paths)
    return seen


async def undone(folder: Path, rounds: int) -> dict[str, Any]:
    """Undoing a turn that changed 300 files, beside writing them."""
    paths = list(files(folder))[:: max(1, len(list(files(folder))) // _UNDONE)][:_UNDONE]
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    seen: dict[str, Any] = {"undo": [], "undo_peer": []}
    turns = Turns(folder)

    def change() -> None:
        for name, content in contents.items():
            (folder / name).write_bytes(content + b"x")

    for _ in range(rounds):
        seen["undo_peer"].append(written(folder, contents))
        await turns.turn(change)
        seen["undo"].append(await turns.undo())
        if any((folder / name).read_bytes() != content for name, content in contents.items()):
            sys.exit("undo: the bytes are not those from before")
    seen["stood"] = turns.stood
    turns.close()
    return seen


def wide(folder: Path, count: int) -> Path:
    """A tree of small files, a hundred in each folder."""
    for number in range(count):
        path = folder / f"d{number // 5000}" / f"s{number // 100}" / f"f{number}.txt"
        if number % 100 == 0:
            path.parent.mkdir(parents=True)
        path.write_text(f"file {number} of a wide tree\n" * 14)
    return folder


def both(folder: Path) -> Path:
    """Two source trees side by side."""
    for name in _REPOSITORIES:
        shutil.copytree(
            corpora() / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns(".git", ".dspy_tui")
        )
    return folder


async def run(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Everything, one workspace after the other."""
    work = OUT / "work" / "undo"
    shutil.rmtree(work, ignore_errors=True)
    try:
        found: dict[str, dict[str, Any]] = {}
        repository = both(work / "git")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "first")):
            git(repository, *words)
        found["git"] = await measure(repository, options.rounds, with_git=True)
        found["plain"] = await measure(both(work / "plain"), options.rounds, with_git=False)
        found["undo"] = await undone(work / "plain", options.rounds)
        found["wide"] = await measure(wide(work / "wide", options.files), 1, with_git=False)
        return found
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> None:
    """Measure, print, and write `out/undo.json`; ends with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000, help="files of the wide tree (100,000)")
    parser.add_argument("--rounds", type=int, default=2, help="first snapshots of each (2)")
    options = parser.parse_args()
    found = asyncio.run(run(options))
    figures: dict[str, Any] = {}
    for name in ("git", "plain", "wide"):
        for what in ("first", "turn"):
            ours, peer = (statistics.median(found[name][key]) for key in (what, f"{what}_peer"))
            figures[f"{name}_{what}_ratio"] = ours / peer
            figures[f"{name}_{what}_ms"] = 1000 * ours
        if name != "git":
            figures[f"{name}_over_read"] = statistics.median(found[name]["first"]) / statistics.median(
                found[name]["read"]
            )
    ours, peer = (statistics.median(found["undo"][key]) for key in ("undo", "undo_peer"))
    figures["undo_ratio"] = ours / peer
    figures["undo_ms"] = 1000 * ours
    stood = [
        found["undo"]["stood"],
        *(value for name in ("git", "plain", "wide") for value in found[name]["stood"]),
    ]
    figures["loop_ms"] = 1000 * max(stood)
    figures["wide_kept_ratio"] = found["wide"]["bytes"] / found["wide"]["taken"]
    sys.exit(not report("undo", figures, LIMITS, **found))


if __name__ == "__main__":
    main()

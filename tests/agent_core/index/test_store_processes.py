"""The store and other processes: killed writers, readers beside a writer."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_core.index.rows import ChunkRow
from agent_core.index.store import Store
from tests.fakes.chunks import SMALL, put, row, vectors_of
from tests.fakes.tables import Tables

ROOT = Path(__file__).resolve().parents[3]
PATHS = [f"src/{number}.py" for number in range(12)]
KILLS = 8

WRITER = """
import sys
from agent_core.index.store import Store
from tests.agent_core.index.test_store_processes import PATHS, SMALL, rows_of, vectors_for
store = Store.open(sys.argv[1], embedder=SMALL)
print("ready", flush=True)
first = int(sys.stdin.readline())
for generation in range(first, first + int(sys.argv[2])):
    rows = rows_of(generation)
    store.apply(rows, paths=PATHS)
    store.add_vectors(vectors_for(rows))
    store.flush()
    if generation % 3 == 0:
        store.tidy()
print("done", flush=True)
"""


def rows_of(generation: int) -> list[ChunkRow]:
    """What all files hold in a generation; half of it is new."""
    return [
        row(
            path,
            f"{path} {number} of {generation if number % 2 else 0} " + "word " * 60,
            file_hash=str(generation),
        )
        for path in PATHS
        for number in range(4 + generation % 3)
    ]


def vectors_for(rows: list[ChunkRow]) -> dict[bytes, object]:
    return dict(vectors_of(*(found.text for found in rows)))


@contextmanager
def writer(place: Path, generations: int) -> Iterator[subprocess.Popen[str]]:
    """A process that writes generation after generation once it is told the first one's number."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), str(generations)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def generation_of(place: Path) -> int:
    """The generation that the tables hold, after a proof that they hold exactly that."""
    found = Tables(place).rows()
    generations = {chunk.file_hash for chunk in found}
    assert len(generations) == 1
    generation = int(generations.pop())
    expected = rows_of(generation)
    assert sorted(found, key=lambda chunk: chunk.id) == sorted(expected, key=lambda chunk: chunk.id)
    return generation


def states(store: Store) -> set[str]:
    """The file hashes that a store tells."""
    return {state for ids in store.ids_by_path().values() for state in ids.values()}


def test_a_killed_writer_leaves_the_old_rows_or_the_new_ones(tmp_path: Path) -> None:
    place = tmp_path / "lance"
    store = Store.open(str(place), embedder=SMALL)
    store.apply(rows_of(1), paths=PATHS)
    store.close()
    chance = random.Random()
    generation, kills = 1, 0
    while kills < KILLS or generation == 1:
        kills += 1
        with writer(place, 10_000) as child:
            assert child.stdin is not None
            child.stdin.write(f"{generation + 1}\n")
            child.stdin.flush()
            time.sleep(chance.uniform(0, 0.6 if kills <= KILLS else 10))
            child.send_signal(signal.SIGKILL)
            child.wait()
        store = Store.open(str(place), embedder=SMALL)
        now = generation_of(place)
        assert now >= generation
        generation = now
        ids = {found.id for found in rows_of(generation)}
        assert {chunk_id for listed in store.ids_by_path().values() for chunk_id in listed} == ids
        tables = Tables(place)
        assert {chunk_id for chunk_id, _ in tables.search_text("word", 500)} == ids
        assert set(tables.vectors()) <= {found.text_hash for found in rows_of(generation)}
    store.tidy()
    assert generation_of(place) == generation
    fresh = Store.open(str(tmp_path / "fresh"), embedder=SMALL)
    put(fresh, rows_of(generation), vectors_for(rows_of(generation)), paths=PATHS)
    fresh.tidy()
    cached = Tables(place).cached() * 100
    assert store.size() <= 2 * fresh.size() + cached, "what killed writers left is gone"


def test_a_reader_sees_whole_generations_while_another_process_writes_and_tidies_up(tmp_path: Path) -> None:
    place = tmp_path / "lance"
    reader = Store.open(str(place), embedder=SMALL)
    reader.apply(rows_of(1), paths=PATHS)
    seen: list[int] = []
    with writer(place, 10_000) as child:
        assert child.stdin is not None
        child.stdin.write("2\n")
        child.stdin.flush()
        while child.poll() is None and len(set(seen)) < 20:
            (state,) = states(reader)
            seen.append(int(state))
            reader.cached_vectors([found.text_hash for found in rows_of(int(state))])
        assert child.poll() is None, "it goes on"
    assert seen == sorted(seen)
    assert int(*states(reader)) >= seen[-1]


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    one = Store.open(str(tmp_path / "lance"), embedder=SMALL)
    two = Store.open(str(tmp_path / "lance"), embedder=SMALL)
    for number in range(20):
        one.apply(
            [row("one.py", f"one {number}"), row("both.py", f"one {number}")], paths=["one.py", "both.py"]
        )
        two.apply(
            [row("two.py", f"two {number}"), row("both.py", f"two {number}")], paths=["two.py", "both.py"]
        )
    assert sorted((found.path, found.text) for found in Tables(tmp_path / "lance").rows()) == [
        ("both.py", "two 19"),
        ("one.py", "one 19"),
        ("two.py", "two 19"),
    ]


@pytest.mark.parametrize("module", ["agent_core.index.store", "agent_core.index.rows"])
def test_importing_the_store_loads_no_database(module: str) -> None:
    code = f"import sys, {module}; print({{'lancedb', 'pyarrow'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "set()\n"

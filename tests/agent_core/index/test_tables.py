"""The tables beside the image: given again what was removed, shared with others, done without."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agent_core.index import tables as module
from agent_core.index.client import WorkerIndex
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.image import Image
from agent_core.index.store import workspace_name
from agent_core.index.store_faults import fault
from agent_core.index.store_schema import CHUNKS, owned
from agent_core.index.tables import Tables
from agent_core.workers import wire
from tests.agent_core.index.workspaces import fresh, make, until
from tests.fakes import tables as asked
from tests.fakes.chunks import SMALL, vector_of
from tests.fakes.processes import gone, started

Open = Callable[..., WorkerIndex]


def embedded(root: Path) -> Image:
    """An index with all its vectors."""
    image = fresh(root)
    image.drop_vectors(embedder=SMALL.id, dims=SMALL.dims)
    texts = {chunk.text_hash for entry in image.files.values() for chunk in entry.row.chunks}
    image.add_vectors({text_hash: vector_of(text_hash.hex()) for text_hash in texts})
    return image


def open_tables(root: Path, image: Image, *, uri: str = "") -> Tables:
    folder = root / ".dspy_tui" / "index"
    folder.mkdir(parents=True, exist_ok=True)
    made = Tables(root=root, folder=folder, uri=uri, image=image, may_write=lambda: True)
    made.use(SMALL)
    return made


def paths_in(place: str | Path, root: Path | None = None) -> set[str]:
    name = CHUNKS if root is None else owned(CHUNKS, workspace_name(root))
    return {row.path for row in asked.Tables(place, chunks=name).rows()}


async def test_vectors_that_only_the_image_has_are_given_to_the_tables(tmp_path: Path) -> None:
    make(tmp_path, 3)
    image = embedded(tmp_path)
    wanted = {image.facts(chunk).text_hash for chunk in range(len(image.alive))}
    for removed in ("lance", "lance/chunks_1.lance", "lance"):
        shutil.rmtree(tmp_path / ".dspy_tui" / "index" / removed, ignore_errors=True)
        own = open_tables(tmp_path, image)
        await own.sync()
        await own.aclose()
        assert own.trouble == ""
        there = asked.Tables(tmp_path / ".dspy_tui" / "index" / "lance")
        assert there.vectors().keys() == wanted
        assert there.cached() == len(wanted)
        assert there.without_vector() == 0
        for text_hash, vector in there.vectors().items():
            np.testing.assert_allclose(vector, vector_of(text_hash.hex()), atol=1e-3)


async def test_tables_that_vanish_while_they_are_used_come_back_whole(tmp_path: Path) -> None:
    make(tmp_path, 3)
    own = open_tables(tmp_path, embedded(tmp_path))
    await own.sync()
    assert not own.gone()
    shutil.rmtree(tmp_path / ".dspy_tui" / "index" / "lance")
    assert own.gone()
    own.begin_anew()
    await own.sync()
    there = asked.Tables(tmp_path / ".dspy_tui" / "index" / "lance")
    assert len({row.path for row in there.rows()}) == 3
    assert there.without_vector() == 0
    await own.aclose()


async def test_removed_tables_get_the_vectors_again_and_none_is_made_twice(
    tmp_path: Path, open_index: Open
) -> None:
    make(tmp_path, 3)
    lance = tmp_path / ".dspy_tui" / "index" / "lance"
    index = open_index(tmp_path, embedder="minilm")
    count = (await index.embed(on_progress=lambda _: None)).chunks
    from agent_core.index.embed.minilm import INFO

    def kept() -> int:
        if not (lance / f"{CHUNKS}.lance").exists():
            return 0
        there = asked.Tables(lance, embedder=INFO)
        return len(there.vectors()) if CHUNKS in there.names else 0

    async def all_kept() -> bool:
        return kept() == count

    assert kept() == count
    shutil.rmtree(lance)  # under a process that goes on, and nothing changes
    await until(all_kept)
    await index.aclose()
    shutil.rmtree(lance)
    index = open_index(tmp_path, embedder="minilm")
    status = await index.build(on_progress=lambda _: None)
    assert status.embedded == count
    await until(all_kept)
    assert index.status.eta_s is None, "none was made again"


async def test_workspaces_that_share_a_place_share_vectors_and_nothing_else(tmp_path: Path) -> None:
    place = str(tmp_path / "shared")
    one, two = tmp_path / "a" / "project", tmp_path / "b" / "project"
    make(one, 4)
    make(two, 2)
    (two / "own.py").write_text("def only_here():\n    pass\n")
    first, second = open_tables(one, embedded(one), uri=place), open_tables(two, fresh(two), uri=place)
    await first.sync()
    await second.sync()
    await first.sync(now=True)
    assert len(paths_in(place, one)) == 4
    assert paths_in(place, two) == {"pkg0/module_0.py", "pkg1/module_1.py", "own.py"}
    chunks = [chunk.text_hash for entry in fresh(two).files.values() for chunk in entry.row.chunks]
    own = [chunk.text_hash for chunk in fresh(two).files["own.py"].row.chunks]
    assert (await second.known(chunks)).keys() == set(chunks) - set(own)
    assert 0 < second.size < sum(file.stat().st_size for file in Path(place).rglob("*"))
    await first.aclose()
    await second.aclose()
    assert not (one / ".dspy_tui" / "index" / "lance").exists()


async def test_a_place_that_cannot_be_used_is_told_and_left_alone_for_a_while(tmp_path: Path) -> None:
    make(tmp_path, 1)
    own = open_tables(tmp_path, fresh(tmp_path), uri="nowhere://bucket/index")
    await own.sync()
    assert own.trouble.startswith(
        "the index is not kept (the tables at nowhere://bucket/index cannot be opened"
    )
    assert "DSPY_TUI_DB_URI" in own.trouble
    own.trouble = ""
    assert await own.known([b"x" * 16]) == {}
    await own.sync()
    assert own.trouble == "", "not tried again"
    await own.sync(now=True)
    assert own.trouble, "somebody waits for it"
    await own.aclose()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Failed to get AWS credentials: ProviderError(...)", "no valid credentials"),
        ("Invalid input, No object store provider found for scheme: 'foo'", "no such kind of place"),
        ("lance error: LanceError(IO): Failed to resolve region for bucket 'x'", "Failed to resolve region"),
        ("x" * 5000, "xxx…"),
    ],
)
def test_what_is_wrong_elsewhere_is_said_in_short_with_a_next_step(text: str, told: str) -> None:
    made = fault("s3://bucket/x", "cannot be opened", RuntimeError(text))
    assert told in made.message
    assert len(made.message) < 300
    assert "DSPY_TUI_DB_URI" in made.hint
    assert not made.broken


async def test_a_call_that_never_ends_is_given_up_and_the_next_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, 1)
    own = open_tables(tmp_path, embedded(tmp_path))
    await own.sync()
    stuck = store_processes()
    (pid,) = stuck
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(module, "_STUCK_S", 0.2)
    await own.keep({b"y" * 16: vector_of("y")})
    assert "does not answer" in own.trouble
    monkeypatch.undo()
    await own.keep({b"y" * 16: vector_of("y")})
    assert own.trouble == ""
    assert store_processes().isdisjoint(stuck)
    assert (await own.known([b"y" * 16])).keys() == {b"y" * 16}
    await own.aclose()
    assert not store_processes()


async def test_a_process_that_dies_takes_nothing_with_it(tmp_path: Path) -> None:
    make(tmp_path, 3)
    image = embedded(tmp_path)
    own = open_tables(tmp_path, image)
    await own.sync()
    more = {b"y" * 16: vector_of("y")}
    await own.keep(more)
    for pid in store_processes():
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
    await own.keep(more)
    assert "ended" in own.trouble
    await own.keep(more)
    await own.sync()
    assert own.trouble == ""
    await own.aclose()
    there = asked.Tables(tmp_path / ".dspy_tui" / "index" / "lance")
    assert there.cached() == len(there.vectors()) + 1


async def test_what_waits_is_written_when_the_process_goes_to_rest(tmp_path: Path) -> None:
    make(tmp_path, 1)
    own = open_tables(tmp_path, fresh(tmp_path))
    await own.sync()
    await own.keep({b"y" * 16: vector_of("y")})
    await own._store._process._worker.rest()
    assert not store_processes()
    assert asked.Tables(tmp_path / ".dspy_tui" / "index" / "lance").cached() == 1
    assert not own.due(quiet=True), "it is not started again for that"
    assert (await own.known([b"y" * 16])).keys() == {b"y" * 16}
    await own.aclose()


async def test_large_files_are_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, 5)
    monkeypatch.setattr(module, "_CHARS_AT_ONCE", 4000)
    own = open_tables(tmp_path, embedded(tmp_path))
    await own.sync()
    assert own.trouble == ""
    await own.aclose()
    assert len(paths_in(tmp_path / ".dspy_tui" / "index" / "lance")) == 5


async def test_what_is_asked_for_comes_in_answers_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, 1)
    (tmp_path / "many.py").write_text(
        "".join(f"def one_of_many_{n}():\n    return {n}\n\n\n" for n in range(900))
    )
    large = EmbedderInfo(id="large@1", dims=1024, local=True)
    own = open_tables(tmp_path, fresh(tmp_path))
    own.use(large)
    hashes = [number.to_bytes(16, "big") for number in range(1200)]
    await own.keep(dict.fromkeys(hashes, np.full(1024, 1 / 32, np.float32)))
    monkeypatch.setattr(module, "_KNOWN_BYTES", 1_000_000)
    monkeypatch.setattr(wire, "MOST_BYTES", 1_100_000)
    assert (await own.known(hashes)).keys() == set(hashes)
    monkeypatch.setattr(wire, "MOST_BYTES", 2_000)
    await own.sync()
    await own.sync()
    assert own.trouble == ""
    own.begin_anew()
    await own.sync()
    assert own.trouble == "" and not own.due(quiet=True), "they hold what the image does"
    await own.aclose()
    assert len(asked.Tables(tmp_path / ".dspy_tui" / "index" / "lance", embedder=large).rows()) > 50


async def test_a_process_that_dies_whenever_it_is_asked_is_left_alone_for_a_while(tmp_path: Path) -> None:
    make(tmp_path, 1)
    own = open_tables(tmp_path, fresh(tmp_path))
    worker = own._store._process._worker
    worker._module = "agent_core.there_is_no_such_module"
    for _ in range(3):
        assert own.due(quiet=True)
        await own.sync()
        assert "ended" in own.trouble
    assert not own.due(quiet=True)
    worker._module = "agent_core.index.store_worker"
    await own.sync(now=True)
    assert own.trouble == "", "somebody waits for it"
    await own.aclose()


async def test_whoever_may_not_write_any_more_writes_nothing_at_the_end(tmp_path: Path) -> None:
    make(tmp_path, 1)
    folder = tmp_path / ".dspy_tui" / "index"
    folder.mkdir(parents=True)
    writes = [True]
    own = Tables(root=tmp_path, folder=folder, uri="", image=fresh(tmp_path), may_write=lambda: writes[0])
    own.use(SMALL)
    await own.sync()
    await own.keep({b"y" * 16: vector_of("y")})
    writes[0] = False
    await own.known([b"y" * 16])
    await own.aclose()
    assert asked.Tables(folder / "lance").cached() == 0


def store_processes() -> set[int]:
    """The processes that LanceDB runs in, started by this one."""
    return started("agent_core.index.store_worker")

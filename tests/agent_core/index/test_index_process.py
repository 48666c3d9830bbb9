"""The index as the program uses it: a process, real files, changes on disk."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import IndexFault, PermissionRefused
from agent_core.index.client import WorkerIndex
from agent_core.index.image import Image
from agent_core.index.store import Store
from agent_core.llm.port import ModelInfo
from agent_core.workspace import Workspace
from tests.agent_core.index.workspaces import chunks_of, fresh, make, source, until

Open = Callable[..., WorkerIndex]


def ignore(_: Any) -> None:
    return None


async def paths_of(index: WorkerIndex, query: str) -> list[str]:
    """The files that speak of a word: those found by something else than nearness."""
    answer = await index.search(query, limit=50)
    return [place.path for place in answer.places]


def on_disk(root: Path) -> Image:
    return Image.load(root / ".dspy_tui" / "index" / "image")


def stored_ids(root: Path) -> dict[str, set[str]]:
    store = Store.open(str(root / ".dspy_tui" / "index" / "lance"), embedder=None)
    return {path: set(ids) for path, ids in store.ids_by_path().items() if ids}


def assert_right(root: Path) -> None:
    """What is on disk is what a fresh index of the folder holds, in the file and in the tables."""
    wanted = fresh(root)
    assert chunks_of(on_disk(root)) == chunks_of(wanted)
    ids = {
        path: {chunk.id.hex() for chunk in entry.row.chunks}
        for path, entry in wanted.files.items()
        if entry.row.chunks
    }
    assert stored_ids(root) == ids


async def test_a_first_search_builds_the_index(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 8)
    (tmp_path / "pkg0" / "special.py").write_text("def zorbulate(value):\n    return value\n")
    index = open_index(tmp_path)
    answer = await index.search("where is zorbulate")
    assert answer.places[0].path == "pkg0/special.py"
    assert (answer.places[0].start, answer.places[0].end) == (1, 2)
    assert answer.places[0].text.startswith("def zorbulate")
    assert answer.status.files == 9
    assert answer.status.phase == "ready"


async def test_changes_are_found_without_being_told(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 6)
    index = open_index(tmp_path)
    await index.search("alpha")
    file = tmp_path / "pkg1" / "module_1.py"

    async def knows(word: str, path: str) -> bool:
        return path in await paths_of(index, word)

    file.write_text("def quuxify():\n    pass\n")
    await until(lambda: knows("quuxify", "pkg1/module_1.py"))
    file.rename(tmp_path / "pkg1" / "other.py")
    await until(lambda: knows("quuxify", "pkg1/other.py"))
    assert "pkg1/module_1.py" not in await paths_of(index, "quuxify")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "new.py").write_text("def frobnicate():\n    pass\n")
    await until(lambda: knows("frobnicate", "deep/er/new.py"))
    (tmp_path / "deep").rename(tmp_path / "moved")
    await until(lambda: knows("frobnicate", "moved/er/new.py"))
    shutil.rmtree(tmp_path / "moved")

    async def gone() -> bool:
        return not await paths_of(index, "frobnicate")

    await until(gone)
    (tmp_path / ".gitignore").write_text("other.py\n")

    async def ignored() -> bool:
        return not await paths_of(index, "quuxify")

    await until(ignored)


async def test_what_the_program_itself_changed_is_found_at_once(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 4)
    index = open_index(tmp_path)
    await paths_of(index, "zorbulate")
    for number in range(5):  # the disk would tell of each some time later
        name = f"new{number}.py"
        (tmp_path / name).write_text(f"def zorbulate_{number}x(value):\n    return value\n")
        index.stirred()
        assert name in await paths_of(index, f"zorbulate_{number}x")
        (tmp_path / name).unlink()
        index.stirred()
        assert name not in await paths_of(index, f"zorbulate_{number}x")


async def test_what_changed_while_nobody_watched_is_found_at_the_start(
    tmp_path: Path, open_index: Open
) -> None:
    make(tmp_path, 6)
    index = open_index(tmp_path)
    await index.build(on_progress=ignore)
    await index.aclose()
    file = tmp_path / "pkg2" / "module_2.py"
    state = file.stat()
    text = file.read_text()
    changed = text.replace("def ", "def z", 1)[: len(text)]
    file.write_text(changed)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # same size, same time of change
    (tmp_path / "pkg3" / "module_3.py").unlink()
    index = open_index(tmp_path)
    await index.build(on_progress=ignore)
    await index.aclose()
    assert_right(tmp_path)


async def test_git_switches_branches_back_and_forth(tmp_path: Path, open_index: Open) -> None:
    def git(*words: str) -> None:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    make(tmp_path, 30)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "other")
    for number in range(0, 30, 2):
        (tmp_path / f"pkg{number % 5}" / f"module_{number}.py").write_text(source(500 + number))
    (tmp_path / "pkg0" / "only_here.py").write_text("def only_here_now():\n    pass\n")
    git("add", ".")
    git("commit", "-qm", "two")
    index = open_index(tmp_path)
    await index.search("alpha")
    for _ in range(5):
        git("checkout", "-q", "main")
        git("checkout", "-q", "other")
    git("checkout", "-q", "main")

    async def settled() -> bool:
        answer = await index.search("only_here_now")
        return answer.status.behind == 0 and all(p.path != "pkg0/only_here.py" for p in answer.places)

    await until(settled)
    await index.build(on_progress=ignore)
    await index.aclose()
    assert_right(tmp_path)


async def test_killed_at_any_moment_the_next_start_is_right(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 60)
    rng = random.Random(11)
    for round_ in range(20):
        index = open_index(tmp_path)
        await index.open()
        process = index._process
        assert process is not None
        building = asyncio.create_task(index.build(on_progress=ignore))
        await asyncio.sleep(rng.random() * (0.6 if round_ < 8 else 2.5))
        for _ in range(rng.randrange(4)):
            number = rng.randrange(60)
            (tmp_path / f"pkg{number % 5}" / f"module_{number}.py").write_text(source(rng.randrange(9999)))
            await asyncio.sleep(rng.random() * 0.1)
        os.killpg(process.pid, signal.SIGKILL)
        with suppress(IndexFault):  # it may have been done
            await building
        await index.aclose()
        # The next start is looked at in a copy, so that the next kill meets what this one left.
        copy = tmp_path.parent / f"{tmp_path.name}-{round_}"
        shutil.copytree(tmp_path, copy)
        after = open_index(copy)
        await after.build(on_progress=ignore)
        await after.aclose()
        assert_right(copy)
        shutil.rmtree(copy)


async def test_a_process_that_died_is_started_again(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 3)
    index = open_index(tmp_path)
    await index.search("alpha")
    process = index._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)

    async def answers() -> bool:
        try:
            return bool((await index.search("alpha")).places)
        except IndexFault:
            return False

    await until(answers)


async def test_two_sessions_share_a_workspace(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 10)
    first, second = open_index(tmp_path), open_index(tmp_path)
    await asyncio.gather(first.build(on_progress=ignore), second.build(on_progress=ignore))
    assert first.status.alone != second.status.alone
    (tmp_path / "pkg0" / "both.py").write_text("def seen_by_both():\n    pass\n")
    for index in (first, second):

        async def knows(index: WorkerIndex = index) -> bool:
            return "pkg0/both.py" in await paths_of(index, "seen_by_both")

        await until(knows)
    writer, reader = (first, second) if first.status.alone else (second, first)
    await writer.aclose()

    async def takes_over() -> bool:
        return (await reader.build(on_progress=ignore)).alone

    await until(takes_over)
    (tmp_path / "pkg0" / "both.py").unlink()
    await reader.build(on_progress=ignore)
    await reader.aclose()
    assert_right(tmp_path)


async def test_a_broken_index_is_kept_aside_and_built_anew(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 5)
    index = open_index(tmp_path)
    await index.build(on_progress=ignore)
    await index.aclose()
    folder = tmp_path / ".dspy_tui" / "index"
    (folder / "image").write_bytes(b"not an index")
    for file in (folder / "lance").rglob("*.manifest"):
        file.write_bytes(b"broken")
    index = open_index(tmp_path)
    answer = await index.search("alpha")
    assert answer.places
    assert "broken" in answer.status.trouble
    await index.build(on_progress=ignore)
    await index.aclose()
    assert list(folder.glob("image.bad-*"))
    assert_right(tmp_path)


async def test_files_that_are_no_text(tmp_path: Path, open_index: Open) -> None:
    (tmp_path / "good.py").write_text("def findable_name():\n    pass\n")
    (tmp_path / "binary.dat").write_bytes(b"\0\1findable_name" * 100)
    (tmp_path / "latin.py").write_bytes("# gr\xfc\xdfe findable_name\n".encode("latin-1"))
    with (tmp_path / "huge.txt").open("wb") as file:
        file.write(b"findable_name " * 4_000_000)
    (tmp_path / "line.js").write_text("var findable_name=1;" * 40_000)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "outside").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.py").touch()
    (tmp_path / os.fsdecode(b"odd-\xff.py")).write_text("def findable_name(): pass\n")
    (tmp_path / "na\nme.py").write_text("def findable_name(): pass\n")
    index = open_index(tmp_path)
    found = await paths_of(index, "findable_name")
    assert set(found) >= {"good.py", "latin.py", "line.js", "na\nme.py"}
    assert not {"binary.dat", "huge.txt", "outside", "pipe"} & set(found)
    assert not any(path.startswith("loop/") for path in found)
    assert (await index.build(on_progress=ignore)).skipped == 2
    (tmp_path / os.fsdecode(b"odd-\xff.py")).write_text("def changed(): pass\n")
    (tmp_path / "good.py").write_text("def renamed_thing():\n    pass\n")

    async def goes_on() -> bool:
        return "good.py" in await paths_of(index, "renamed_thing")

    await until(goes_on)


async def test_where_nothing_may_be_written_it_answers_and_says_so(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 3)
    (tmp_path / ".dspy_tui").write_text("in the way")
    index = open_index(tmp_path)
    answer = await index.search("alpha")
    assert answer.places
    assert answer.status.trouble.startswith("the index is not kept")
    await index.aclose()
    assert (tmp_path / ".dspy_tui").read_text() == "in the way"


async def test_a_lock_that_cannot_be_taken_is_no_other_session(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 2)
    (tmp_path / ".dspy_tui" / "index" / "lock").mkdir(parents=True)
    index = open_index(tmp_path, embedder="minilm")
    status = await index.embed(on_progress=ignore)
    assert status.embedded == status.chunks > 0
    assert status.alone
    assert status.trouble.startswith("the index is not kept (")
    assert str(tmp_path / ".dspy_tui" / "index") in status.trouble
    assert "permissions" in status.trouble, "what to do about it"


async def test_no_vectors_without_an_embedder(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 2)
    index = open_index(tmp_path)
    with pytest.raises(IndexFault, match="no embedder"):
        await index.search("alpha", mode="vector")
    with pytest.raises(IndexFault, match="no embedder"):
        await index.embed(on_progress=ignore)


async def test_an_embedder_elsewhere_is_asked_about_until_it_may_be_used(tmp_path: Path) -> None:
    make(tmp_path, 2)
    settings = msgspec.structs.replace(
        Settings(), embedder="ollama", ollama_host="http://embedder.invalid:11434"
    )
    asked: list[str] = []
    allowed = False

    async def approve(info: ModelInfo) -> bool:
        asked.append(info.host)
        return allowed

    index = WorkerIndex(
        workspace=Workspace.open(tmp_path), settings=settings, publish=ignore, approve_host=approve
    )
    try:
        answer = await index.search("alpha")
        assert answer.places and answer.status.trouble == ""
        with pytest.raises(PermissionRefused, match=r"embedder\.invalid:11434"):
            await index.embed(on_progress=ignore)
        with pytest.raises(PermissionRefused):
            await index.search("alpha", mode="vector")
        allowed = True
        with pytest.raises(IndexFault):
            await index.embed(on_progress=ignore)
        assert "no vectors" in index.status.trouble, "now it was tried"
        assert len(asked) >= 3 and set(asked) == {"embedder.invalid:11434"}
        count = len(asked)
        assert (await index.search("alpha")).places
        assert len(asked) == count
    finally:
        await index.aclose()


async def test_vectors_are_made_once(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 4)
    (tmp_path / "pkg0" / "http.py").write_text(
        "def open_connection(host, port):\n    '''Connect a TCP socket to a server.'''\n    return host\n"
    )
    index = open_index(tmp_path, embedder="minilm")
    status = await index.embed(on_progress=ignore)
    assert status.embedded == status.chunks > 4
    answer = await index.search("open a tcp connection to the server", mode="vector")
    assert answer.places[0].path == "pkg0/http.py"
    await index.aclose()
    (tmp_path / ".dspy_tui" / "index" / "image").unlink()  # the tables still know them
    index = open_index(tmp_path, embedder="minilm")

    async def known() -> bool:
        status = (await index.search("alpha")).status
        return status.chunks > 0 and status.embedded == status.chunks

    await until(known)
    assert index.status.eta_s in (None, 0.0), "none was made again"

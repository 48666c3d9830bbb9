"""Container logs, as `docker compose logs` prints them; a script stands in for the program itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from agent_core.config import Settings
from agent_core.errors import LogFault
from agent_core.logs.sources import compose
from agent_core.logs.sources.compose import ComposeKind, ComposeSource
from agent_core.logs.sources.port import Begin, Block
from agent_core.workspace import Workspace

SAID = r"""web-1  | 2026-11-25T04:58:07.676923517Z INFO starting
job-2  | 2026-11-25T04:58:07.902981736Z {"level":"error","msg":"job broke"}
web-1  | 2026-11-25T04:58:07.677630751Z Traceback (most recent call last):
web-1  | 2026-11-25T04:58:07.677633606Z   File "/srv/app/main.py", line 7, in run
web-1  | 2026-11-25T04:58:07.677635208Z ValueError: no such thing
web-1  | 2026-11-25T04:58:07.699999999Z INFO starting again
web-1  | 2026-11-25T04:58:07.700000000Z panic: runtime error: index out of range
web-1  | 2026-11-25T04:58:07.700001000Z
web-1  | 2026-11-25T04:58:07.700002000Z goroutine 1 [running]:
web-1  | 2026-11-25T04:58:07.700003000Z main.serve(0x1)
web-1  | 2026-11-25T04:58:07.700004000Z     /srv/app/main.go:12 +0x1d
job-1  | 2026-11-25T04:58:07.711174295Z again
web-1  | 2026-11-25T04:58:08.000000000Z 2026-11-25 05:58:08 INFO tick
"""
LATER = r"""web-1  | 2026-11-25T04:58:08.000000000Z 2026-11-25 05:58:08 INFO tick
web-1  | 2026-11-25T04:58:09.000000000Z 2026-11-25 05:58:09 INFO tock
"""
SCRIPT = """#!/bin/sh
echo "$@" >> "$PWD/asked"
case "$*" in
*hang*) echo $$ > "$PWD/pid"; exec sleep 600 ;;
*plain*) printf "unknown shorthand flag: 'f' in -f\\nSee 'docker --help'.\\n" >&2; exit 125 ;;
*nope*) echo "no such service: nope" >&2; exit 1 ;;
*--follow*) echo $$ > "$PWD/pid"; cat "$PWD/later"; exec sleep 600 ;;
*) cat "$PWD/said" ;;
esac
"""


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ComposeKind:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "compose.yaml").write_text("services: {}\n")
    (root / "said").write_text(SAID)
    (root / "later").write_text(LATER)
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(SCRIPT)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return ComposeKind(Workspace.open(root), Settings(stack_dir="docker/lightweight"))


Ask = Callable[[], list[str]]


@pytest.fixture
def asked(kind: ComposeKind, tmp_path: Path) -> Ask:
    """What docker was asked so far."""
    return lambda: (tmp_path / "workspace" / "asked").read_text().splitlines()


async def all_of(source: ComposeSource) -> list[Block]:
    blocks: list[Block] = []
    while (block := await source.read()) is not None:
        blocks.append(block)
    return blocks


async def test_each_container_apart_with_times_where_they_are_needed(kind: ComposeKind, asked: Ask) -> None:
    source = kind.open("compose", Begin())
    said = {block.part: block.data.decode() for block in await all_of(source)}
    assert said == {
        "compose:web": "2026-11-25T04:58:07.676923517Z INFO starting\n"
        "2026-11-25T04:58:07.677630751Z Traceback (most recent call last):\n"
        '  File "/srv/app/main.py", line 7, in run\nValueError: no such thing\n'
        "2026-11-25T04:58:07.699999999Z INFO starting again\n"
        "2026-11-25T04:58:07.700000000Z panic: runtime error: index out of range\n\n"
        "goroutine 1 [running]:\nmain.serve(0x1)\n    /srv/app/main.go:12 +0x1d\n"
        "2026-11-25 05:58:08 INFO tick\n",
        "compose:job": "2026-11-25T04:58:07.711174295Z again\n",
        "compose:job#2": '{"level":"error","msg":"job broke"}\n',
    }
    (words,) = asked()
    assert words.endswith("logs --no-color --timestamps")
    await source.aclose()


async def test_following_goes_on_where_it_was_and_leaves_nothing(kind: ComposeKind, tmp_path: Path) -> None:
    source = kind.open("compose:web", Begin())
    await all_of(source)
    assert await source.more()
    (block,) = await all_of(source)
    assert (block.data, block.begins) == (b"2026-11-25 05:58:09 INFO tock\n", False)
    waiting = asyncio.create_task(source.more())
    pid = int((tmp_path / "workspace" / "pid").read_text())
    assert psutil.pid_exists(pid)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await source.aclose()
    assert not psutil.pid_exists(pid)


async def test_where_to_begin(kind: ComposeKind, asked: Ask) -> None:
    for begin in (Begin(since=1_700_000_000.0), Begin(most=0)):
        source = kind.open("compose:web", begin)
        await all_of(source)
        await source.aclose()
    assert [words.partition("--timestamps ")[2] for words in asked()] == [
        "--since 2023-11-14T22:13:20.000000Z -- web", "--tail 0 -- web"
    ]  # fmt: skip


async def test_a_service_is_no_option_and_silence_is_told(
    kind: ComposeKind, asked: Ask, tmp_path: Path
) -> None:
    (tmp_path / "workspace" / "said").write_text("")
    source = kind.open("compose:--help", Begin())
    assert await all_of(source) == []
    assert asked()[0].endswith("--timestamps -- --help")
    assert (source.note, source.unreadable) == ("no container has said anything", False)
    await source.aclose()


async def test_what_cannot_be(kind: ComposeKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for service, said in (("nope", "no such service: nope"), ("plain", "docker has no `compose` here")):
        source = kind.open(f"compose:{service}", Begin())
        with pytest.raises(LogFault, match=said):
            await source.read()
        await source.aclose()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    source = kind.open("compose", Begin())
    with pytest.raises(LogFault, match="docker cannot be run"):
        await source.read()
    (tmp_path / "workspace" / "compose.yaml").unlink()
    assert await kind.known() == ()
    with pytest.raises(LogFault, match="no compose file"):
        kind.open("compose", Begin())


async def test_an_engine_that_hangs_is_left(
    kind: ComposeKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_SILENT_S", 1.0)
    source = kind.open("compose:hang", Begin())
    with pytest.raises(LogFault, match="said nothing for 1 s"):
        await source.read()
    pid = tmp_path / "workspace" / "pid"
    if pid.exists():  # on a busy machine it is left before it has begun
        assert not psutil.pid_exists(int(pid.read_text() or 0))
    await source.aclose()


async def test_it_is_known_by_its_file(kind: ComposeKind) -> None:
    (facts,) = await kind.known()
    assert (facts.name, facts.note) == ("compose", "the containers of compose.yaml")

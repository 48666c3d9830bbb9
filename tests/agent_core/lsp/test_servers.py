"""The servers of a session, most of them hostile: no turn waits long, and nothing is left."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.errors import ServerFault
from agent_core.events import Notice
from agent_core.lsp.api import ServerSpec
from agent_core.lsp.comparing import report_of
from agent_core.lsp.detect import find_server
from agent_core.lsp.server import Server, StillReading
from agent_core.lsp.servers import LanguageServers
from agent_core.workspace import Workspace

HOSTILE = Path(__file__).with_name("hostile.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").write_text("name = 1\n")
    return root


@asynccontextmanager
async def servers_of(
    root: Path, mode: str, *, idle_s: float = 300.0
) -> AsyncIterator[tuple[LanguageServers, ServerSpec, list[Notice]]]:
    command = shlex.join([sys.executable, str(HOSTILE), mode])
    notices: list[Notice] = []
    servers = LanguageServers(
        workspace=Workspace.open(root),
        settings=Settings(lsp_commands={"python": command}),
        publish=notices.append,
        allows=lambda _: True,
        idle_s=idle_s,
    )
    (spec,) = await servers.specs_for(["app.py"])
    pids: list[int] = []
    try:
        yield servers, spec, notices
        pids = [row.pid for row in await servers.status() if row.pid]
    finally:
        await servers.aclose()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not list((Path(os.environ["XDG_STATE_HOME"])).rglob("lsp/*")), "its folder goes with it"


def said(text: str, within: float = 20.0) -> Callable[[Server], object]:
    async def ask(server: Server) -> object:
        return await server.said_of({"app.py": text}, within=within)

    return ask


@pytest.mark.parametrize("mode", ["dies", "floods", "huge", "babbles"])
async def test_one_that_misbehaves_is_told_of_once_and_not_asked_again(root: Path, mode: str) -> None:
    async with servers_of(root, mode) as (servers, spec, notices):
        with pytest.raises(ServerFault):
            await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]
        assert await servers.specs_for(["app.py"]) == (), "the session goes on without it"
        with pytest.raises(ServerFault):
            await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]
        (notice,) = notices
        assert notice.level == "warning" and "is not asked any more" in notice.message
        (row, *_) = await servers.status()
        assert row.state == "ended" and row.detail
        if mode == "dies":
            assert "out of luck" in row.detail


@pytest.mark.parametrize("mode", ["never", "hangs"])
async def test_one_that_hangs_is_given_up_in_bounded_time(
    root: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.lsp.server._START_S", 1.0)
    async with servers_of(root, mode) as (servers, spec, notices):
        with pytest.raises(ServerFault, match=r"no answer|not of the protocol|nothing"):
            await servers.use(spec, said("x = 1\n", within=1.0), within=60)  # type: ignore[arg-type]
        assert len(notices) == 1


async def test_who_waited_as_long_as_a_start_may_take_is_told_that_it_is_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.lsp.server._START_S", 1.0)
    monkeypatch.setattr("agent_core.lsp.servers._LONG_S", 0.5)
    async with servers_of(root, "never") as (servers, spec, notices):
        with pytest.raises(ServerFault, match="no answer") as told:
            await servers.use(spec, said("x = 1\n"), within=1.0)  # type: ignore[arg-type]
        assert not isinstance(told.value, StillReading) and len(notices) == 1


async def test_one_that_reads_the_project_for_ever_is_waited_for_once(root: Path) -> None:
    async with servers_of(root, "busy") as (servers, spec, notices):
        with pytest.raises(StillReading):
            await servers.use(spec, said("x = 1\n", within=0.5), within=60)  # type: ignore[arg-type]
        assert servers.reads_long(spec) and not notices
        assert await servers.specs_for(["app.py"]) == (spec,), "it may be ready next time"


async def test_what_makes_no_sense_is_left_out_and_the_rest_is_literal(root: Path) -> None:
    async with servers_of(root, "odd") as (servers, spec, notices):
        text = "wrong = '😀'\r\n"
        told = await servers.use(spec, said(text), within=60)  # type: ignore[arg-type]
        report = report_of(spec, told, {"app.py": text}, encoding="utf-16", sandboxed=True, mask=str)  # type: ignore[arg-type]
        assert [(each.line, each.column, each.severity, each.code) for each in report.findings] == [
            (1, 1, "error", "W1"),
            (2, 1, "error", ""),
        ]
        assert {each.path for each in report.findings} == {"app.py"}
        assert "\x1b" not in report.findings[0].message and "[bold]" in report.findings[0].message
        assert not notices


async def test_places_outside_are_left_out_and_those_beyond_the_end_brought_in(root: Path) -> None:
    async with servers_of(root, "fine") as (servers, _, _):
        found = await servers.places("app.py", 1, 1, "name", references=False, within=60)
        assert found is not None
        assert [(each.path, each.line) for each in found[1]] == [("app.py", 2)]


async def test_a_search_waits_no_longer_than_it_says_and_gives_no_server_up_for_it(root: Path) -> None:
    async with servers_of(root, "ponders") as (servers, spec, notices):
        await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(StillReading, match="not found out"):
            await servers.places("app.py", 1, 1, "name", references=False, within=0.5)
        assert time.monotonic() - began < 10 and not notices, "its own limit is 15 s"
        assert await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]


async def test_one_that_cannot_be_started_by_a_fault_of_ours_says_which(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Server:
        raise ImportError("no module named lsprotocol")

    async with servers_of(root, "fine") as (servers, spec, notices):
        monkeypatch.setattr(servers, "_start", broken)
        with pytest.raises(ServerFault, match="ImportError: no module named lsprotocol"):
            await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]
        assert len(notices) == 1


async def test_cancelling_leaves_the_server_and_others_can_go_on(root: Path) -> None:
    async with servers_of(root, "fine") as (servers, spec, notices):
        waiting = asyncio.Event()

        async def wait(server: Server) -> None:
            waiting.set()
            await asyncio.sleep(600)

        task = asyncio.create_task(servers.use(spec, wait, within=60))
        await asyncio.wait_for(waiting.wait(), 60)
        began = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert time.monotonic() - began < 30 and not notices
        assert await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]


async def test_one_that_nobody_uses_is_ended_and_started_again(root: Path) -> None:
    async with servers_of(root, "fine", idle_s=0.2) as (servers, spec, notices):
        await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]
        (row, *_) = await servers.status()
        pid = row.pid
        async with asyncio.timeout(60):
            while (await servers.status())[0].pid:
                await asyncio.sleep(0.05)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert await servers.use(spec, said("x = 1\n"), within=60)  # type: ignore[arg-type]
        assert not notices


def test_a_server_is_found_where_it_lies_and_only_what_can_run_counts(root: Path) -> None:
    workspace, env = Workspace.open(root), {"PATH": "/nowhere", "HOME": str(root.parent)}
    assert not find_server("python", workspace, Settings(), env=env).found
    program = root / ".venv/bin/pyright-langserver"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    (root / ".venv/bin/python").write_text("#!/bin/sh\n")
    for each in program.parent.iterdir():
        each.chmod(0o755)
    spec = find_server("python", workspace, Settings(), env=env)
    assert spec.found and spec.inside and spec.line == ".venv/bin/pyright-langserver --stdio"
    modules = root / "node_modules"
    (modules / "typescript").mkdir(parents=True)
    (modules / "typescript/package.json").write_text('{"version": "7.0.2"}')
    (modules / ".bin").mkdir()
    for name in ("tsc", "typescript-language-server"):
        (modules / ".bin" / name).write_text("")
        (modules / ".bin" / name).chmod(0o755)
    assert (
        find_server("typescript", workspace, Settings(), env=env).line
        == "node_modules/.bin/tsc --lsp --stdio"
    )
    (modules / "typescript/package.json").write_text('{"version": "5.9.3"}')
    found = find_server("typescript", workspace, Settings(), env=env)
    assert found.name == "typescript-language-server"


def test_settings_leave_one_out_or_name_another(root: Path) -> None:
    workspace = Workspace.open(root)
    off = find_server("go", workspace, Settings(lsp_commands={"go": "off"}))
    assert off.off and not off.found
    assert find_server("go", workspace, Settings(lsp=False)).off
    missing = find_server("go", workspace, Settings(lsp_commands={"go": "no-such-gopls -v"}))
    assert not missing.found and "no-such-gopls" in missing.why


def test_what_rustup_lays_there_without_the_server_does_not_count(tmp_path: Path, root: Path) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "rustup").write_text("#!/bin/sh\n")
    (bin_ / "rustup").chmod(0o755)
    (bin_ / "rust-analyzer").symlink_to("rustup")
    env = {"PATH": str(bin_), "HOME": str(tmp_path)}
    assert not find_server("rust", Workspace.open(root), Settings(), env=env).found
    real = tmp_path / ".rustup/toolchains/stable/bin/rust-analyzer"
    real.parent.mkdir(parents=True)
    real.write_text("")
    assert find_server("rust", Workspace.open(root), Settings(), env=env).found

from __future__ import annotations

import asyncio
import os
import shlex
import stat
import tempfile
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from agent_core.config import MASK, Settings, load
from agent_core.doctor import Check, run_checks, write_bundle
from agent_core.doctor.logs import check_logs
from agent_core.doctor.prompts import check_prompts
from agent_core.doctor.services import check_broker, check_ollama, check_openai
from agent_core.doctor.state import check_state
from agent_core.doctor.system import (
    check_git,
    check_python,
    check_ripgrep,
    check_sandbox,
    check_terminal,
)
from agent_core.skills.registry import load_skill
from agent_core.skills.saved import Prompt, add_version, fingerprint
from agent_core.workspace import Workspace

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Handler], Awaitable[int]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Real listeners on loopback ports; a handler's connection is closed when it returns."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler) -> int:
            async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await handler(reader, writer)
                except ConnectionError:
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(run, "127.0.0.1", 0)
            stack.callback(server.close)
            return server.sockets[0].getsockname()[1]

        yield start


def http(
    routes: dict[str, tuple[int, bytes]], seen: list[bytes] | None = None, chunked: bool = False
) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        status, body = routes.get(head.split(b" ")[1].decode(), (404, b"not found"))
        if chunked:
            half = len(body) // 2
            parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:], b""))
            writer.write(b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n%s" % (status, parts))
        else:
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        await writer.drain()

    return handler


async def closed_port() -> int:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\xff\x00SSH-2.0-x\r\n" * 20)
    await writer.drain()


def ollama(port: int, **more: object) -> Settings:
    return Settings(ollama_host=f"127.0.0.1:{port}", **more)  # type: ignore[arg-type]


TAGS = b'{"models":[{"name":"qwen3:1.7b","size":1},{"name":"tiny:latest"}]}'


@pytest.mark.parametrize("chunked", [True, False])
async def test_ollama_with_its_model(serve: Serve, chunked: bool) -> None:
    routes = {"/api/version": (200, b'{"version":"0.17.4"}'), "/api/tags": (200, TAGS)}
    port = await serve(http(routes, chunked=chunked))
    check = await check_ollama(ollama(port))
    assert check.verdict == "ok"
    assert "0.17.4" in check.detail
    assert (await check_ollama(ollama(port, ollama_model="tiny"))).verdict == "ok"
    missing = await check_ollama(ollama(port, ollama_model="other"))
    assert (missing.verdict, missing.next_step) == ("warn", "Pull it with `ollama pull other`.")


async def test_ollama_that_is_none(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_core.doctor.services._ANSWER", 0.2)
    refused = await check_ollama(ollama(await closed_port(), provider="ollama"))
    assert refused.verdict == "fail"
    assert "nothing listens" in refused.detail
    assert refused.next_step
    for handler, words in (
        (silent, "no answer within"),
        (garbage, "not HTTP"),
        (http({}), "not as Ollama does"),
        (http({"/api/version": (200, b"[" * 100_000)}), "not as Ollama does"),
        (http({"/api/version": (200, b'{"version":"1"}')}), "does not list"),
    ):
        check = await check_ollama(ollama(await serve(handler)))
        assert check.verdict == "warn"
        assert words in check.detail
    assert (await check_ollama(Settings(ollama_host="ftp://x"))).verdict == "warn"


async def test_the_openai_endpoint(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(http({"/v1/models": (200, b'{"data":[{"id":"m1"},{"id":"m2"}]}')}, seen))
    base = f"http://127.0.0.1:{port}/v1"
    check = await check_openai(Settings(openai_base_url=base, openai_api_key="k\x07ey", openai_model="m1"))
    assert check.verdict == "ok"
    assert b"Authorization: Bearer k" in seen[0]
    other = await check_openai(Settings(openai_base_url=base, openai_model="m3"))
    assert other.verdict == "warn"
    assert "m1, m2" in other.next_step
    assert b"Authorization" not in seen[1]
    empty = await serve(http({"/models": (200, b'{"object":"list","data":null}')}))
    assert (
        "answers, 0 models"
        in (await check_openai(Settings(openai_base_url=f"http://127.0.0.1:{empty}"))).detail
    )
    wrong = await check_openai(Settings(openai_base_url=f"http://127.0.0.1:{port}", provider="openai"))
    assert wrong.verdict == "fail"
    assert "/v1" in wrong.next_step


async def test_an_endpoint_that_refuses_the_key_or_is_not_configured(serve: Serve) -> None:
    port = await serve(http({"/models": (401, b"{}")}))
    check = await check_openai(Settings(openai_base_url=f"http://127.0.0.1:{port}", openai_api_key="k"))
    assert "refuses the key (401)" in check.detail
    assert (await check_openai(Settings())).verdict == "ok"
    assert (await check_openai(Settings(provider="openai"))).verdict == "fail"


async def kafka(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
    assert request[:4] == b"\0\x12\0\0"
    payload = request[4:8] + b"\0\0" + (1).to_bytes(4) + b"\0\x12\0\0\0\x04"
    writer.write(len(payload).to_bytes(4) + payload)
    await writer.drain()


async def test_the_broker(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_core.doctor.services._ANSWER", 0.2)
    gone, real = await closed_port(), await serve(kafka)
    check = await check_broker(Settings(kafka_bootstrap=f"127.0.0.1:{gone},127.0.0.1:{real}"))
    assert (check.verdict, check.detail) == ("ok", f"Kafka answers at 127.0.0.1:{real}")
    for handler, words in ((garbage, "not as Kafka"), (silent, "no answer within"), (http({}), "")):
        check = await check_broker(Settings(kafka_bootstrap=f"127.0.0.1:{await serve(handler)}"))
        assert check.verdict == "warn"
        assert words in check.detail
        assert check.next_step
    for text in ("nonsense", "host:99999", "host:", ":x", ""):
        assert "is not HOST:PORT" in (await check_broker(Settings(kafka_bootstrap=text))).detail


async def test_a_broker_with_security_is_asked_as_it_is_set_up(serve: Serve) -> None:
    tls = {"security_protocol": "SSL"}
    for port, security, words in (
        (await serve(kafka), {"security_protocol": "TLS"}, "kafka_security: security_protocol"),
        (await closed_port(), tls, "the connection is refused"),
        (await serve(garbage), tls, "does not speak Kafka as it is set up here"),
        (await serve(silent), tls, "does not answer as a Kafka broker"),
    ):
        settings = Settings(kafka_bootstrap=f"127.0.0.1:{port}", kafka_security=security)
        check = await check_broker(settings)
        assert check.verdict == "warn" and words in check.detail
        assert check.next_step


async def test_a_host_that_does_not_exist() -> None:
    check = await check_broker(Settings(kafka_bootstrap="no-such-host.invalid:9092"))
    assert check.verdict == "warn"
    assert (await check_broker(Settings(kafka_bootstrap=f"{'x' * 300}:9092"))).verdict == "warn"


@pytest.mark.parametrize(
    ("env", "tty", "size", "verdict", "words"),
    [
        (
            {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "de_DE.UTF-8"},
            True,
            (120, 36),
            "ok",
            "16 million",
        ),
        ({"TERM": "xterm-256color"}, True, (80, 24), "ok", "256 colours"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, (80, 24), "ok", "NO_COLOR"),
        ({"TERM": "xterm"}, True, (79, 24), "warn", "79x24"),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, True, (80, 24), "warn", "not UTF-8"),
        ({"TERM": "dumb"}, True, (80, 24), "warn", "dumb"),
        ({}, True, (80, 24), "warn", "unset"),
        ({"TERM": "xterm"}, False, (80, 24), "warn", "no terminal"),
    ],
)
async def test_terminals(
    env: dict[str, str], tty: bool, size: tuple[int, int], verdict: str, words: str
) -> None:
    check = await check_terminal(env, tty=tty, size=size)
    assert check.verdict == verdict
    assert words in check.detail
    assert (check.next_step == "") == (verdict == "ok")


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


async def test_programs_that_are_missing(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    assert (await check_git(env)).verdict == "warn"
    assert (await check_sandbox(env)).verdict == "warn"
    assert (await check_python()).verdict == "ok"
    assert (await check_ripgrep(dict(os.environ))).verdict == "ok"


async def test_a_sandbox_that_is_not_allowed(tmp_path: Path) -> None:
    program(tmp_path, "bwrap", 'echo "bwrap: No permissions to create new namespace" >&2; exit 1')
    check = await check_sandbox({"PATH": str(tmp_path)})
    assert "No permissions" in check.detail
    assert check.next_step


async def test_all_checks_have_a_name_a_verdict_and_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "user.toml").write_text("max_steps = 0\n")
    config = load(root=None, env={}, user_file=tmp_path / "user.toml")
    checks = await run_checks(config, env={"PATH": str(tmp_path), "TERM": "dumb"})
    assert [check.name for check in checks] == [
        *(
            "settings",
            "your folders",
            "python",
            "terminal",
            "ripgrep",
            "git",
            "sandbox",
            "ollama",
            "openai",
            "keys",
            "broker",
        ),
    ]
    assert checks[0].verdict == "warn"
    assert checks[1].detail.count("dspy-tui") == 2 and "state " in checks[1].detail
    assert "max_steps" in checks[0].detail
    assert all(check.next_step for check in checks if check.verdict != "ok")


def test_the_bundle_holds_no_secret(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    logs = workspace.ensure_state_dir("logs")
    (logs / "dspy-tui.jsonl").write_text('{"message":"key plain-old-secret and ghp_' + "a1B2" * 9 + '"}\n')
    (logs / "dspy-tui.jsonl.1").symlink_to("/etc/passwd")
    (tmp_path / "source.py").write_text("private")
    env = {"OPENAI_API_KEY": "plain-old-secret", "MY_TOKEN": "hidden-value", "TERM": "xterm"}
    config = load(root=workspace.root, env=env, user_file=tmp_path / "none")
    checks = [Check("openai", "fail", "plain-old-secret refused", "step")]
    target = write_bundle(config=config, checks=checks, workspace=workspace, folder=tmp_path, env=env)
    with zipfile.ZipFile(target) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    everything = "".join(content.values())
    assert set(content) == {"about.json", "checks.json", "settings.json", "logs/dspy-tui.jsonl"}
    for secret in ("plain-old-secret", "hidden-value", "a1B2a1B2", "private", "root:x:0"):
        assert secret not in everything
    assert f"{MASK} refused" in everything
    assert "MY_TOKEN" in content["about.json"]
    for name in ("about.json", "checks.json", "settings.json"):
        assert msgspec.json.decode(content[name])


def test_a_bundle_without_a_workspace(tmp_path: Path) -> None:
    config = load(root=None, env={}, user_file=tmp_path / "none")
    assert write_bundle(config=config, checks=[], workspace=None, folder=tmp_path).exists()


@pytest.mark.parametrize("pair", ["/srv/app", "=src", "/srv/app=none", "/srv/app=../.."])
async def test_paths_that_lead_nowhere(tmp_path: Path, pair: str) -> None:
    workspace = Workspace.open(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "app.log").write_text("x\n")
    right = ("/srv/app=.", "/srv/shop=src", "/srv=")
    assert (await check_logs(workspace, Settings(log_paths=right))).verdict == "ok"
    found = await check_logs(workspace, Settings(log_paths=(*right, pair)))
    assert found.verdict == "warn" and repr(pair) in found.detail


async def test_the_logs_of_a_workspace(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    found = await check_logs(workspace, Settings())
    assert (found.verdict, found.detail) == ("warn", "no log sources found in the workspace")
    assert "log_files" in found.next_step
    for number in range(5):
        (tmp_path / f"a{number}.log").write_text("x\n")
    (tmp_path / "a0.log.1").write_text("x\n")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    found = await check_logs(workspace, Settings())
    assert found.verdict == "ok" and found.detail.startswith("6 sources: a")
    assert found.detail.endswith("; and 3 more")
    names = [check.name for check in await run_checks(load(root=None, env={}), workspace=workspace, env={})]
    assert names[-5:-1] == ["state", "formats", "prompts", "logs"]


async def test_prompts_that_are_not_the_built_in_ones_are_named(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert (await check_prompts(workspace, Settings())).detail == "the built-in ones"
    folder = workspace.ensure_state_dir("skills")
    of_now = fingerprint(load_skill("ask")[0].conclude.signature)
    made = Prompt(made_for=of_now, instructions="Be brief.", before=0.25, after=0.75, examples=8)
    add_version(folder, "ask", {"conclude": made}, model="small", made=1.0)
    found = await check_prompts(workspace, Settings())
    assert found.verdict == "ok"
    assert "ask version 1, measured with small: conclude 0.25 → 0.75 on 8 examples" in found.detail
    stale = msgspec.structs.replace(made, made_for="0" * 16)
    add_version(folder, "ask", {"conclude": stale}, model="small", made=2.0)
    found = await check_prompts(workspace, Settings())
    assert found.verdict == "warn" and "made for another version" in found.detail
    (folder / "plan.json").write_text("{")
    found = await check_prompts(workspace, Settings())
    assert found.verdict == "warn" and "kept as plan.json.bad-" in found.detail and found.next_step


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can reach: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder).resolve()


async def test_a_state_that_somebody_else_made_is_named(public: Path) -> None:
    workspace = Workspace.open(public)
    assert (await check_state(workspace)).detail == ".dspy_tui is not made yet"
    image = workspace.ensure_state_dir("index") / "lance"
    image.mkdir()
    image.chmod(0o755)
    assert (await check_state(workspace)).verdict == "ok"
    if os.geteuid() != 0:
        image.chmod(0o500)
        found = await check_state(workspace)
        assert found.verdict == "warn" and found.detail.startswith(".dspy_tui/index/lance is yours")
        image.chmod(0o700)
        return
    state = workspace.state_dir
    for folder in (state, state / "index"):
        os.chown(folder, 4711, 4711)
    os.chown(image, 10001, 10001)
    os.seteuid(4711)
    try:
        found = await check_state(workspace)
        other = await check_state(Workspace(public, public / "volume"))
    finally:
        os.seteuid(0)
    assert found.verdict == "warn" and found.detail.startswith(".dspy_tui/index/lance belongs to user 10001")
    assert shlex.split(found.next_step) == ["sudo", "chown", "-R", "4711", str(state)]
    assert other.verdict == "ok" and other.detail == f"{public}/volume is not made yet"

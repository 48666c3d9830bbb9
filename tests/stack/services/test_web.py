"""The programs' pages, figures and log lines."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from stack.services import agent, health, router, spark_job, trainer, worker
from stack.services.base import Service, run
from stack.services.logs import correlated, correlation
from stack.services.metrics import Sample, exposition
from stack.services.web import Answer, serving
from tests.ports import free_ports


async def raw(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def test_the_exposition_is_what_prometheus_reads() -> None:
    text = exposition(
        [
            Sample("a_total", 1.0, "one\ntwo \\", {"x": 'q"\n\\'}),
            Sample("b", 0.5, "half"),
            Sample("a_total", 2.0, "", {"x": "y"}),
        ]
    )
    lines = text.splitlines()
    assert lines[:2] == ["# HELP a_total one\\ntwo \\\\", "# TYPE a_total counter"]
    assert lines[2:4] == ['a_total{x="q\\"\\n\\\\"} 1.0', 'a_total{x="y"} 2.0']
    assert lines[4:] == ["# HELP b half", "# TYPE b gauge", "b 0.5"]
    first, second = parsed(text)
    assert (first.type, second.type, first.documentation) == ("counter", "gauge", "one\ntwo \\")
    assert [sample.labels["x"] for sample in first.samples] == ['q"\n\\', "y"]


async def test_pages(capsys: pytest.CaptureFixture[str]) -> None:
    service = Service("dspy-test", reads=("agent.tasks",))
    service.measure("index_files", 7, "Files")
    port = free_ports(1)

    async def program(service: Service) -> None:
        await service.waits("nothing to read yet")

    running = asyncio.create_task(run(service, program, host="127.0.0.1", port=port))
    url = f"http://127.0.0.1:{port}"
    while service.standing.state != "waiting":
        await asyncio.sleep(0)
    assert await asyncio.to_thread(health.main, [f"{url}/health"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["reason"], said["reads"]) == (
        "waiting",
        "nothing to read yet",
        ["agent.tasks"],
    )
    head, _, body = (await raw(port, b"GET /metrics HTTP/1.1\r\nX-Correlation-Id: abc-1\r\n\r\n")).partition(
        b"\r\n\r\n"
    )
    assert b" 200 OK\r\n" in head and b"X-Correlation-Id: abc-1" in head
    assert all(family.samples and family.documentation for family in parsed(body.decode()))
    figures = body.decode().splitlines()
    assert 'dspy_tui_state{service="dspy-test",state="waiting"} 1.0' in figures
    assert 'dspy_tui_state{service="dspy-test",state="working"} 0.0' in figures
    assert 'dspy_tui_index_files{service="dspy-test"} 7' in figures
    assert (await raw(port, b"GET /else HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert (await raw(port, b"POST /health HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (await raw(port, b"HEAD /health HTTP/1.0\r\n\r\n")).endswith(b"\r\n\r\n")
    service.stopping.set()
    await running
    assert service.standing.state == "stopping"
    assert await asyncio.to_thread(health.main, [f"{url}/health"]) == 1


async def test_hostile_requests_end_alone() -> None:
    def answer(path: str) -> Answer:
        return Answer(200, "text/plain", path.encode())

    port = free_ports(1)
    async with serving(answer, host="127.0.0.1", port=port):
        assert await raw(port, b"x" * 100_000 + b"\r\n\r\n") == b""
        assert b" 400 " in await raw(port, b"\xff\xfe GET\r\n\r\n")
        _, unfinished = await asyncio.open_connection("127.0.0.1", port)
        unfinished.close()
        assert (await raw(port, b"GET /a HTTP/1.1\r\n\r\n")).endswith(b"/a")


def test_what_belongs_together_has_one_id() -> None:
    outside = correlation()
    with correlated("task-7") as given:
        assert given == correlation() == "task-7"
        with correlated() as other:
            assert other not in ("", "task-7")
        assert correlation() == "task-7"
    assert correlation() == outside


@pytest.mark.parametrize(
    ("module", "reads"),
    [
        (worker, ("agent.tasks.backend",)),
        (router, ("agent.tasks",)),
        (trainer, ("agent.learning",)),
        (spark_job, ("logs.raw.*",)),
        (agent, ()),
    ],
)
async def test_each_program_names_its_topics(module: object, reads: tuple[str, ...]) -> None:
    service, _ = module.service_of({"DSPY_TUI_SERVICE": "backend", "KAFKA_BOOTSTRAP": "k:1"})  # type: ignore[attr-defined]
    assert service.standing.reads == reads and service.standing.bus == "k:1"


def started(module: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"stack.services.{module}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
    )


def lines_until(process: subprocess.Popen[str], message: str) -> list[dict[str, object]]:
    assert process.stdout
    found: list[dict[str, object]] = []
    for line in process.stdout:
        found.append(json.loads(line))
        if message in str(found[-1]["message"]):
            return found
    raise AssertionError(f"{message!r} was never said: {found}")


def test_a_program_waits_and_ends_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    port = free_ports(1)
    process = started("worker", {**os.environ, "DSPY_TUI_PORT": str(port), "DSPY_TUI_SERVICE": "backend"})
    try:
        said = lines_until(process, "waiting")[-1]
        assert (said["service"], said["state"]) == ("dspy-worker-backend", "waiting")
        assert said["reads"] == ["agent.tasks.backend"] and said["correlation_id"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            assert json.load(answer)["state"] == "waiting"
        process.send_signal(signal.SIGTERM)
        lines_until(process, "as it was told")
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("module", "variable", "value"),
    [
        ("worker", "DSPY_TUI_SERVICE", "../x\n"),
        ("trainer", "RL_BACKGROUND_STEPS", "many"),
        ("router", "DSPY_TUI_PORT", "none"),
    ],
)
def test_a_variable_that_is_wrong_is_one_line_of_the_log(module: str, variable: str, value: str) -> None:
    import os

    process = started(module, {**os.environ, variable: value})
    said, _ = process.communicate(timeout=120)
    (line,) = [json.loads(each) for each in said.splitlines()]
    assert process.returncode == 1 and line["level"] == "error" and value.strip() in str(line)


def test_the_agent_keeps_an_index_and_leaves_nothing_behind(tmp_path: Path) -> None:
    import os

    (tmp_path / "shop.py").write_text("def total(prices):\n    return sum(prices)\n")
    port = free_ports(1)
    env = {**os.environ, "DSPY_TUI_PORT": str(port), "DSPY_TUI_WORKSPACE": str(tmp_path)}
    process = started("agent", {**env, "DSPY_TUI_EMBEDDER": "none"})
    try:
        lines_until(process, "kept fresh")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert 'dspy_tui_index_files{service="dspy-agent"} 1' in answer.read().decode()
        process.send_signal(signal.SIGTERM)
        lines_until(process, "as it was told")
        assert process.wait() == 0 and (tmp_path / ".dspy_tui" / "index").is_dir()
    finally:
        process.kill()
        process.communicate()


async def test_the_agent_says_what_is_wrong_with_its_workspace(tmp_path: Path) -> None:
    service, program = agent.service_of({"DSPY_TUI_WORKSPACE": str(tmp_path / "missing")})
    running = asyncio.ensure_future(program(service))
    while service.standing.state == "starting":
        await asyncio.sleep(0)
    assert service.standing.state == "degraded" and "does not exist" in service.standing.reason
    service.stopping.set()
    await running


def test_secrets_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    from stack.services.logs import _Formatter  # pyright: ignore[reportPrivateUsage]

    record = logging.makeLogRecord(
        {
            "msg": "key %s\x1b[2J",
            "args": ("sk-proj-4fJ9aaaaK2mQ7xR1tZ8vB3nL6wP0yC5d",),
            "url": "https://u:pw1234@h/",
        }
    )
    line = json.loads(_Formatter("x").format(record))
    assert "aaaa" not in line["message"] and "\x1b" not in line["message"] and "pw1234" not in line["url"]

"""The whole stack for real: what is written, built and started, and what it then does.

It takes minutes and needs what no checkout has: DSPY_TUI_STACK_PARTS names a folder that `.ci/stack-parts`
made. Without it the tests are skipped. All share one stack; each finds it up.
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from stack.compose.images import LABEL
from stack.compose.monitoring import dashboard
from stack.services.names import PROGRAMS
from tests.conftest import ROOT
from tests.stack.compose.conftest import CODE, PROGRAM, Real, eventually, succeeds

pytestmark = pytest.mark.engine
STAYING = {*PROGRAMS, "kafka", "ollama"}


def until(real: Real, wanted: str, name: str) -> dict[str, Any]:
    """The service once it stands as wanted."""

    def check() -> dict[str, Any] | None:
        state = real.states()[name]
        return state if state["standing"] == wanted else None

    return eventually(check)


def test_it_comes_up_from_files_alone(real: Real) -> None:
    states = real.states()
    assert states.pop("volumes")["standing"] == "done"
    assert {name: state["standing"] for name, state in states.items()} == dict.fromkeys(STAYING, "healthy")
    for service, stage in (("dspy-agent", "app"), ("spark", "spark")):
        label = real.docker("image", "inspect", real.image(service), "--format", "{{json .Config.Labels}}")
        assert json.loads(label)[LABEL] == stage
    assert real.inside("dspy-agent", "id", "-u").strip() == "10001"
    assert "Kafka answers" in real.inside("dspy-agent", "dspy-tui", "doctor")
    env = real.workspace / "docker" / "lightweight" / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600 and env.stat().st_gid == os.getegid()


def test_programs_tell_how_they_stand_in_health_figures_and_logs(real: Real) -> None:
    for name in PROGRAMS:

        def well(name: str = name) -> dict[str, Any] | None:
            health = json.loads(real.page("http://127.0.0.1:8900/health", service=name))
            return health if health["state"] in ("waiting", "working") and health["bus_up"] else None

        health = eventually(well)
        wanted = health["state"]
        assert health["service"] == name and (wanted == "working" or name not in ("dspy-agent", "spark"))
        figures = {
            (sample.name, sample.labels.get("state", "")): sample.value
            for family in parsed(real.page("http://127.0.0.1:8900/metrics", service=name))
            for sample in family.samples
            if sample.labels["service"] == name
        }
        assert figures["dspy_tui_state", wanted] == 1 and figures["dspy_tui_bus_up", ""] == 1
        said = real.docker("compose", "logs", "--no-log-prefix", name).splitlines()
        records = [json.loads(line) for line in said]  # every line, whatever wrote it
        assert all(record["service"] == name and record["correlation_id"] for record in records)
        assert wanted in [record.get("state") for record in records]


LOGS = """
import asyncio, json, sys, time

from kafka import KafkaConsumer, KafkaProducer

from agent_core.config import load
from agent_core.streaming.access import access_of
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import RawLines, encode

service, error = sys.argv[1:]
bus = "kafka:29092"
access = access_of(load(root=None, env={"KAFKA_BOOTSTRAP": bus}).settings)
asyncio.run(make_topics(access, [f"logs.raw.{service}"]))
lines = [f"2026-11-28T10:00:{second:02}Z INFO web: served {second}" for second in range(50)]
lines.append(f"2026-11-28T10:01:00Z ERROR web: {error}")
block = RawLines(id=error, at=time.time(), service=service, source="web.log", first=1, lines=tuple(lines))
producer = KafkaProducer(bootstrap_servers=bus)
producer.send(f"logs.raw.{service}", key=b"web.log", value=encode(block)).get(60)
producer.close()
consumer = KafkaConsumer(bootstrap_servers=bus, auto_offset_reset="earliest", group_id=f"test-{service}")
while f"logs.ctx.{service}" not in consumer.topics():
    time.sleep(1)
consumer.subscribe([f"logs.ctx.{service}"])
print(next(iter(consumer)).value.decode())
"""


def test_raw_lines_become_key_events(real: Real, tag: str) -> None:
    service, error = f"shop-{tag}", f"till {tag} is empty"
    said = real.inside("dspy-agent", "python", "-", service, error, give=LOGS)
    context = json.loads(said.splitlines()[-1])
    assert (context["schema"], context["service"], context["lines"]) == ("logs.ctx/1", service, 51)
    assert error in context["ctx"][0] and context["events"][0]["first"] == 51


TALKS = """\
name: {service}
services:
  {service}:
    image: bb:1
    command:
      - sh
      - -c
      - |
        for number in $$(seq 50); do echo "INFO web: served $$number"; done
        echo "ERROR web: {error}"
        exec sleep 100000
    init: true
    stop_grace_period: 1s
"""


@pytest.fixture
def talks(real: Real, tag: str, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A service of a project beside the stack, and the error that its container has told of."""
    service, error = f"talks-{tag}", f"till {tag} is empty"
    file = tmp_path / "compose.yaml"
    file.write_text(TALKS.format(service=service, error=error))
    compose = ("compose", "--file", str(file))
    try:
        real.docker(*compose, "up", "--detach")
        eventually(lambda: error in real.docker(*compose, "logs"), every=0.2)
        yield service, error
    finally:
        real.docker(*compose, "down", "--volumes")


def test_what_a_container_says_shows_in_the_app_and_in_what_suggestions_go_by(
    real: Real, talks: tuple[str, str], tmp_path: Path
) -> None:
    service, error = talks
    words = ("logs", "ship", f"compose:{service}", "--format", "json", "--workspace")
    sent = json.loads(real.beside(PROGRAM, *words, tmp_path))
    assert (sent["lines"], sent["faults"]) == (51, [])
    assert sent["logs"] == [{"log": f"compose:{service}", "service": service}]
    (message,) = json.loads(real.on_host("tail", f"logs.raw.{service}", "--format", "json"))["lines"]
    raw = message["value"]["value"]
    assert (raw["schema"], raw["service"], raw["source"]) == ("logs.raw/1", service, f"compose:{service}")
    said = [re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ", "", line, count=1) for line in raw["lines"]]
    assert said == [*(f"INFO web: served {number}" for number in range(1, 51)), f"ERROR web: {error}"]
    assert not set(said) & set(raw["lines"]), "the engine's time stands before what tells none"

    work = tmp_path / "work"  # without logs: what shows there comes over the bus
    work.mkdir()
    seen = real.app("pane", work, error)
    (ours,) = [(source, grave) for source, grave, text in seen["events"] if error in text]
    assert ours == (f"bus:{service}:compose:{service}", True) and error in seen["shown"]
    assert seen["log_errors"] == sum(grave for _, grave, _ in seen["events"])
    assert seen["observed"]["log_errors"] > 0


TASKS = """
import asyncio

from agent_core.config import load
from agent_core.fleet.handing import task_of
from agent_core.streaming.access import access_of
from agent_core.streaming.names import TASKS
from agent_core.streaming.sink import KafkaSink

settings = load(root=None, env={"KAFKA_BOOTSTRAP": "kafka:29092"}).settings


async def main():
    sink = KafkaSink(access_of(settings))
    for _ in range(25):
        sink.send(TASKS, task_of("grep total", settings, service="backend"))
    await sink.delivered()
    await sink.aclose()


asyncio.run(main())
"""


def test_tasks_are_answered_and_workers_come_with_those_that_wait(real: Real) -> None:
    task = ("dspy-tui", "dispatch", "grep 'def total'", "--to", "backend", "--format", "json")
    result = json.loads(real.inside("dspy-agent", *task))
    assert (result["outcome"], result["service"]) == ("answered", "backend") and "shop.py" in result["text"]
    assert result["worker"].startswith("dspy-worker-backend@")

    def waiting_for_backend() -> dict[str, Any]:
        said = json.loads(real.on_host("autoscale", "--once", "--dry-run", "--format", "json"))
        return next(each for each in said["decisions"] if each["service"] == "dspy-worker-backend")

    real.inside("dspy-worker-backend", "sh", "-c", "kill -STOP -1")  # all but the first and the shell
    try:
        real.inside("dspy-agent", "python", "-", give=TASKS)
        decision = eventually(lambda: found if (found := waiting_for_backend())["waiting"] == 25 else None)
        assert decision["wanted"] == 3
    finally:
        real.inside("dspy-worker-backend", "sh", "-c", "kill -CONT -1")
    eventually(lambda: waiting_for_backend()["waiting"] == 0)


ASKED = """
import asyncio
import json

from agent_core.config import load
from agent_core.fleet.handing import task_of
from agent_core.streaming.access import access_of
from agent_core.streaming.names import ERRORS, TASKS, results
from agent_core.streaming.sink import KafkaSink
from agent_core.streaming.source import KafkaSource

settings = load(root=None, env={"KAFKA_BOOTSTRAP": "kafka:29092"}).settings
texts = [*(f"what does total do, part {number}?" for number in range(6)), *["grep total"] * 6]


async def main():
    tasks = [task_of(text, settings, service="backend") for text in texts]
    sink = KafkaSink(access_of(settings))
    for task in tasks:
        sink.send(TASKS, task, key=task.id)
    await sink.delivered()
    await sink.aclose()
    source = KafkaSource(access_of(settings), group="asked", topics=(results("*"), ERRORS))
    told, repeated = {task.id: [] for task in tasks}, 0
    while not all(told.values()):
        for received in (await source.take(wait=1.0)).received:
            if received.message.task in told:
                repeated += received.repeated
                if not received.repeated:
                    told[received.message.task].append(getattr(received.message, "outcome", "dead"))
    await source.aclose()
    print(json.dumps([told, repeated]))


asyncio.run(main())
"""


def in_hand(real: Real, container: str) -> set[str]:
    """The tasks that a worker began and did not end."""
    lines = [json.loads(line) for line in real.docker("logs", container).splitlines() if line[:1] == "{"]
    begun, ended = (
        {line["correlation_id"] for line in lines if line["message"].startswith(words)}
        for words in ("works on a task", "a task has its result")
    )
    return begun - ended


def test_every_task_is_answered_though_one_of_two_workers_is_killed(real: Real) -> None:
    real.ours("scale", "dspy-worker-backend=2")
    names = [each["name"] for each in real.states()["dspy-worker-backend"]["containers"]]
    (model,) = (each["name"] for each in real.states()["ollama"]["containers"])
    model_pid = int(real.about(model, "State.Pid"))
    os.kill(model_pid, signal.SIGSTOP)  # so long do those think that ask it
    try:
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(real.inside, "dspy-agent", "python", "-", give=ASKED)
            victim = eventually(
                lambda: next((name for name in names if in_hand(real, name)), None), every=0.2
            )
            os.kill(int(real.about(victim, "State.Pid")), signal.SIGKILL)  # as for want of memory
            torn = in_hand(real, victim)
            os.kill(model_pid, signal.SIGCONT)
            told, _ = json.loads(asking.result().splitlines()[-1])
    finally:
        os.kill(model_pid, signal.SIGCONT)
    assert torn <= set(told) and torn
    assert [*told.values()] == [["answered"]] * 12
    real.ours("scale", "dspy-worker-backend=1")


def test_more_of_one_one_that_dies_and_a_restart(real: Real) -> None:
    real.ours("scale", "dspy-worker=3")
    states = real.states()
    workers = states["dspy-worker"]
    assert workers["running"] == 3 and "ollama-gpu" not in states  # whose profile sleeps
    name = workers["containers"][0]["name"]
    os.kill(int(real.about(name, "State.Pid")), signal.SIGKILL)  # as for want of memory
    eventually(lambda: real.about(name, "RestartCount") == "1", every=0.2)
    eventually(lambda: real.about(name, "State.Status") == "running", every=0.2)
    real.docker("kill", name)  # whoever does this means it, so it stays as it is
    state = until(real, "failed", "dspy-worker")
    assert state["running"] == 2 and name in state["trouble"] and "137" in state["trouble"]
    real.ours("scale", "dspy-worker=1")
    real.ours("up")
    router = states["dspy-router"]["containers"][0]["name"]
    before = real.about(router, "State.StartedAt")
    real.ours("restart", "dspy-router")
    assert real.about(router, "State.StartedAt") > before


def test_the_stack_screen_restarts_a_worker_and_shows_its_logs(real: Real) -> None:
    (worker,) = [each["name"] for each in real.states()["dspy-worker"]["containers"]]
    before = real.about(worker, "State.StartedAt")
    seen = real.app("restart", real.workspace, "dspy-worker")
    assert real.about(worker, "State.StartedAt") > before
    assert re.search(r"● kafka +healthy +1/1 .* 9092", seen["kafka"])
    assert all(f"○ {topic} " in seen["topics"] for topic in ("agent.tasks", "agent.tasks.backend"))
    assert "$ docker compose --profile '*' restart dspy-worker " in seen["asked"]
    assert (seen["outcome"], seen["steps"]) == ("done", [f"Container {worker}"])
    assert re.search(r"✓ restart dspy-worker +done in", seen["healthy"])
    assert "Logs: dspy-worker" in seen["logs"] and '"service":"dspy-worker"' in seen["logs"]


def test_every_program_ends_in_good_order(real: Real) -> None:
    states = real.states()
    for name in PROGRAMS:
        began = time.monotonic()
        real.docker("compose", "stop", name)
        print(f"{name} ended within {time.monotonic() - began:.1f} s")
        container = states[name]["containers"][0]["name"]
        assert (
            real.about(container, "State.Status") == "exited"
            and real.about(container, "State.ExitCode") == "0"
        )
        said = real.docker("compose", "logs", "--no-log-prefix", "--tail", "1", name)
        assert json.loads(said)["message"] == "ended as it was told to"
    real.ours("stop")
    standings = {name: state["standing"] for name, state in real.states().items()}
    assert standings == {**dict.fromkeys(STAYING, "stopped"), "volumes": "done"}


EDIT = """\
python -m tests.fakes.model_server 9801 > /tmp/port &
until [ -s /tmp/port ]; do sleep 0.1; done
url=http://127.0.0.1:9801
python -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1], sys.argv[2].encode())' $url/_control "$1"
export OPENAI_BASE_URL=$url/v1 OPENAI_API_KEY=x MODEL_NAME=big
exec dspy-tui --batch -c 'edit @shop.py let the sum begin at 0' --allow write --format json
"""
REPLY = "I mend it.\n\nshop.py\n```\n<<<<<<< SEARCH\n    return sum(prices)\n=======\n" \
        "    return sum(prices, start=0)\n>>>>>>> REPLACE\n```\n"  # fmt: skip


def fresh(real: Real, workspace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A container of its own of our image: only the workspace can be written, and there is no network."""
    shut = (
        "--rm",
        "--init",
        "--read-only",
        "--network",
        "none",
        "--cap-drop",
        "ALL",
        "--tmpfs",
        "/tmp:mode=1777",
    )
    fakes = ("-v", f"{ROOT / 'tests' / 'fakes'}:/kit/tests/fakes:ro", "-e", "PYTHONPATH=/kit")
    command = [
        "docker",
        "run",
        *shut,
        *fakes,
        "-v",
        f"{workspace}:/workspace",
        real.image("dspy-agent"),
        *words,
    ]
    folder = real.workspace / "docker" / "lightweight"
    return subprocess.run(command, env=real.env, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace that nothing was done for yet."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o755)
    (folder / "shop.py").write_text(CODE)
    return folder


def test_a_fresh_container_works_on_a_workspace(real: Real, shop: Path) -> None:
    succeeds([ROOT / "scripts" / "fix_workspace_perms.sh", shop], env=real.env)
    assert fresh(real, shop, "dspy-tui", "--version").stdout.startswith("dspy-tui ")
    doctor = fresh(real, shop, "dspy-tui", "doctor")
    assert doctor.returncode == 0 and re.search(r"(?m)^ok +settings", doctor.stdout)
    words = ("-c", "tree", "-c", "grep 'def total'", "-c", "esearch 'the sum of prices'")
    looked = json.loads(fresh(real, shop, "dspy-tui", "--batch", *words, "--format", "json").stdout)
    tree, grep, esearch = (each["data"] for each in looked["results"])
    assert "shop.py" in [entry["path"] for entry in tree["entries"]]
    assert grep["hits"][0]["path"] == esearch["hits"][0]["path"] == "shop.py"
    done = fresh(real, shop, "sh", "-c", EDIT, "sh", json.dumps([{"text": [REPLY]}]))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"][0]["data"]["changed"] == ["shop.py"]
    changed = shop / "shop.py"
    assert "start=0" in changed.read_text() and changed.stat().st_gid == 10001


@pytest.mark.skipif(
    os.geteuid() != 0, reason="the owner of a folder must be another than the container's user"
)
def test_a_workspace_without_rights_is_told(real: Real, shop: Path) -> None:
    done = fresh(real, shop, "sh", "-c", EDIT, "sh", json.dumps([{"text": [REPLY]}]))
    error = json.loads(done.stdout)["results"][0]["error"]
    assert done.returncode == 1 and error["message"] == "shop.py may not be written by this user."
    assert (shop / "shop.py").read_text() == CODE
    shop.chmod(0o700)
    done = fresh(real, shop, "dspy-tui", "--batch", "-c", "tree")
    assert done.returncode == 7 and "cannot be read" in done.stderr


def test_prometheus_reads_every_program_and_the_dashboard_has_something_to_show(monitored: Real) -> None:
    promtool = monitored.parts / "prometheus" / "usr" / "bin" / "promtool"
    folder = monitored.workspace / "docker" / "lightweight"
    succeeds([promtool, "check", "config", folder / "prometheus.yml"], env=monitored.env)
    page = monitored.page("http://dspy-agent:8900/metrics")
    succeeds([promtool, "check", "metrics"], env=monitored.env, give=page)

    def ask(what: str) -> Any:
        return json.loads(monitored.page(f"http://prometheus:9090/api/v1/{what}"))["data"]

    eventually(lambda: len(ask("query?query=up%20==%201")["result"]) == len(PROGRAMS))
    targets = ask("targets")
    assert not targets["droppedTargets"]
    assert sorted(each["labels"]["job"] for each in targets["activeTargets"]) == sorted(PROGRAMS)
    for panel in dashboard()["panels"]:
        query = f"query?query={quote(panel['targets'][0]['expr'])}"
        eventually(lambda query=query: ask(query)["result"])  # a rate needs two readings
    look = "id -u; touch /var/lib/grafana/x; cd /etc/grafana/provisioning && cat datasources/* dashboards/*"
    seen = monitored.inside("grafana", "sh", "-ec", look)
    assert seen.startswith("472\n") and '"uid": "dspy-tui-stack"' in seen


def test_the_job_runs_on_the_cluster(real: Real, tag: str) -> None:
    error = f"the wheel {tag} is stuck"
    names = ("spark-master", "spark-worker-1", "spark-worker-2")
    folder = real.workspace / "docker" / "lightweight"
    alone = (folder / ".env").read_text()
    real.ours("up", "--profile", "cluster", *names)
    try:
        (folder / ".env").write_text(f"{alone}\nSPARK_MASTER=spark://spark-master:7077\n")
        real.ours("up", "spark")
        said = real.inside("dspy-agent", "python", "-", f"mill-{tag}", error, give=LOGS)
        assert error in json.loads(said.splitlines()[-1])["ctx"][0]
        health = json.loads(real.page("http://127.0.0.1:8900/health", service="spark"))
        assert "spark://spark-master:7077" in health["reason"] and health["state"] == "working"
        master = json.loads(real.page("http://spark-master:8080/json/"))
        assert master["aliveworkers"] == 2 and [app["cores"] for app in master["activeapps"]] == [2]
    finally:
        (folder / ".env").write_text(alone)
        real.ours("up", "spark")
        real.docker("compose", "--profile", "cluster", "rm", "-sf", *names)

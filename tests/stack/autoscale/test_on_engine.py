"""`stack autoscale` with a genuine broker and a real engine: containers come and go with what waits."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent_core.streaming.access import access_of
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import Task, encode
from agent_core.streaming.names import tasks, workers
from tests.fixtures_kafka import Kafka, variables
from tests.ports import free_ports
from tests.stack.commands.program import PROGRAM, ROOT, Say

pytestmark = [pytest.mark.engine, pytest.mark.kafka]
QUEUE = tasks("backend")
SCHEMA = json.loads((ROOT / "docs" / "batch.schema.json").read_text())
Watch = Callable[..., "Watched"]


class Watched:
    """An autoscaler that goes on until it is told to end."""

    def __init__(self, folder: Path, env: dict[str, str], *words: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "stack", "autoscale", "--every", "1", "--format", "json", *words],
            cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line that fits."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if fits(found := json.loads(line)):
                return found
        raise AssertionError(self.process.communicate()[1])

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def watch(folder: Path, env: dict[str, str]) -> Iterator[Watch]:
    made: list[Watched] = []

    def start(*words: str) -> Watched:
        made.append(Watched(folder, env, *words))
        return made[-1]

    yield start
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def page(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


def send(kafka: Kafka, count: int) -> None:
    some = (encode(Task(id=f"{time.time()}-{number}", at=1.0, text="x")) for number in range(count))
    kafka.send(QUEUE, *some)


def work(kafka: Kafka) -> None:
    """Do all that waits, as a worker would say it."""
    consumer = kafka.consumer(workers("backend"))
    consumer.subscribe([QUEUE])
    deadline = time.monotonic() + 120
    while not (mine := consumer.assignment()) or any(
        consumer.position(each) < end for each, end in consumer.end_offsets(list(mine)).items()
    ):
        assert time.monotonic() < deadline
        consumer.poll(timeout_ms=1000)
    consumer.commit()
    consumer.close()


def running(say: Say) -> dict[str, int]:
    return {
        each["name"]: each["running"] for each in json.loads(say("ps", "--format", "json").stdout)["services"]
    }


def decisions(said: subprocess.CompletedProcess[str]) -> dict[str, tuple[int, int, str]]:
    document = json.loads(said.stdout)
    assert document["schema"] == "dspy-tui.stack-autoscale/1", said.stderr
    return {each["service"]: (each["running"], each["wanted"], each["why"]) for each in document["decisions"]}


def is_of(running: int, wanted: int) -> Callable[[dict[str, Any]], bool]:
    return lambda told: (told.get("service"), told.get("running"), told.get("wanted")) == (
        "worker", running, wanted,
    )  # fmt: skip


async def test_containers_come_and_go_with_what_waits(say: Say, kafka: Kafka, watch: Watch) -> None:
    assert say("up").returncode == 0
    await make_topics(access_of(kafka.settings), (QUEUE,))
    work(kafka)
    send(kafka, 25)
    once = ("autoscale", "--once", "--format", "json", "--cooldown", "300")
    expected = {
        "worker": (1, 3, "25 tasks wait"),
        "front": (1, 1, f"there is no topic {tasks('frontend')} yet"),
    }
    dry = say(*once, "--dry-run")
    assert decisions(dry) == expected and not dry.stderr
    assert running(say) == {"worker": 1, "front": 1, "other": 1}

    denied = say(*once, "--set", "deny=run:docker *")
    assert denied.returncode == 3 and json.loads(denied.stdout)["error"]["code"] == "permission"
    done = say(*once)
    assert decisions(done) == expected and done.stderr.startswith("$ docker compose scale worker=3\n")
    assert running(say) == {"worker": 3, "front": 1, "other": 1}
    send(kafka, 20)
    assert decisions(say(*once))["worker"][:2] == (3, 3), "it was changed just now"

    port = free_ports(1)
    watched = watch("--cooldown", "3", "--port", str(port))
    watched.until(is_of(3, 4))
    assert watched.until(is_of(4, 4))["why"].startswith("45 tasks wait")
    assert 'dspy_tui_autoscaler_lag{service="dspy-autoscaler",worker="worker"} 45' in page(port, "/metrics")
    assert json.loads(page(port, "/health"))["state"] == "working"
    other = say(*once)
    assert other.returncode == 1 and "Another autoscaler" in json.loads(other.stdout)["error"]["message"]
    assert decisions(say(*once, "--dry-run"))["worker"][0] == 4, "who only looks is in nobody's way"

    kafka.stop()
    lost = watched.until(lambda told: told["type"] == "notice")
    assert lost["what"] == "failed" and lost["error"]["code"] == "bus-unreachable", lost
    health = json.loads(page(port, "/health"))
    assert (health["state"], health["bus_up"]) == ("degraded", False), health
    time.sleep(3)
    kafka.start()
    assert watched.until(lambda told: told["type"] == "notice")["what"] == "back", "it was told once"
    work(kafka)
    watched.until(is_of(4, 1))
    watched.until(is_of(1, 1))
    code, errors = watched.end(signal.SIGTERM)
    assert code == 0 and "docker compose scale worker=1" in errors and "Traceback" not in errors
    assert running(say) == {"worker": 1, "front": 1, "other": 1}


def test_ctrl_c_is_an_interruption(say: Say, watch: Watch) -> None:
    assert say("up", "worker").returncode == 0
    watched = watch("--dry-run")
    watched.until(is_of(1, 1))
    assert watched.end(signal.SIGINT) == (130, "")


def test_what_was_stopped_stays_so(say: Say) -> None:
    said = say("autoscale", "--once", "worker")
    assert said.returncode == 0, said.stderr
    assert said.stdout == "worker: 0 stays, it is stopped; `stack up worker` starts it\n"


def test_words_that_are_wrong_and_no_broker(say: Say) -> None:
    for words, code, message in (
        (("nosuch",), 2, "The service nosuch is not there"),
        (("other",), 2, "The service other is no worker"),
        (("--min", "x"), 2, "--min is a number"),
        (("--min", "5", "--max", "2"), 2, "--min 5 is not between 0 and --max 2"),
        (("--per-replica", "1.5"), 2, "--per-replica is a number"),
        (("--every", "0"), 2, "--every is seconds"),
        (("--grep", "x"), 2, "--grep"),
    ):
        said = say("autoscale", "--once", *words)
        assert (said.returncode, message in said.stderr) == (code, True), said.stderr
    said = say("autoscale", "--once", "--format", "json", KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert said.returncode == 1 and json.loads(said.stdout)["error"]["code"] == "bus-unreachable"


async def test_in_a_batch_it_is_one_round_that_asks(
    say: Say, folder: Path, env: dict[str, str], kafka: Kafka
) -> None:
    def batch(*words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [*PROGRAM, "--batch", "--format", "json", *words], cwd=folder, env=env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        document = json.loads(done.stdout)
        jsonschema.validate(document, SCHEMA)
        return done.returncode, document["results"][0]

    env.update(variables(kafka.tls()))
    assert say("up", "worker").returncode == 0
    await make_topics(access_of(kafka.settings), (QUEUE,))
    send(kafka, 25)
    code, dry = batch("-c", "stack autoscale worker --dry-run --max 2")
    told = dry["data"]["decisions"][0]
    assert (code, told["running"], told["wanted"]) == (0, 1, 2), dry
    code, refused = batch("-c", "stack autoscale worker --max 2")
    assert code == 3 and "docker compose scale worker=2" in refused["error"]["message"]
    assert running(say)["worker"] == 1
    code, done = batch("--allow", "run:docker compose scale worker=2", "-c", "stack autoscale worker --max 2")
    assert code == 0, done
    assert {each["name"]: each["running"] for each in done["data"]["services"]}["worker"] == 2
    code, calm = batch("-c", "stack autoscale worker --max 2")
    assert code == 0 and calm["data"]["decisions"][0]["wanted"] == 2
    work(kafka)

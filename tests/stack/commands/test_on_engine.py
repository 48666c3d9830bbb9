"""The commands of the stack on a real engine, as people run them: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.stack.commands.program import PROGRAM, Say, error, standings

pytestmark = pytest.mark.engine


def test_from_up_to_down(say: Say, folder: Path, env: dict[str, str]) -> None:
    up = say("up")
    assert up.returncode == 0, up.stderr
    assert up.stderr.startswith("$ docker compose up --detach --wait\n") and "Healthy" in up.stderr
    assert "\x1b" not in up.stderr + up.stdout and "bus      healthy  1" in up.stdout

    ps = say("ps", "--format", "json")
    document = json.loads(ps.stdout)
    assert document["schema"] == "dspy-tui.stack-ps/1"
    assert standings(ps) == {"prepare": "done", "bus": "healthy", "worker": "running"}
    bus = next(each for each in document["services"] if each["name"] == "bus")
    assert bus["memory"] > 0 and bus["cpu"] >= 0 and bus["ports"][0]["host"] == 7417

    assert say("scale", "worker=3").returncode == 0
    services = json.loads(say("ps", "--format", "json").stdout)["services"]
    workers = next(each for each in services if each["name"] == "worker")
    assert workers["running"] == 3
    killed = workers["containers"][0]["name"]
    subprocess.run(["docker", "kill", killed], env=env, check=True, capture_output=True)
    told = say("ps")
    assert f"{killed} ended with exit code 137" in told.stdout and "2/3" in told.stdout

    lines = say("logs").stdout.splitlines()
    assert [line.partition(" ")[2] for line in lines if "prepare" in line] == ["prepare-1 | prepared"] * 2
    assert sum(line.endswith("| worker red") for line in lines) == 3 and lines == sorted(lines)
    assert "bus-1 | the bus is here api_key=••••••" in "".join(lines)
    found = json.loads(say("logs", "bus", "--grep", "IS here", "--format", "json").stdout)
    assert found == {"schema": "dspy-tui.stack-logs/1", "lines": []}

    assert standings(say("restart", "worker", "--format", "json"))["worker"] == "running"
    assert standings(say("stop", "worker", "--format", "json"))["worker"] == "failed", "one was killed by it"
    cleaned = say("clean", "--allow", "run", "--format", "json")
    assert cleaned.returncode == 0, cleaned.stderr
    assert "container prune" in cleaned.stderr and len(json.loads(cleaned.stdout)["freed"]) == 3
    assert standings(cleaned) == {"prepare": "absent", "bus": "healthy", "worker": "absent"}

    assert say("down").returncode == 0
    volumes = ["docker", "volume", "ls", "--quiet", "--filter", "name=_kept"]
    project = document["project"]
    kept = subprocess.run(volumes, env=env, check=True, capture_output=True, text=True)
    assert f"{project}_kept" in kept.stdout
    refused = say("down", "--volumes")
    assert refused.returncode == 3 and "--allow run" in refused.stderr
    assert say("down", "--volumes", "--allow", "run").returncode == 0
    assert f"{project}_kept" not in subprocess.run(volumes, env=env, capture_output=True, text=True).stdout


def test_an_interruption_ends_it_in_good_order(say: Say, folder: Path, env: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "stack", "up", "--format", "json"],
        cwd=folder,
        env={**env, "TEST": "-b", "RETRIES": "1000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Container") and "bus" in line and "Waiting" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["error"]["code"] == "interrupted" and "`stack down`" in document["error"]["hint"]
    assert {each["name"]: each["standing"] for each in document["services"]}["bus"] == "starting"
    assert "3 containers of the stack are there" in err
    assert standings(say("down", "--format", "json")) == dict.fromkeys(("prepare", "bus", "worker"), "absent")


@pytest.mark.parametrize(
    ("more", "message", "troubled"),
    [
        ({"TEST": "-b"}, "-bus-1 is not healthy", "bus"),
        ({"CODE": "4"}, "prepare failed with exit code 4", "prepare"),
        ({"IMAGE": "nosuch/image:9"}, "cannot be", ""),
    ],
)
def test_what_goes_wrong_is_told_with_the_last_words(
    say: Say, more: dict[str, str], message: str, troubled: str
) -> None:
    said = say("up", "--format", "json", **more)
    assert said.returncode == 1
    assert message in error(said)["message"], said.stdout
    document = json.loads(said.stdout)
    services = {each["name"]: each for each in document["services"]}
    if troubled:
        assert services[troubled]["trouble"] and services[troubled]["hint"]
        assert document["logs"][troubled]
        text = say("up", **more)
        assert f"The last words of {troubled}:" in text.stdout and "  ! " in text.stdout


def test_a_port_in_use(say: Say, env: dict[str, str]) -> None:
    other = [
        "docker",
        "run",
        "--detach",
        "--rm",
        "--name",
        f"o{os.getpid()}",
        "--publish",
        "127.0.0.1:7417:1",
    ]
    subprocess.run([*other, "bb:1", "sleep", "100"], env=env, check=True, capture_output=True)
    try:
        taken = error(say("up", "--format", "json"))
        assert "7417 is taken by another container" in taken["message"] and taken["hint"]
    finally:
        subprocess.run(["docker", "kill", f"o{os.getpid()}"], env=env, check=True, capture_output=True)


def test_words_that_are_wrong(say: Say) -> None:
    for words, code, message in (
        (("up", "nosuch"), 2, "There is no service nosuch"),
        (("up", "--profile", "nosuch"), 2, "There is no profile nosuch"),
        (("scale", "bus=2"), 2, "There can be only one bus"),
        (("scale", "prepare=2"), 2, "does one task"),
        (("logs", "nosuch"), 2, "There is no service nosuch"),
        (("logs", "--grep", "("), 2, "no regular expression"),
        (("logs", "--since", "whenever"), 2, "is no time"),
        (("up", "--out-dir", "elsewhere"), 1, "There is no stack in elsewhere"),
    ):
        said = say(*words)
        assert said.returncode == code and message in said.stderr, said.stderr
        assert "Traceback" not in said.stderr


def test_a_rule_may_deny_it(say: Say) -> None:
    said = say("up", "--set", "deny=run:docker *", "--format", "json")
    assert said.returncode == 3 and error(said)["code"] == "permission"
    assert set(standings(say("ps", "--format", "json")).values()) == {"absent"}


def test_logs_are_followed_until_somebody_has_enough(say: Say, folder: Path, env: dict[str, str]) -> None:
    assert say("up").returncode == 0
    process = subprocess.Popen(
        [*PROGRAM, "stack", "logs", "--follow", "--format", "json"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert {each["container"] for each in found} == {"prepare-1", "bus-1", "worker-1"}
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "", "")

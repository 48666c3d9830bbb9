"""What the engine said when it failed, as people get to read it. The texts are the engine's own."""

from __future__ import annotations

import pytest

from agent_core.errors import NoEngine, StackFault
from stack.engine.faults import fault_of

DAEMON = "Error response from daemon: "


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("unable to get image 'bb:1': Cannot connect to the Docker daemon at unix:///x.sock. Is the docker"
         " daemon running?", NoEngine, "The container engine does not answer"),
        ("permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock:"
         " Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.41/containers/json\": dial unix /var/run/docker.sock:"
         " connect: permission denied", NoEngine, "You may not talk to the container engine"),
        (f"{DAEMON}driver failed programming external connectivity on endpoint p-d-1 (9ff2): Bind for"
         " 127.0.0.1:18081 failed: port is already allocated", StackFault,
         "The port 127.0.0.1:18081 is taken by another container"),
        (f"{DAEMON}driver failed programming external connectivity on endpoint p-d-1 (9ff2): Error starting"
         " userland proxy: listen tcp4 127.0.0.1:9092: bind: address already in use", StackFault,
         "The port 127.0.0.1:9092 is taken by another program"),
        ("dependency failed to start: container engp4-f-1 is unhealthy", StackFault,
         "engp4-f-1 is not healthy"),
        ("fatal error: out of memory allocating heap arena metadata\n\nruntime stack:\nruntime.throw()",
         StackFault, "Reading the files of the stack takes more memory than it may"),
        ("container engp5-i-1 exited (3)", StackFault, "engp5-i-1 ended with exit code 3"),
        ('service "volumes" didn\'t complete successfully: exit 1', StackFault,
         "volumes failed with exit code 1"),
        (f"{DAEMON}Get \"https://registry.example/v2/\": dial tcp: lookup registry.example: network is"
         " unreachable", StackFault, "An image cannot be fetched: its registry cannot be reached"),
        (f"{DAEMON}pull access denied for nosuch/image, repository does not exist or may require 'docker"
         " login'", StackFault, "There is no image nosuch/image to be had"),
        (f"{DAEMON}failed to create shim task: OCI runtime create failed: runc create failed: unable to start"
         " container process: exec: \"nosuchprogram\": executable file not found in $PATH: unknown",
         StackFault, "A container has no program nosuchprogram"),
        ("failed to copy: write /var/lib/docker/tmp/x: no space left on device", StackFault,
         "The disk of the container engine is full"),
        ("open /tmp/x/docker-compose.yml: no such file or directory", StackFault,
         "There is no file /tmp/x/docker-compose.yml"),
        ("no such service: kafak", StackFault, "There is no service kafak"),
        ("yaml: line 1: did not find expected node content", StackFault,
         "The compose file is wrong: line 1: did not find expected node content"),
        ("failed to solve: executor failed running [/bin/sh -c pip install x]: exit code: 1", StackFault,
         "An image cannot be built: executor failed running [/bin/sh -c pip install x]: exit code: 1"),
        ("The command '/bin/sh -c pip install x' returned a non-zero code: 1", StackFault,
         "An image cannot be built: The command '/bin/sh -c pip install x' returned a non-zero code: 1"),
        ("panic: runtime error: invalid memory address\n\ngoroutine 1:\nx.go:78 +0x93\n", StackFault,
         "Compose itself broke: runtime error: invalid memory address"),
        ("empty compose file", StackFault, "The compose file is empty"),
        ("env file /x y/nofile not found: stat /x y/nofile: no such file or directory", StackFault,
         "There is no file /x y/nofile, which a service names"),
        ('failed to read /x/.env: line 3: unterminated quoted value "unclosed', StackFault,
         'A file of variables is wrong: /x/.env: line 3: unterminated quoted value "unclosed'),
        ('service "web" depends on undefined service "ghost": invalid compose project', StackFault,
         'The compose file is wrong: service "web" depends on undefined service "ghost"'),
        (f"{DAEMON}something new\x1b[31m", StackFault, "`docker compose up` failed: something new\\x1b[31m"),
        ("", StackFault, "`docker compose up` failed and did not say why"),
    ],
)  # fmt: skip
def test_each_failure_is_told_with_its_next_step(said: str, kind: type[StackFault], message: str) -> None:
    fault = fault_of(said, "docker compose up")
    assert type(fault) is kind
    assert fault.message == message or ("\x1b" in said and "\x1b" not in fault.message)
    assert fault.hint


def test_secrets_in_what_was_said_stay_there() -> None:
    fault = fault_of(
        "failed to solve: pip install --index-url https://me:hunter2@packages.example/ x", "docker"
    )
    assert "https://me:••••••@packages.example/" in fault.message and "hunter2" not in fault.message

"""A `docker` that says what an engine says, for what no engine can be brought to do in a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CONFIG = {
    "name": "p",
    "services": {
        "kafka": {
            "image": "apache/kafka:1",
            "ports": [{"published": "$PORT"}],
            "deploy": {"resources": {"limits": {"memory": "2147483648"}}, "replicas": 3},
            "volumes": [{"type": "bind", "source": "$WORKSPACE", "target": "/workspace"}],
        },
        "app": {"image": "dspy-tui:p", "build": {"context": "."}},
    },
}
STAND_IN = """#!/bin/sh
# Says what an engine says, in its own words.
case "$*" in
    *version*short*) echo {compose} ;;
    "version --format"*) echo 27.1.0 ;;
    *"config --format json"*) cat '{folder}/config.json' ;;
    *"config --services"*) printf 'kafka\\napp\\n' ;;
    *config*) exit 0 ;;
    *"ps --all"*) exit 0 ;;
    *" logs "*) {logs} ;;
    "ps --format"*) printf 'other-1\\t127.0.0.1:{theirs}->80/tcp\\n' ;;
    "image inspect"*) echo "No such image" >&2; exit 1 ;;
    info*) echo '{{"MemTotal": 4294967296, "DockerRootDir": "{folder}"}}' ;;
    "system df"*) echo '{{"Type": "Images", "Size": "3GB"}}' ;;
    *up*|*prune*|*down*) {up} ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


def put_docker(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    compose: str = "v2.40.3",
    up: str = "exit 0",
    logs: str = "exit 0",
    port: int = 1,
    theirs: int = 2,
) -> None:
    """A `docker` first on the path that says this; `up` is what it does to change anything, and `logs` to
    tell logs, for a shell."""
    text = json.dumps(CONFIG).replace("$PORT", str(port)).replace("$WORKSPACE", str(folder))
    (folder / "config.json").write_text(text)
    program = folder / "bin" / "docker"
    program.parent.mkdir(exist_ok=True)
    program.write_text(STAND_IN.format(compose=compose, folder=folder, theirs=theirs, up=up, logs=logs))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

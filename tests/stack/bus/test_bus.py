"""`stack topics` and `stack tail` on the command line, against a genuine Kafka."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures_kafka import Kafka
from tui.cli import main

pytestmark = pytest.mark.kafka


def said(kafka: Kafka, root: Path, *words: str) -> list[str]:
    return ["stack", *words, "--workspace", str(root), "--set", f"kafka_bootstrap={kafka.server}"]


def test_topics_and_messages(kafka: Kafka, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    topic = kafka.topic("logs.raw")
    kafka.send(topic, *(f"line {number} password=hunter2now\x1b[31m".encode() for number in range(20)))
    assert main(said(kafka, tmp_path, "topics", topic, "--format", "json")) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["schema"] == "dspy-tui.stack-topics/1"
    assert [(each["name"], each["messages"]) for each in document["topics"]] == [(topic, 20)]
    assert main(said(kafka, tmp_path, "tail", topic, "-n", "2")) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 2 and "line 18" in lines[0] and f"{topic}/0@19" in lines[1]
    assert "hunter2now" not in "".join(lines) and "\x1b" not in "".join(lines)
    assert main(said(kafka, tmp_path, "tail", topic, "--since", "1h", "--grep", "line 1[0-4]")) == 0
    assert len(capfd.readouterr().out.splitlines()) == 5
    assert main(said(kafka, tmp_path, "tail", f"{topic}-not", "--format", "json")) == 1
    document = json.loads(capfd.readouterr().out)
    assert document["error"]["code"] == "no-topic" and document["lines"] == []

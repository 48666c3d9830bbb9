"""Topics and messages in a pseudo-terminal, from a genuine broker."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pexpect
import pytest

from tests.e2e.conftest import PROGRAM, environment
from tests.fixtures_kafka import Kafka

pytestmark = [pytest.mark.terminal, pytest.mark.kafka]
ENTERS, LEAVES = "\x1b[?1049h", "\x1b[?1049l"
TOPICS, QUIT, ESCAPE = "\x1bt", "\x11", "\x1b"
PATIENCE_S = 120


def readers(word: str) -> list[int]:
    """The processes that read messages for an app whose environment has the word."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command, where = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:
                continue
            if b"streaming.live.worker" in command and word.encode() in where:
                found.append(int(folder.name))
    return found


def test_a_topic_is_opened_and_its_messages_come(kafka: Kafka, repo: Path) -> None:
    mark = uuid4().hex[:8]
    orders, others = kafka.topic(f"orders-{mark}", partitions=2), kafka.topic(f"others-{mark}")
    kafka.send(orders, *(json.dumps({"order": n, "of": f"early-{mark}"}).encode() for n in range(3)))
    kafka.send(others, b"not wanted")
    quiet = {"DSPY_TUI_PROVIDER": "none", "DSPY_TUI_INDEX_IN_BACKGROUND": "false"}
    screen = pexpect.spawn(
        PROGRAM[0],
        [PROGRAM[1], PROGRAM[2], str(repo)],
        env=environment(TERM="xterm-256color", KAFKA_BOOTSTRAP=kafka.server, RUN_OF=mark, **quiet),
        dimensions=(24, 100),
        timeout=PATIENCE_S,
    )
    try:
        screen.expect_exact(ENTERS)
        screen.expect_exact("sk about this repository")
        screen.send(TOPICS)
        screen.expect_exact(f"orders-{mark}")
        screen.send("/orders\r")
        screen.expect_exact("1 of ")
        screen.send("\x1b[F\r")  # to the last row, and into it
        screen.expect_exact("Messages:")
        screen.expect_exact(f"early-{mark}")
        screen.expect_exact("3 read")
        assert len(readers(mark)) == 1
        kafka.send(orders, b"late \x1b]0;a title of theirs\x07 [bold]one[/bold]")
        screen.expect_exact("[bold]one[/bold]")
        assert b"a title of theirs" not in bytes(screen.before or b"")
        screen.send("/late\r")
        screen.expect_exact("1 match")
        screen.send(ESCAPE)  # the filter
        screen.expect_exact("4 read")
        screen.send(ESCAPE)  # the messages
        screen.expect_exact("Bus: ")
        screen.send(QUIT)
        screen.expect_exact(LEAVES)
        screen.expect(pexpect.EOF)
        screen.wait()
        assert screen.exitstatus == 0 and not readers(mark)
    finally:
        screen.close(force=True)

"""Started by `benchmarks/fluency.py` beside the app: lines into a log, messages onto the bus.

    python -m benchmarks._fluency_feed LOG LINES_A_SECOND BOOTSTRAP MESSAGES_A_SECOND

It goes on until its standard input ends. The messages are lines on `bench.raw`, and every so often a message
with key events on `logs.ctx.worker`, which the log pane tails.
"""

from __future__ import annotations

import json
import select
import sys
import time
from pathlib import Path
from typing import IO, Any

TAILED, CONTEXTS = "bench.raw", "logs.ctx.worker"
_STEP_S = 0.01
_CONTEXT_S = 0.5


def context(number: int) -> bytes:
    """A message of key events: the same few, counted up, as a job tells them that reads a log."""
    now = time.time()
    events = [
        {
            "id": f"bench-{kind}",
            "kind": "error",
            "source": "worker.log",
            "first": number + 1,
            "last": number + 1,
            "text": f"{kind} after {number} retries",
            "level": "error",
            "count": number + 1,
            "ended": now,
            "score": 1.0,
        }
        for kind in ("TimeoutError: no answer", "ConnectionResetError: peer")
    ]
    document = {
        "schema": "logs.ctx/1",
        "id": f"{number}",
        "at": now,
        "service": "worker",
        "ctx": [event["text"] for event in events],
        "events": events,
        "lines": 100 * number,
    }
    return json.dumps(document).encode()


def feed(log: IO[str], rate: int, producer: Any, messages: int) -> None:
    """Write and send at an even pace until the standard input ends."""
    began = time.monotonic()
    lines = sent = contexts = 0
    while not select.select([sys.stdin], [], [], _STEP_S)[0]:
        past = time.monotonic() - began
        stamp = time.strftime("%H:%M:%S")
        for number in range(lines, int(past * rate)):
            level = "ERROR" if number % 997 == 0 else "INFO"
            log.write(f"{stamp} {level} request {number} of client {number % 91} took {number % 700} ms\n")
        lines = int(past * rate)
        log.flush()
        for number in range(sent, int(past * messages)):
            value = {"level": "INFO", "line": number, "message": f"record {number} kept in {number % 40} ms"}
            producer.send(TAILED, json.dumps(value).encode())
        sent = int(past * messages)
        if past > contexts * _CONTEXT_S:
            producer.send(CONTEXTS, context(contexts))
            contexts += 1
    producer.flush()
    print(json.dumps({"lines": lines, "messages": sent, "contexts": contexts}))


def main() -> None:
    path, rate, bootstrap, messages = sys.argv[1:]
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=10)
    with Path(path).open("a", buffering=1 << 16) as log:
        feed(log, int(rate), producer, int(messages))
    producer.close()


if __name__ == "__main__":
    main()

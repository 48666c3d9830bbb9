"""The memory that a long conversation takes: the real app without a terminal.

    python -m benchmarks._fluency_memory WORKSPACE MESSAGES

Prompts are answered, by the model server that the environment names, in Markdown of some 200 tokens; every
fifth is a command with output. Between two, the app's clock goes on, so that the last comes 8 simulated hours
after the first, and a log grows. Counted is what the processes of the app hold, after 100 messages and at the
end (prompts and answers are messages); it is written as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, perf_counter

from agent_core.runtime import open_runtime
from tui.app import DspyApp

FIRST = 100
HOURS = 8.0
_PATIENCE_S = 60.0
_SETTLE_S, _LOOK_TURNS = 2.0, 500
_COMMANDS = ("grep return src", "cat src/mod_1.py", "tree", "grep part README.md")
_WORDS = (
    *("why", "does", "the", "worker", "keep", "its", "offset", "until", "store", "has", "written", "what"),
    *("it", "read", "from", "queue"),
)


class Clock:
    """Seconds that go on by themselves, and by leaps."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """The time now."""
        return monotonic() + self.ahead


def held() -> dict[str, float]:
    """MiB that this process and each of its children hold; what they share is counted once (PSS)."""
    found: dict[str, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if int(folder.name) != os.getpid() and parent != os.getpid():
                continue
            rows = (folder / "smaps_rollup").read_text().splitlines()
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        pss = sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
        found[f"{folder.name} {' '.join(words)[-60:]}"] = pss / 1024
    return found


@asynccontextmanager
async def opened(root: Path, clock: Clock) -> AsyncGenerator[DspyApp]:
    """The app on a workspace."""
    app = DspyApp(open_runtime(root, interactive=True), clock=clock)
    async with app.run_test(size=(120, 36)):
        began = perf_counter()
        while not app.work.transcript.page.units:
            if perf_counter() - began > _PATIENCE_S:
                raise TimeoutError("the screen never came")
            await asyncio.sleep(0.05)
        yield app


async def converse(root: Path, *, messages: int) -> dict[int, dict[str, float]]:
    """Have a conversation; what each process held after some numbers of messages, in MiB."""
    chosen, clock = random.Random(11), Clock()
    turns = messages // 2
    figures: dict[int, dict[str, float]] = {}
    async with opened(root, clock) as app:
        session = app.runtime.session
        await asyncio.sleep(5.0)
        for number in range(1, turns + 1):
            question = " ".join(chosen.choices(_WORDS, k=14))
            text = chosen.choice(_COMMANDS) if number % 5 == 0 else f"LONGSTREAM {number}: {question}?"
            session.submit(text)
            await asyncio.wait_for(session.idle(), _PATIENCE_S)
            clock.ahead += HOURS * 3600 / turns
            with (root / "app.log").open("a") as log:
                log.write(f"2026-11-30 12:00:00 ERROR worker request {number} failed: timeout\n")
            if number in (FIRST // 2, turns) or number % _LOOK_TURNS == 0:
                await asyncio.sleep(_SETTLE_S)
                figures[2 * number] = held()
                total = sum(figures[2 * number].values())
                print(f"{2 * number} messages: {total:.0f} MiB", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    print(json.dumps(asyncio.run(converse(Path(sys.argv[1]), messages=int(sys.argv[2])))))

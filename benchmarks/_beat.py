"""How late an event loop gets to a timer of 5 ms: of a program, or alone in a process beside it.

    python -m benchmarks._beat

It beats until its standard input ends, then prints its figures as JSON. A loop that has nothing to do is late
where the machine gives it no time: what the same timer of a program is later than that is the program's own.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import perf_counter, thread_time

BEAT_S = 0.005


class Beat:
    """A timer that notes for how long it did not get its turn.

    `longest` is that in seconds, at `at` seconds after the begin; `computed` the longest time that its thread
    computed between two turns; `over` the turns that came 25 ms late or more.
    """

    def __init__(self) -> None:
        self.longest, self.at, self.computed = 0.0, 0.0, 0.0
        self.over = 0

    async def run(self) -> None:
        """Beat until it is cancelled."""
        began = last = perf_counter()
        used = thread_time()
        while True:
            await asyncio.sleep(BEAT_S)
            now, spent = perf_counter(), thread_time()
            self.computed, used = max(self.computed, spent - used), spent
            late = now - last - BEAT_S
            self.over += late > 0.025
            if late > self.longest:
                self.longest, self.at = late, now - began
            last = now


@asynccontextmanager
async def beating() -> AsyncGenerator[Beat]:
    """Measures while the block runs."""
    beat = Beat()
    task = asyncio.create_task(beat.run())
    try:
        yield beat
    finally:
        task.cancel()


class Beside:
    """The same in a process that does nothing else, while a block runs; `longest` is set at its end."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def __aenter__(self) -> Beside:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks._beat", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        said, _error = await self._process.communicate(b"")  # which ends its input
        self.longest = float(json.loads(said)["longest"])


async def _alone() -> None:
    async with beating() as beat:
        await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"longest": beat.longest, "over": beat.over}))


if __name__ == "__main__":
    asyncio.run(_alone())

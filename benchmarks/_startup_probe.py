"""Started by `benchmarks/startup.py` in a pseudo-terminal: the app, with a clock in its event loop.

Writes a JSON file when the slow libraries are loaded: what was imported at the first paint, and by how much
the loop was late at most from then until everything was loaded.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path
from time import perf_counter

SLOW = (
    *("dspy", "lancedb", "litellm", "openai", "torch", "pyspark", "pufferlib"),
    *("ollama", "pygments", "watchfiles"),
)
STEP_S = 0.002


def main(result: Path, limit_s: float) -> None:
    """Run the app until its background loading is over."""
    gc.disable()
    from agent_core.runtime import open_runtime

    runtime = open_runtime(Path.cwd(), interactive=True)
    from tui.app import DspyApp

    class Probe(DspyApp):
        """Measures, then ends itself."""

        def on_mount(self) -> None:  # Textual calls the app's own as well
            self.work.call_after_refresh(self._measure)

        def _measure(self) -> None:
            self.early = [name for name in SLOW if name in sys.modules]
            self._watch_task = asyncio.create_task(self._watch())

        async def _watch(self) -> None:
            began = perf_counter()
            late: list[tuple[float, float]] = []
            settled = 0.0
            while perf_counter() - began < limit_s:
                before = perf_counter()
                await asyncio.sleep(STEP_S)
                now = perf_counter()
                late.append((now - before - STEP_S, now - began))
                if "dspy" in sys.modules and hasattr(sys.modules["dspy"], "Predict"):
                    settled = settled or now
                    if now - settled > 1.0:
                        break
            late.sort(reverse=True)
            document = {
                "early": self.early,
                "loaded": [name for name in SLOW if name in sys.modules],
                "loading_s": round((settled or perf_counter()) - began, 3),
                "stalls_ms": [[round(1000 * lag, 1), round(at, 3)] for lag, at in late[:5]],
            }
            result.write_text(json.dumps(document))
            self.exit()

    Probe(runtime).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

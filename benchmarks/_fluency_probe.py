"""Started by `benchmarks/fluency.py` in a pseudo-terminal: the app, with a clock in its event loop.

    python -m benchmarks._fluency_probe RESULT

SIGUSR1 begins to measure anew, SIGUSR2 writes what was measured since to the file, as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path

from benchmarks._beat import Beat


def main(result: Path) -> None:
    """Run the app as the command does, until it is ended."""
    gc.disable()
    from agent_core.runtime import open_runtime
    from stack.tool import StackTool

    runtime = open_runtime(Path.cwd(), interactive=True, tools=(StackTool(),))
    from tui.app import DspyApp

    class Probe(DspyApp):
        """Beats from the first paint on."""

        def on_mount(self) -> None:  # Textual calls the app's own as well
            self.beat = Beat()
            self.beating = asyncio.create_task(self.beat.run())
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, self._begin_anew)
            loop.add_signal_handler(signal.SIGUSR2, self._write)

        def _begin_anew(self) -> None:
            self.beating.cancel()
            self.beat = Beat()
            self.beating = asyncio.create_task(self.beat.run())

        def _write(self) -> None:
            beat = self.beat
            figures = {"longest": beat.longest, "at": beat.at, "computed": beat.computed, "over": beat.over}
            result.write_text(json.dumps(figures))

    Probe(runtime).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

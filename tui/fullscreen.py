"""Opening the screen, and leaving it as it was found when a signal ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from agent_core.errors import Interrupted, UsageError
from tui.arguments import open_session, root_of, settings_of
from tui.cli import show

if TYPE_CHECKING:
    from tui.app import DspyApp
    from tui.options import Parsed

_BROWSER = "textual.drivers.web_driver:WebDriver"
"""What `dspy-tui serve` has the screen drawn by."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def open_screen(parsed: Parsed) -> int:
    """Run the application; returns the exit code. Raises `UsageError` where there is no terminal."""
    if not (os.isatty(0) and os.isatty(1)) and os.environ.get("TEXTUAL_DRIVER") != _BROWSER:
        raise UsageError(
            "there is no terminal to draw on",
            hint="Without one: dspy-tui --batch -c COMMAND; see dspy-tui --help.",
        )
    from agent_core.runtime import open_runtime
    from stack.tool import StackTool
    from tui.tour.tool import TourTool

    runtime = open_runtime(
        root_of(parsed),
        flags=settings_of(parsed),
        interactive=True,
        allow=tuple(parsed.all("allow")),
        debug=parsed.has("debug"),
        tools=(StackTool(), TourTool()),
    )
    from tui.app import DspyApp

    code = asyncio.run(_show(DspyApp(runtime), parsed))
    if lines := (*runtime.session.farewell, *runtime.training.farewell):
        show("\n".join(lines))
    return code


async def _show(app: DspyApp, parsed: Parsed) -> int:
    try:
        await open_session(parsed, app.runtime.session.conversation)
    except BaseException:
        await app.runtime.aclose()
        raise
    loop = asyncio.get_running_loop()

    def end() -> None:
        app.exit(return_code=Interrupted.exit_code)

    for number in _ENDING:
        loop.add_signal_handler(number, end)
    await app.run_async()
    return app.return_code or 0

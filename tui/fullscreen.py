"""Opening the screen, and leaving it as it was found when a signal ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from agent_core.errors import Interrupted, UsageError
from agent_core.plain import VARIABLE, is_wanted
from agent_core.workspace import Workspace
from tui.arguments import config_of, hold_to_plain, open_session, root_of, settings_of
from tui.cli import say, show

if TYPE_CHECKING:
    from tui.app import DspyApp
    from tui.options import Parsed

_BROWSER = "textual.drivers.web_driver:WebDriver"
"""What `dspy-tui serve` has the screen drawn by."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def open_screen(parsed: Parsed) -> int:
    """Run the application; returns the exit code. Raises `UsageError` where there is no terminal."""
    browser = os.environ.get("TEXTUAL_DRIVER") == _BROWSER
    has_terminal = os.isatty(0) and os.isatty(1)
    in_lines = not browser and (parsed.has("plain") or is_wanted(os.environ))
    if not (in_lines or browser or has_terminal):
        in_lines = config_of(parsed, Workspace.open(root_of(parsed)).root).settings.plain
    if not (in_lines or browser or has_terminal):
        raise UsageError(
            "there is no terminal to draw on",
            hint="Without one: dspy-tui --batch -c COMMAND, or --plain for lines; see dspy-tui --help.",
        )
    if not (in_lines or browser) and _is_dumb():
        in_lines, os.environ[VARIABLE] = True, "true"
    from agent_core.runtime import open_runtime
    from stack.tool import StackTool
    from tui.tour.tool import TourTool

    runtime = open_runtime(
        root_of(parsed),
        flags=settings_of(parsed),
        interactive=not in_lines or os.isatty(0),  # lines of a pipe are commands, and no answers
        allow=tuple(parsed.all("allow")),
        debug=parsed.has("debug"),
        tools=(StackTool(), TourTool()),
    )
    if runtime.config.settings.plain and not (in_lines or browser):
        hold_to_plain(runtime.config.settings)
        in_lines = True
    if in_lines:
        from tui.plain.opening import open_plain

        return open_plain(runtime, parsed)
    from tui.app import DspyApp

    code = asyncio.run(_show(DspyApp(runtime), parsed))
    if lines := (*runtime.session.farewell, *runtime.training.farewell):
        show("\n".join(lines))
    return code


def _is_dumb() -> bool:
    """Whether the terminal cannot draw a screen; says what is done instead."""
    term = os.environ.get("TERM", "")
    if term not in ("", "dumb", "unknown"):
        return False
    said = f"this terminal cannot draw (TERM is {term or 'not set'}), so lines come instead, as with --plain"
    say(f"dspy-tui: {said}")
    return True


async def _show(app: DspyApp, parsed: Parsed) -> int:
    try:
        await open_session(parsed, app.runtime.session.conversation)
    except BaseException:
        await app.runtime.aclose()
        raise
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if number != signal.SIGINT or not app.is_away:
            app.exit(return_code=Interrupted.exit_code)

    for number in _ENDING:
        loop.add_signal_handler(number, end, number)
    await app.run_async()
    return app.return_code or 0

"""`dspy-tui serve`: says where the screen is, and serves it until it is ended."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from agent_core.errors import UsageError
from agent_core.log import open_log
from agent_core.masking import masker
from agent_core.text import one_line
from agent_core.workspace import Workspace
from tui.arguments import config_of, root_of
from tui.cli import say, show

if TYPE_CHECKING:
    from tui.options import Parsed

_PROGRAM = "import sys; from tui.cli import main; sys.exit(main())"
_PORTS = range(1, 65_536)


def serve_command(parsed: Parsed) -> int:
    """Serve; returns 0 once a signal ended it."""
    from tui.serve.guard import Guard
    from tui.serve.server import HOST, Served, bound, serve

    workspace = Workspace.open(root_of(parsed))
    config = config_of(parsed, workspace.root)  # what is wrong with it is said now, and not on a page
    mask = masker(config.settings)
    listening = bound(_port(parsed.one("port")))
    port = listening.getsockname()[1]
    guard = Guard(port)
    served = Served(_words(parsed, workspace), title=one_line(workspace.root.name), guard=guard)

    def ready() -> None:
        show(f"http://{HOST}:{port}/?token={guard.token}")
        say("Open it in a browser of this machine; whoever has it can do what you can. Ctrl-C ends it.")

    def masked(text: str) -> str:
        return mask(text).replace(guard.token, "••••••")

    with closing(open_log(workspace, mask=masked, debug=parsed.has("debug"))):
        asyncio.run(serve(served, listening, ready=ready))
    return 0


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) not in _PORTS:
        raise UsageError(f"--port is a number from 1 to {_PORTS[-1]:,}, not {text!r}")
    return int(text)


def _words(parsed: Parsed, workspace: Workspace) -> list[str]:
    """The program of a page: the screen, in this workspace, as it was asked for here."""
    words = [sys.executable, "-c", _PROGRAM, "--workspace", os.fspath(workspace.root)]
    for name in ("set", "allow"):
        words += [word for value in parsed.all(name) for word in (f"--{name}", value)]
    return words + (["--debug"] if parsed.has("debug") else [])

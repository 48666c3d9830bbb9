"""The evaluation in a process of its own: it may compute for seconds, and no key waits for it."""

from __future__ import annotations

import sys

import msgspec

from agent_core.capture import capture
from agent_core.errors import LearningFault
from agent_core.rl.api import Evaluation
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

_PATIENCE_S = 300.0


async def evaluate(workspace: Workspace) -> Evaluation:
    """Evaluate the log of a workspace; cancelling ends the process. Raises `LearningFault`."""
    # -P keeps the working folder off the module path: nothing of the workspace may be imported.
    argv = [sys.executable, "-P", "-m", "agent_core.rl.ope", str(workspace.root)]
    try:
        said = await capture(argv, cwd=workspace.root, timeout=_PATIENCE_S)
        if said.code == 0:
            return msgspec.json.decode(said.out, type=Evaluation)
        reason = said.err.strip().rpartition("\n")[2] or f"exit code {said.code}"
    except TimeoutError:
        reason = f"it took longer than {_PATIENCE_S:.0f} s"
    except (OSError, msgspec.DecodeError) as error:
        reason = str(error)
    raise LearningFault(
        f"The suggestions cannot be evaluated: {shorten(one_line(reason), 300)}",
        hint="`rl status` says how the log stands; `rl export` copies it.",
    )

"""`dspy-tui --plain`: opens the conversation in lines, and leaves it with the session's farewell."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from agent_core.errors import Interrupted
from agent_core.plain import in_words
from tui.arguments import open_session
from tui.catalog import Catalog
from tui.plain.behind import Behind
from tui.plain.conversation import Conversation, greeting
from tui.plain.lines import Ended, Lines
from tui.prompt_history import PromptHistory

if TYPE_CHECKING:
    from agent_core.runtime import Runtime
    from tui.options import Parsed


def open_plain(runtime: Runtime, parsed: Parsed) -> int:
    """Talk in lines; returns the exit code. Raises what keeps the session from being opened."""
    behind = Behind(runtime, begin=lambda: open_session(parsed, runtime.session.conversation))
    code = 0
    try:
        behind.start()
        history = PromptHistory(runtime.workspace)
        history.load()
        catalog = Catalog(runtime.workspace, stack_dir=runtime.config.settings.stack_dir)
        conversation: list[Conversation] = []
        lines = Lines(wake=behind.wake, complete=lambda before: conversation[0].completed(before))
        conversation.append(Conversation(behind=behind, history=history, catalog=catalog, lines=lines))
        lines.begin(history.earlier)
        lines.say(greeting(runtime.workspace.root.name, runtime.warnings()))
        code = conversation[0].run()
    except Ended:
        code = Interrupted.exit_code
    finally:
        behind.close()
        _farewell(runtime)
    return code


def _farewell(runtime: Runtime) -> None:
    told = [*runtime.session.farewell, *runtime.training.farewell]
    if not told:
        return
    with suppress(OSError):  # nobody reads it any more
        sys.stdout.write("\n".join(map(in_words, told)) + "\n")
        sys.stdout.flush()

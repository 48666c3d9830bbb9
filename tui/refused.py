"""What a program reads that asked for a document, where the command line is such that nothing was begun."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from agent_core.batch_formats import SCHEMA as BATCH
from agent_core.batch_formats import Document, to_json
from agent_core.errors import AgentError
from tui.cli import show
from tui.options import COMMANDS

SCHEMA = "dspy-tui.error/1"
_TELLS_ITSELF = (("stack", "init"), ("lightweight_init",))


def refused(argv: Sequence[str], error: AgentError, *, parsed: bool) -> None:
    """Write the error as the document that `--format` asks for; nothing where it asks for none.

    Args:
        argv: The command line as it was typed.
        error: Why nothing was begun.
        parsed: Whether it could be read, so that a command may have told the error itself.
    """
    asked = _format(argv)
    if asked not in ("json", "junit", "sarif") or (parsed and _words(argv) in _TELLS_ITSELF):
        return
    first = argv[0] if argv else ""
    is_batch = first == "ctx" or not any(first == command.words[0] for command in COMMANDS if command.words)
    if asked == "json":
        document = Document(BATCH, [], error.info) if is_batch else {"schema": SCHEMA, "error": error.info}
        show(msgspec.json.format(to_json(document), indent=2).decode())
    elif is_batch:
        from agent_core.batch_reports import Checked, junit, sarif

        made = (junit if asked == "junit" else sarif)([Checked("dspy-tui", (), error.info)])
        show(made.decode().rstrip("\n"))


def _format(argv: Sequence[str]) -> str:
    """The last `--format`, however the rest is off; what stands behind `--` is no option."""
    asked = ""
    for word, following in pairwise((*argv, "")):
        if word == "--":
            break
        if word == "--format":
            asked = following
        elif word.startswith("--format="):
            asked = word.partition("=")[2]
    return asked


def _words(argv: Sequence[str]) -> tuple[str, ...]:
    return next((one for one in _TELLS_ITSELF if tuple(argv[: len(one)]) == one), ())

"""The records of the log as they are read again: each once, by whoever evaluates or exports them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

from agent_core.errors import ToolError
from agent_core.files import write_atomic
from agent_core.ignore import is_own
from agent_core.rl.records import Record
from agent_core.rl.store.folding import Marks
from agent_core.rl.store.keeping import sound_record
from agent_core.rl.store.log import Line
from agent_core.text import one_line
from agent_core.workspace import Workspace


def each_once(lines: Generator[Line]) -> Generator[tuple[Record, bytes]]:
    """The records of lines, and the lines; what cannot be read or comes again is left out."""
    marks = Marks()
    with closing(lines):
        for line in lines:
            record = sound_record(line.content) if line.content is not None else None
            if record is not None and line.content is not None and marks.add(record):
                yield record, line.content


def export(
    workspace: Workspace, path: str, records: Iterable[tuple[Record, bytes]], *, replace: bool
) -> Path:
    """Write records as JSON lines to a path in the workspace, and return it.

    Raises:
        AgentError: The path leaves the workspace, is one of our own, cannot be written, or is there already
            and is not to be replaced.
    """
    target = workspace.resolve(path)
    if target.is_dir() or is_own(target.name):
        raise ToolError(f"{one_line(path)} cannot be replaced", hint="Name another file.")
    if target.exists() and not replace:
        hint = "Name another file; `rl export PATH --force` replaces it."
        raise ToolError(f"{one_line(path)} is there already", hint=hint)
    try:
        write_atomic(target, b"".join(content + b"\n" for _, content in records), mode=0o600, durable=False)
    except OSError as error:
        raise ToolError(f"{one_line(path)} cannot be written: {error.strerror or error}") from None
    return target

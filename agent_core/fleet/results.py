"""What came of a task, as a message that fits."""

from __future__ import annotations

import time

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.streaming.messages import MOST_BYTES, Outcome, Result, Task, encode
from agent_core.text import encodable, printable

MOST_TEXT, MOST_DIFF = 256 * 1024, 512 * 1024
"""Characters of the text, and of the diff."""
_SHORT = 4000
_KEY_BYTES = 1024
CUT = "\n(cut here: {left:,} of {whole:,} characters)\n"


def result_of(
    task: Task,
    *,
    service: str,
    worker: str,
    outcome: Outcome,
    text: str = "",
    diff: str = "",
    error: ErrorInfo | None = None,
    seconds: float = 0.0,
) -> Result:
    """The result of a task; its id follows from the task's. What is too long is cut and says so."""
    text = printable(encodable(text))
    diff = encodable(diff)
    result = Result(
        id=result_id(task.id),
        at=time.time(),
        task=task.id,
        service=service[:_SHORT],
        worker=worker[:_SHORT],
        outcome=outcome,
        error=None if error is None else _fitting(error),
        seconds=round(seconds, 3),
    )
    part = 1
    while True:  # escapes and other alphabets take more bytes than characters
        fitting = msgspec.structs.replace(
            result, text=cut(text, MOST_TEXT // part), diff=cut(diff, MOST_DIFF // part)
        )
        if len(encode(fitting)) <= MOST_BYTES - _KEY_BYTES:
            return fitting
        part *= 2


def _fitting(error: ErrorInfo) -> ErrorInfo:
    message, hint = (cut(encodable(text), _SHORT) for text in (error.message, error.hint))
    return ErrorInfo(error.code[:_SHORT], message, hint)


def short(result: Result) -> Result:
    """The same in a few kilobytes, for a bus that takes no long messages."""
    return msgspec.structs.replace(result, text=cut(result.text, _SHORT), diff=cut(result.diff, _SHORT))


def result_id(task_id: str) -> str:
    """What the result of a task is called."""
    return f"{task_id}.result"


def cut(text: str, most: int) -> str:
    """The beginning of a text that is longer, with a line that says so."""
    if len(text) <= most:
        return text
    kept = text[:most]
    return kept + CUT.format(left=len(kept), whole=len(text))

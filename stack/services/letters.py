"""Dead letters: what could not be worked on goes to `agent.errors`, with the reason."""

from __future__ import annotations

import time
from hashlib import sha256

from agent_core.config import Settings
from agent_core.errors import ErrorInfo
from agent_core.fleet.routing import MOST_ID
from agent_core.masking import log_masker
from agent_core.streaming.messages import DeadLetter, encode
from agent_core.streaming.ports import Received, Skipped
from agent_core.text import encodable, printable

NO_TASK = ErrorInfo("not-a-task", "The message is one of ours, and no task")
_MOST_SHOWN = 2000
_masked = log_masker(Settings())
_WHY = {
    "unknown": ErrorInfo("unknown-version", "The message has a schema that is not known here"),
    "broken": ErrorInfo("broken-message", "The message cannot be read"),
}


def letter_of(skipped: Skipped, *, service: str) -> DeadLetter:
    """What is none of our messages."""
    why = _WHY[skipped.why.why]
    error = ErrorInfo(why.code, f"{why.message}: {printable(skipped.why.detail)}", why.hint)
    return _letter(skipped, service, error, value=skipped.value, what=skipped.value.encode())


def letter_about(received: Received, error: ErrorInfo, *, service: str, task: str = "") -> DeadLetter:
    """A message of ours that nobody can work on."""
    whole = encode(received.message)
    said = _masked(whole[: 4 * _MOST_SHOWN].decode("utf-8", "replace"))
    return _letter(received, service, error, value=said, what=whole, task=task)


def _letter(
    about: Received | Skipped, service: str, error: ErrorInfo, *, value: str, what: bytes, task: str = ""
) -> DeadLetter:
    """Its id follows from where the message lies, and from when and what it is: it has one dead letter,
    however often it is read, and not that of one which lay there in a topic that was removed since."""
    mark = sha256(b"%r %b" % (about.time, what)).hexdigest()[:16]
    return DeadLetter(
        id=f"{about.topic}/{about.partition}/{about.offset}/{mark}",
        at=time.time(),
        service=service,
        error=error,
        topic=about.topic,
        partition=about.partition,
        offset=about.offset,
        value=printable(encodable(value))[:_MOST_SHOWN],
        task=task[:MOST_ID],
    )

"""How the message bus stands, in words."""

from __future__ import annotations

from typing import Literal

from agent_core.events import BusChanged
from agent_core.streaming.names import service_of
from agent_core.text import one_line, plural

_WITHOUT = "Everything works from local logs and files without it."
_HOW = "`dspy-tui logs ship` sends lines, and the stack's spark makes key events of them."

Notice = tuple[Literal["info", "warning", "error"], str, str]


def in_full(event: BusChanged) -> Notice:
    """How it stands and the next step: how grave that is, what is said, a hint."""
    where = one_line(event.where)
    if event.state == "up":
        services = [service for topic in event.topics if (service := service_of(topic))]
        had = f"{plural(len(event.topics), 'topic')} of ours"
        events = f"key events of {plural(len(services), 'service')}"
        return "info", f"Kafka answers at {where}: {had}, {events}", "" if services else _HOW
    if event.fault is None:
        return "info", f"Kafka is looked for at {where}", ""
    said, hint = one_line(event.fault.message), one_line(event.fault.hint)
    if event.state == "lost":
        return "warning", f"The bus is lost. {said}. Logs go on from local files", hint
    return "info" if event.state == "absent" else "warning", f"{said}. {_WITHOUT}", hint

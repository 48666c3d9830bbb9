"""What shipping came to, in words and as plain data."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_core.logs.shipping.shipper import Shipped
from agent_core.streaming.names import raw_logs
from agent_core.text import human_size, one_line, plural


def counts(shipped: Shipped) -> str:
    """One line: how much of how many logs."""
    lines = f"{plural(shipped.lines, 'line')} ({human_size(shipped.bytes)})"
    return f"{lines} of {plural(len(shipped.logs), 'log')} in {plural(shipped.messages, 'message')}"


def headline(shipped: Shipped, *, failed: bool = False) -> str:
    """The same once it has ended, well or not."""
    if shipped.lines:
        return f"Sent {counts(shipped)}"
    logs = plural(len(shipped.logs), "log")
    return f"Nothing was sent of {logs}" if failed else f"Nothing new in {logs}"


def as_text(shipped: Shipped, *, failed: bool = False) -> str:
    """The headline, then a line for each topic with the logs that went there."""
    services: dict[str, list[str]] = {}
    for log, service in sorted(shipped.logs.items()):
        services.setdefault(service, []).append(one_line(log))
    rows = [f"  {raw_logs(service)}: {', '.join(logs)}" for service, logs in services.items()]
    return "\n".join((headline(shipped, failed=failed), *rows))


def as_data(shipped: Shipped) -> dict[str, Any]:
    """The same for programs."""
    return {
        "lines": shipped.lines,
        "bytes": shipped.bytes,
        "messages": shipped.messages,
        "logs": [{"log": log, "service": service} for log, service in sorted(shipped.logs.items())],
        "faults": [
            {"log": log, "error": msgspec.to_builtins(fault.info)} for log, fault in shipped.faults.items()
        ],
        "left_out": [{"log": log, "why": why} for log, why in sorted(shipped.left_out.items())],
    }

"""Parsing a stack trace of any language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from agent_core.logs.traces import (
    checks,
    dotnet,
    golang,
    java,
    javascript,
    native,
    numbered,
    php,
    python,
    ruby,
    rust,
    sanitizers,
)
from agent_core.logs.traces.lines import lines_of
from agent_core.logs.traces.model import Trace

_Reader = Callable[[Sequence[str], int], tuple[Trace | None, int]]

_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (python.MARK, python.read),
    (java.MARK, java.read),
    (rust.MARK, rust.read),
    (javascript.MARK, javascript.read),
    (dotnet.MARK, dotnet.read),
    (golang.MARK, golang.read),
    (php.MARK, php.read),
    (ruby.MARK, ruby.read),
    (sanitizers.MARK, sanitizers.read),
    (numbered.MARK, numbered.read),
    (native.MARK, native.read),
    (checks.MARK, checks.read),
)
"""By language; where two explain as many lines, the earlier one is taken."""


def parse(text: str) -> Trace | None:
    """The stack trace in a text, None when it has none.

    The text may begin with lines of the log itself and have loggers' heads before each line. Where several
    languages could have written it, the one that explains the most lines is taken. Never raises, whatever
    the text is.
    """
    lines = lines_of(text)
    joined = "\n".join(lines)
    best: Trace | None = None
    most = 0
    for mark, read in _READERS:
        if mark.search(joined) is None:
            continue
        trace, understood = read(lines, len(text))
        if trace is not None and understood > most:
            best, most = trace, understood
    if best is not None and best.language == "python" and java.MARK.search(joined):
        return _with_jvm(best, lines)
    return best


def _with_jvm(trace: Trace, lines: Sequence[str]) -> Trace:
    """A traceback whose exception came out of a JVM: the faults of that follow it, and lead to its root."""
    last = max(number for number, line in enumerate(lines) if python.MARK.search(line))
    other, _ = java.read(lines[last + 1 :], 0)
    if other is None or not other.root.frames:
        return trace
    first, *causes = other.faults
    root = msgspec.structs.replace(trace.root, frames=(*trace.root.frames, *first.frames), notes=first.notes)
    faults = [root if fault is trace.root else fault for fault in trace.faults]
    return msgspec.structs.replace(trace, faults=(*faults, *causes))

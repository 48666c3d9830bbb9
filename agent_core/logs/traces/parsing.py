"""Parsing a stack trace of any language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

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
    (dotnet.MARK, dotnet.read),
    (javascript.MARK, javascript.read),
    (golang.MARK, golang.read),
    (rust.MARK, rust.read),
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
    return best

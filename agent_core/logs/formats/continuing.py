"""Which lines without a head belong to the line before them."""

from __future__ import annotations

import numpy as np

from agent_core.logs.formats.text import Mask, Offsets, Text

_TRACE = (
    r"^(?:Caused by: |Suppressed: |at \S+\(|\.\.\. \d+ more|During handling of |The above exception |"
    r"#\d+[ \t]|goroutine \d+ \[|stack backtrace:|note: run with |--- End of |Require stack:|"
    r"[\])}]+[,;]?(?m:$))"
)
_RAISED = r"^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Fault)(?::|(?m:$))"
"""The last line of a Python traceback, behind its indented frames."""


def continues(text: Text, start: Offsets, end: Offsets, before: Offsets) -> Mask:
    """Whether lines without heads belong to the lines before them, which begin at `before`."""
    joins = _BLANK[text.bytes[start]] | (end <= start)
    rows = np.flatnonzero(~joins)
    if not len(rows):
        return joins
    joins[rows] = text.match(_TRACE, start[rows], 64).ok
    rows = rows[_BLANK[text.bytes[before[rows]]] & ~joins[rows]]
    if len(rows):
        joins[rows] = text.match(_RAISED, start[rows], 128).ok
    return joins


_BLANK = np.zeros(256, np.bool_)
_BLANK[[32, 9]] = True

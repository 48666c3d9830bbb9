"""Lines of `key=value` pairs that tell level, time or message under the usual keys."""

from __future__ import annotations

import numpy as np

from agent_core.logs.formats.text import Mask, Matches, Offsets, Text

_WIDTH = 256
_FIRST = r"^[A-Za-z_@][\w.@-]{0,40}=(?:\"|[^ \t\n=,;(){}<>\[\]]+(?:[ \t]|(?m:$)))"
_BEFORE = r"^(?:[^\n]*?[ \t])??"
_LEVEL = _BEFORE + r'(?:level|lvl|severity|levelname)="?(?P<level>[A-Za-z]+)'
_TIME = _BEFORE + r'(?:time|ts|timestamp|t|datetime)="?(?P<time>\d[\d:.TZ+-]{7}[^"\n]*)'
_NAME = _BEFORE + r'(?:logger|component|service|app|module|name|source|subsys)="?(?P<name>[\w./:@-]+)'
_MESSAGE = _BEFORE + r"(?P<message>msg|message)="
_META = (
    r"(?:time|ts|timestamp|t|datetime|level|lvl|severity|levelname|logger|component|service|app|module|caller"
    r"|pid|thread)"
)
_BODY = rf'^(?P<all>(?:{_META}=(?:"[^"\n]*"|[^ \t\n]*)[ \t]+)*(?:(?:msg|message)=)?)'

Found = tuple[Mask, dict[str, Matches]]


def pairs(text: Text, at: Offsets) -> Found:
    """Which lines are pairs, and where these tell `level`, `time`, `name`, and behind which the rest begins
    (`all` of "body"). The matches are of those lines only."""
    ok = text.match(_FIRST, at, 96).ok if len(at) else np.zeros(0, np.bool_)
    rows = np.flatnonzero(ok)
    if not len(rows):
        return ok, {}
    level, message = text.match(_LEVEL, at[rows], _WIDTH), text.match(_MESSAGE, at[rows], _WIDTH)
    told = level.ok | message.ok
    ok[rows] = told
    rows = rows[told]
    found = {
        name: text.match(pattern, at[rows], _WIDTH)
        for name, pattern in (("level", _LEVEL), ("time", _TIME), ("name", _NAME), ("body", _BODY))
        if len(rows)
    }
    return ok, found

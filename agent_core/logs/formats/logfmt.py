"""Lines of `key=value` pairs that tell level, time or message under the usual keys."""

from __future__ import annotations

from agent_core.logs.formats.text import Mask, Matches, Offsets, Text

_WIDTH = 256
_VALUE = r'(?:"[^"\n]*"|[^" \t\n]*)'
_BEFORE = rf"^(?:[\w.@-]+={_VALUE}[ \t]+)*?"
_FIRST = rf"^[A-Za-z_@][\w.@-]*={_VALUE}(?:[ \t]|(?m:$))"
_TOLD = _BEFORE + r"(?:level|lvl|severity|levelname|msg|message)="
_LEVEL = _BEFORE + r'(?:level|lvl|severity|levelname)="?(?P<level>[A-Za-z]+)'
_TIME = _BEFORE + r'(?:time|ts|timestamp|t|datetime)="?(?P<time>\d)'
_NAME = _BEFORE + r'(?:logger|component|service|app|module|name|source|subsys)="?(?P<name>[\w./:@-]+)'
_META = (
    r"(?:time|ts|timestamp|t|datetime|level|lvl|severity|levelname|logger|component|service|app|module|caller"
    r"|pid|thread)"
)
_BODY = rf"^(?P<all>(?:{_META}={_VALUE}[ \t]+)*(?:(?:msg|message)=)?)"

Found = tuple[Mask, dict[str, Matches]]


def pairs(text: Text, at: Offsets) -> Found:
    """Which lines are pairs, and where these tell `level`, `time`, `name`, and behind which the rest begins
    (`all` of "body"). The matches are of those lines only."""
    ok = text.matches(_FIRST, at, _WIDTH)
    ok[ok] = text.matches(_TOLD, at[ok], _WIDTH)
    if not ok.any():
        return ok, {}
    patterns = (("level", _LEVEL), ("time", _TIME), ("name", _NAME), ("body", _BODY))
    return ok, {name: text.match(pattern, at[ok], _WIDTH) for name, pattern in patterns}

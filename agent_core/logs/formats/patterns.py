"""The heads of log lines as data: patterns in RE2's language, for bytes, tried in order.

None goes beyond a line break. Groups: `all` is what belongs to the head, `level` a word or a letter,
`name` the component.
"""

from __future__ import annotations

from agent_core.logs.levels import BARE

WIDTH = 192
"""How far into a line its head is looked for, in bytes."""

_ANY = rf"(?i:{BARE}|LOG|FINE|CONFIG|STATEMENT|DETAIL|HINT|CONTEXT|VERB|SILLY|ALERT)"
_NAME = r"[A-Za-z_](?:[\w.$/@*-]|::)*"
_DOTTED = r"[A-Za-z_][\w$/@*-]*(?:(?:\.|::|\$|/)[\w.$/@*<>-]+)+"
_GAP = r"[ \t]*(?:[-|:,][ \t]*)?"
_END = r"(?:[ \t]+|(?m:$))"
_THREAD = r"(?:\[[^\]\n]{0,80}\]|\([^)\n]{0,80}\)|<[\d.]+>|#?\d+(?:#\d+)?:?)"

TAILS: tuple[str, ...] = (
    # billing INFO paid
    rf"^(?P<all>[ \t]+(?P<name>{_NAME})(?:\[\d+\])?[ \t]+(?P<level>{BARE}){_END})",
    # [main] INFO - ..., 12345 INFO ..., INFO ..., [error] 12#12: ...
    rf"^(?P<all>{_GAP}(?:{_THREAD}[ \t:|-]*){{0,4}}[\[(]?(?P<level>{_ANY})"
    r"[ \t]*(?:[\])]:?|:|\||-[ \t]|[ \t]|(?m:$))[ \t]*)",
)
"""What stands between a time and the message."""

AFTER: tuple[str, ...] = (
    # com.acme.Shop - ..., 123 --- [main] c.acme.Shop : ..., [main] com.acme.Shop (Shop.java:12) - ...
    rf"^(?P<all>(?:\d+[ \t]+(?:---[ \t]+)?)?(?:\[[^\]\n]{{0,100}}\][ \t]*(?:-[ \t]+)?){{0,3}}"
    rf"(?P<name>{_DOTTED})(?:\[\d+\])?(?:[ \t]+\([\w.]+(?::\d+)?\))?(?:[ \t]+\[[^\]\n]{{0,80}}\])?"
    rf"[ \t]*(?:--?|:|\|)[ \t]+)",
)
"""What stands between a level and the message, where no component came before the level."""

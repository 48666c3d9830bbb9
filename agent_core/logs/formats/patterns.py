"""The heads of log lines as data: patterns in RE2's language, for bytes, tried in order.

None goes beyond a line break. Groups: `all` is the head, `level` a word, letter or sign, `pri` a syslog
priority, `status` one of HTTP, `name` the component, and for times `y mo mon d h mi s f ap z epoch`.
"""

from __future__ import annotations

import string
from typing import Literal, NamedTuple

from agent_core.logs.levels import BARE

WIDTH = 192
"""How far into a line its head is looked for, in bytes."""

_ANY = rf"(?i:{BARE}|LOG|FINE|CONFIG|STATEMENT|DETAIL|HINT|CONTEXT|VERB|SILLY|ALERT)"
_NAME = r"[A-Za-z_](?:[\w.$/@*-]|::)*"
_DOTTED = r"[A-Za-z_][\w$/@*-]*(?:(?:\.|::|\$|/)[\w.$/@*<>-]+)+"
_GAP = r"[ \t]*(?:[-|:,][ \t]*)?"
_END = r"(?:[ \t]+|(?m:$))"
_PAST = r"(?:[\])]:?|:|[ \t]+[-|]|\||(?m:$)|[ \t])[ \t]*"
_BOX = r"\[[^\]\n]*\]"
_THREAD = rf"(?:{_BOX}|\([^)\n]*\)|<[\d.]+>|#?\d+(?:#\d+)?:?)"

TAILS: tuple[str, ...] = (
    # billing INFO paid
    rf"^(?P<all>[ \t]+(?P<name>{_NAME})(?:\[\d+\])?[ \t]+(?P<level>{BARE}){_END})",
    # [error] 12#12: ..., [INFO ] ..., 0 [Warning] ...
    rf"^(?P<all>{_GAP}(?:{_THREAD}[ \t:|-]*){{0,4}}[\[(](?P<level>{_ANY})[ \t]*[\])]:?[ \t]*)",
    # INFO ..., [main] INFO ..., 12 INFO ..., INFO my_shop] ...
    rf"^(?P<all>{_GAP}(?:{_THREAD}[ \t:|-]*){{0,4}}(?P<level>{BARE}){_PAST})",
    # info ..., \tinfo\tshop/cart.go:12\t...
    r"^(?P<all>[ \t]+(?P<level>trace|debug|info|warn|error|fatal)[ \t]+)",
    # INFO/Worker-1] ...
    rf"^(?P<all>:[ ](?P<level>{BARE})/(?P<name>[\w-]+)\][ ])",
    # [shop] warn: ...
    rf"^(?P<all>[ \t]+\[(?P<name>{_NAME})\][ \t]+(?P<level>error|warn|info|http|verbose|debug|silly):[ \t]*)",
    # [12] LOG: ..., CEST [12] eve@shop ERROR: ...
    rf"^(?P<all>[ ](?:[A-Z]{{3,5}}[ ])?\[\d+\](?:-\d+|:)?[ ](?:[\w.-]+@[\w.-]+[ ])?(?P<level>{_ANY}):[ \t]*)",
    # info: ..., 12 error: ..., Info    CBS ...
    rf"^(?P<all>{_GAP}(?:{_THREAD}[ \t:|-]*){{0,4}}(?P<level>{_ANY})(?::|[ \t]*[|]|[ \t]{{3,}})[ \t]*)",
    # acme.shop - INFO - ..., |acme.shop|INFO|..., production.ERROR: ..., acme: warning: ...
    rf"^(?P<all>{_GAP}(?P<name>{_NAME})(?:\[\d+\])?[ \t]*[-|:.][ \t]*[\[(]?(?P<level>{_ANY})[\])]?"
    r"[ \t]*[-|:][ \t]*)",
    # host shop[12]: ...
    r"^(?P<all>[ \t]+[\w.-]+[ \t]+(?P<name>[\w./@-]+)\[\d+\]:[ \t]*)",
    # I NETWORK  [conn1] ..., 17 23 D Shop: ...
    r"^(?P<all>[ \t]+(?P<level>[TVDIWEF])[ \t]+(?P<name>[A-Z]+)[ \t]+\[[^\]\n]*\][ \t]+)",
    r"^(?P<all>[ \t]+\d+[ \t]+\d+[ \t]+(?P<level>[VDIWEF])[ \t]+(?P<name>[\w./$-]+)[ \t]*:[ \t]+)",
    # shop.go:12: ...
    r"^(?P<all>[ \t]+(?P<name>[\w./-]+\.(?:go|rs|c|cc|cpp|py|js|ts))(?::\d+)+:?[ \t]+)",
)
"""What stands between a time and the message."""

AFTER: tuple[str, ...] = (
    # shop/cart.go:12\t...
    r"^(?P<all>(?P<name>[\w./-]+\.go):\d+\t)",
    # shop:sell:12 - ...
    rf"^(?P<all>(?P<name>{_NAME}):[\w<>.]+:\d+[ \t]+(?:--?|\|)[ \t]+)",
    # com.acme.Shop - ..., 123 --- [main] c.acme.Shop : ..., [main] com.acme.Shop (Shop.java:12) - ...
    rf"^(?P<all>(?:-[ \t]+)?(?:\d+[ \t]+(?:---[ \t]+)?)?(?:\[[^\]\n]*\][ \t]*(?:-[ \t]+)?){{0,3}}"
    rf"(?P<name>{_DOTTED})(?:\[\d+\])?(?:[ \t]+\([\w.]+(?::\d+)?\))?(?:[ \t]+{_BOX})?(?::\d+)?"
    r"[ \t]*(?:--?[ \t]|:|\|)[ \t]*)",
    # shop - ..., [main] shop - ...
    rf"^(?P<all>(?:{_BOX}[ \t]*){{0,2}}(?P<name>{_NAME})[ \t]+(?:--?|\|)[ \t]+)",
    # [com.acme.Shop] ..., [com.acme.Shop] (thread) ...
    rf"^(?P<all>\[(?P<name>{_DOTTED})[ \t]*\][ \t]*(?:[\[(][^\])\n]*[\])][ \t]*)?(?:-[ \t]+)?)",
    # [main] com.acme.Shop.sell ...
    rf"^(?P<all>{_BOX}[ \t]+(?P<name>(?:[A-Za-z_]\w*\.){{2,}}[\w$.<>]+)[ \t]+)",
    # shop\tshop/cart.go:12\t...
    r"^(?P<all>(?P<name>[\w./-]+)(?::\d+)?\t(?:[\w./-]+:\d+\t)?)",
    # [main:Shop@12] - ..., [main] - ...
    r"^(?P<all>\[[^\n]*?[:$](?P<name>[A-Z]\w+)@\d+\][ \t]+-[ \t]+)",
    rf"^(?P<all>{_BOX}[ \t]+-[ \t]+)",
    # shop] ...
    rf"^(?P<all>(?P<name>{_NAME})\][ \t]+)",
)
"""What stands between a level and the message, where no component came before the level."""

NAMED: tuple[str, ...] = (
    # What says what happened is no name.
    r"^(?P<all>)(?:(?i:[\w.$]*(?:error|exception|warning|failure|fault|interrupt)"
    r"|(?:fail|abort|retry|unexpected|invalid|cannot|missing|deni|refus|unknown|assert)\w*"
    r"|fatal|panic|timeout|deprecat\w*|caused|reason|cause|result|status|note|hint|usage|got|traceback"
    r"|duration|statement|https?|file|from|to|at|in|for|with|user|host|port|id|url|uri|key|value|code|pid"
    r"|time|date|message|msg|version|received|sent|generated|started|listening|notification):"
    r"|\[(?:main|MainThread)\])",
    # shop: ...
    rf"^(?P<all>(?P<name>{_NAME}):[ \t]+)",
    # [shop] ...
    r"^(?P<all>\[(?P<name>[A-Za-z_][A-Za-z_.$/@*-]*)\]:?[ \t]+)",
)
"""What stands between a level and the message behind a blank, where nothing else tells the component."""

SYSLOG: tuple[str, ...] = (
    # host shop[12]: ..., host shop: ..., host kernel: [  12.3] ...
    r"^(?P<all>[ \t]+[\w.:%-]+[ \t]+(?P<name>[\w./@()-]+)(?:\[\d+\])?:[ \t]*(?:\[[ ]*\d+\.\d+\][ \t]*)?)",
    r"^(?P<all>[ \t]+(?P<name>[\w./@()-]+)(?:\[\d+\])?:[ \t]*)",
)
SYSLOG_5424: tuple[str, ...] = (
    r"^(?P<all>[ \t]+\S+[ \t]+(?P<name>\S+)[ \t]+\S+[ \t]+\S+[ \t]+"
    r'(?:-|(?:\[[^\[\]\n]*(?:"[^"\n]*")?[^\[\]\n]*\])+)[ \t]*)',
)
RAILS: tuple[str, ...] = (r"^(?P<all>(?:[ ]#\d+)?\][ ]+[A-Z]+[ ]--[ ](?P<name>[^:\n]*):[ ]?)",)
JUL: tuple[str, ...] = (r"^(?P<all>[ \t]+(?P<name>[\w.$]+)[ \t]+[\w$<>]+[ \t]*(?m:$))",)

Tail = Literal["", "tails", "after", "syslog", "rails", "two"]


class Opener(NamedTuple):
    """A head that does not begin with an ISO date.

    `first` are the bytes it may begin with. `iso` says that an ISO date must follow. `tail` says what stands
    between what the pattern tells and the message.
    """

    first: str
    pattern: str
    tail: Tail = ""
    iso: bool = False


_DIGITS = string.digits
_LETTERS = string.ascii_letters
WORD = _DIGITS + _LETTERS + "_@"
"""What a name may begin with."""
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?:[.,:](?P<f>\d+))?"
_MONTH = r"(?P<mon>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
_DAY = r"(?P<d>\d{1,2})"
_ZONE = r"(?:[ ]?(?P<z>Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"

OPENERS: tuple[Opener, ...] = (
    # 10.0.0.7 - eve [21/May/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12
    Opener(
        _DIGITS + _LETTERS + ":-",
        rf"^(?P<all>[\w.:-]+[ ][^\[\"\n]+\[{_DAY}/{_MONTH}/(?P<y>\d{{4}}):"
        r"(?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)[ ](?P<z>[+-]\d{4})\][ ])(?P<request>\")?",
    ),
    # 12:M 21 May 2026 10:00:00.123 * Ready
    Opener(
        _DIGITS,
        rf"^(?P<all>\d+:[XCSM][ ]{_DAY}[ ]{_MONTH}[ ](?:(?P<y>\d{{4}})[ ])?{_CLOCK}"
        r"[ ](?P<level>[.*#-])[ ])",
    ),
    # 21-May-2026 10:00:00.123, [21/May/2026 10:00:00]
    Opener(
        _DIGITS + "[",
        rf"^(?P<all>\[?{_DAY}[ /-]{_MONTH}[ /-](?P<y>\d{{4}})[ :]{_CLOCK}{_ZONE}\]?)",
        "tails",
    ),
    # 21.05.2026 10:00:00, 05/21/2026 10:00:00
    Opener(
        _DIGITS + "[",
        rf"^(?P<all>\[?(?P<a>\d\d?)[./-](?P<b>\d\d?)[./-](?P<y>\d{{4}})[ ,T]+{_CLOCK}"
        rf"(?:[ ](?P<ap>[AaPp][Mm]))?{_ZONE}\]?)",
        "tails",
    ),
    # 26/05/21 10:00:00, 260521 100000, 20260521-10:00:00, 05-21 10:00:00.123
    Opener(
        _DIGITS,
        r"^(?P<all>(?P<y>\d\d)/(?P<mo>\d\d)/(?P<d>\d\d)[ ]" + _CLOCK + r")[ \t\]]",
        "tails",
    ),
    Opener(
        _DIGITS + "[",
        r"^(?P<all>\[?(?P<y>(?:19|20)?\d\d)(?P<mo>[01]\d)(?P<d>[0-3]\d)[ T_-]{1,2}"
        r"(?P<h>\d\d):?(?P<mi>\d\d):?(?P<s>\d\d)"
        rf"(?:[.,:](?P<f>\d+))?{_ZONE}\]?)[ \t\]|]",
        "tails",
    ),
    Opener(_DIGITS + "[", rf"^(?P<all>\[?(?P<mo>[01]\d)[.-](?P<d>[0-3]\d)[ ]{_CLOCK}\]?)[ \t]", "tails"),
    # 1779357600.123, 1779357600123
    Opener(
        _DIGITS + string.ascii_uppercase + "[-",
        r"^(?P<all>\[?(?:(?:-|[A-Z]{2,})[ ])?(?P<epoch>1\d{18}|1\d{15}|1\d{12}|[1-3]\d{9})"
        r"(?:\.(?P<f>\d+))?(?:\]|[ \t:|,]))",
        "tails",
    ),
    # 10:00:00.123
    Opener(_DIGITS + "[", rf"^(?P<all>\[?{_CLOCK}\]?)[ \t|:]", "tails"),
    Opener("[", rf"^(?P<all>\[{_CLOCK}[ ](?P<level>VRB|DBG|INF|WRN|ERR|FTL)\][ ])", "after"),
    # [Thu May 21 10:00:00.123456 2026], Thu May 21 10:00:00 UTC 2026
    Opener(
        "[MTWFS",
        rf"^(?P<all>\[?{_WEEKDAY}[ ,]+{_MONTH}[ ]+{_DAY}[ ]{_CLOCK}[ ]"
        r"(?:(?P<z>UTC|GMT)[ ])?(?:[A-Z]{3,4}[ ])?(?P<y>\d{4})\]?"
        r"(?:[ ]\[(?P<name>\w+)(?::(?P<level>\w+)\])[ ](?:\[pid[ ][^\]\n]*\][ ])?)?)",
        "tails",
    ),
    # [Nest] 12  - 05/21/2026, 10:00:00 AM     LOG [Shop] ...
    Opener(
        "[",
        rf"^(?P<all>\[Nest\][ ]+\d+[ ]+-[ ](?P<a>\d\d?)/(?P<b>\d\d?)/(?P<y>\d{{4}}),[ ]{_CLOCK}[ ]"
        r"(?P<ap>[AP]M)[ ]+(?P<level>[A-Z]+)[ ]+(?:\[(?P<name>[^\]\n]+)\][ ]+)?)",
    ),
    # [   12.345678] eth0: up
    Opener(
        "[",
        r"^(?P<all>\[[ ]*\d+\.\d{3,6}\][ ]+(?:(?P<name>[\w./@-]+(?:[ ][\d:.]+)?)(?:\[\d+\])?:[ ]+)?)",
    ),
    # [I 260521 10:00:00 shop:12], [I 2026-05-21 10:00:00.123 Shop]
    Opener(
        "[",
        rf"^(?P<all>\[(?P<level>[DIWEC])[ ](?P<y>\d{{2,4}})-?(?P<mo>\d\d)-?(?P<d>\d\d)[ ]{_CLOCK}[ ]"
        r"(?P<name>[\w.]+)(?::\d+)?\][ ])",
    ),
    # May 21 10:00:00 host shop[12]: ..., May 21, 2026 10:00:00 AM com.acme.Shop sell
    Opener(
        _LETTERS,
        rf"^(?P<all>{_MONTH}[ ]+{_DAY},[ ](?P<y>\d{{4}}),?[ ]{_CLOCK}[ ](?P<ap>[AaPp][Mm]))",
        "two",
    ),
    Opener(_LETTERS, rf"^(?P<all>{_MONTH}[ ]+{_DAY}(?:[ ](?P<y>\d{{4}}))?[ ]{_CLOCK})[ \t:]", "syslog"),
    # I0521 10:00:00.123456   12 shop.go:34] ...
    Opener(
        "DIWEF",
        rf"^(?P<all>(?P<level>[DIWEF])(?P<y>20\d\d)?(?P<mo>[01]\d)(?P<d>[0-3]\d)[ ]{_CLOCK}"
        r"[ ]+\d+[ ]+(?P<name>[\w./-]+):\d+\][ ])",
    ),
    # E, [2026-05-21T10:00:00.123456 #12] ERROR -- : ...
    Opener("DIWEFA", r"^(?P<all>(?P<level>[DIWEFA]),[ ]\[)", "rails", iso=True),
    # INFO 2026-05-21 10:00:00 ..., [INFO] 2026-..., INFO  [main] 2026-...
    Opener(
        _LETTERS + "[(",
        rf"^(?P<all>[\[(]?(?P<level>{BARE})[ \t]*[\])]?[ \t:|,-]+(?:{_BOX}[ \t-]*)?[\[(]?)",
        "after",
        iso=True,
    ),
    # shop.log 2026-05-21 10:00:00 ...
    Opener(_LETTERS, r"^(?P<all>(?P<name>[\w./-]+)[ ]\[?)(?:19|20)\d\d-", "tails", iso=True),
    # shop 2026/..., WARNING:shop:..., [INFO] ..., WARN ..., info: Acme.Shop[3]
    Opener(_LETTERS, rf"^(?P<all>(?P<level>{BARE}):(?P<name>[\w.-]+):)"),
    Opener(
        _LETTERS,
        r"^(?P<all>(?P<level>trce|dbug|info|warn|fail|crit):[ ](?P<name>[\w.`+]+)\[\d+\][ \t]*(?m:$))",
        "two",
    ),
    Opener(
        _LETTERS + "[(",
        rf"^(?P<all>(?:[\[(](?P<level>{BARE})[ \t]*[\])]:?"
        rf"|(?P<word>{BARE})(?::|[ \t]+-|(?m:$)|[ \t]))[ \t]*)",
        "after",
    ),
)
"""Heads by what they begin with, the more exacting first."""

COMPOSE = r"^(?P<all>(?P<name>[A-Za-z0-9][\w.-]*?)(?:(?P<number>[-_]\d+)[ \t]+|[ ]{2,})\|[ ]?)"
"""What `docker compose logs` puts before each line; the name goes without the number of the replica."""
KUBELET = r"^(?P<all>(?:stdout|stderr)[ ][FP][ ])"
PRIORITY = r"^(?P<all><(?P<pri>\d{1,3})>(?P<version>1[ ])?)"
STATUS = r'^"(?:[^"\\\n]|\\[^\n])*"[ ](?P<status>[1-5]\d\d)[ ]'

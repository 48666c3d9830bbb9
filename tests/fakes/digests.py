"""A digest as a morning's logs give one."""

from __future__ import annotations

from agent_core.logs.api import Bar, Chronic, CodePlace, Digest, KeyEvent, SourceFacts

NINE = 1_763_974_800.0  # 2025-11-24 09:00:00 UTC

CRASH = KeyEvent(
    id="crash", kind="trace", source="logs/server.log", first=3, last=3, level="fatal", component="orders",
    text="Traceback (most recent call last):\n"
    '  File "/srv/app/src/server.py", line 5, in serve\n'
    "    print(port)\n"
    "  … 12 frames in site-packages\n"
    "ConnectionRefusedError: [Errno 111] could not connect to db:5432",
    count=3, others=(9, 12), began=NINE + 120, ended=NINE + 1800, score=9.1,
    why=("stack trace", "first of 14 errors within 3 s"),
    places=(CodePlace("src/server.py", 5, "serve"), CodePlace("src/app/main.py", 1, "main")),
)  # fmt: skip
SLOW = KeyEvent(
    id="slow", kind="burst", source="logs/server.log", first=2, last=2, level="warn", component="orders",
    text="slow query: 1204 ms [bold]SELECT[/bold] * FROM orders WHERE id = 17 AND state IN ('new', 'paid')",
    count=1204, began=NINE + 60, ended=NINE + 2400, score=5.0, why=("40x its usual rate",),
)  # fmt: skip
CHANGED = KeyEvent(
    id="changed", kind="new", source="logs/access.log", first=1, last=1, level="info", component="config",
    text="reloaded: max_connections changed from 500 to 5 by deploy-bot", began=NINE + 30, ended=NINE + 30,
    score=4.0, why=("new since last time", "a state changed"),
)  # fmt: skip
MORNING = Digest(
    events=(CRASH, SLOW, CHANGED),
    chronic=(Chronic(template="health check of <*> timed out", source="logs/access.log", count=812),),
    sources=(SourceFacts(name="logs/server.log", lines=3), SourceFacts(name="logs/access.log", lines=2)),
    bars=tuple(
        Bar(NINE + 60 * n, (n * 7) % 23 * 40 + 5, 12 if n in (20, 21) else 0, 4 if n in (2, 30) else 0)
        for n in range(60)
    ),
    left_out=2,
)

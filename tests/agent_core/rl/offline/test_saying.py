"""What is said of trained policies."""

from __future__ import annotations

import msgspec

from agent_core.rl.offline.saying import policies
from tests.agent_core.rl.offline.test_registry import about

DAY = 86_400.0


def test_the_columns_of_policies_stand_below_each_other() -> None:
    now = 20_000 * DAY
    found = tuple(
        msgspec.structs.replace(about(), version=3 - number, at=now - age)
        for number, age in enumerate((5.0, 59 * 60.0, 400 * DAY))
    )
    shown = policies(found, 2, now=now)
    rows = [line for line in shown.splitlines() if " steps " in line]
    assert ["400 days ago" in row for row in rows] == [False, False, True]
    assert len({row.index(" steps ") for row in rows}) == 1
    assert [row[0] for row in rows] == [" ", "*", " "]

"""Rows of key events where there is room for few: the bus tells anybody's word."""

from __future__ import annotations

from agent_core.logs.api import KeyEvent
from tui.widgets.logevents import event_item, shared


def event(source: str, number: int) -> KeyEvent:
    return KeyEvent(
        id=f"{source}{number}", kind="error", source=source, first=1, last=1, text="it failed", level="error"
    )


FLOOD = [event("bus:flood:x.log", number) for number in range(50)]
OWN = [event("logs/web.log", number) for number in range(50)]


def test_no_service_gets_more_than_half_of_the_rows_while_others_have_events() -> None:
    api = event("bus:api:api.log", 1)
    assert shared([*FLOOD, api, *OWN], 5) == [FLOOD[0], api, *OWN[:3]]
    assert shared([*FLOOD, api], 4) == [*FLOOD[:3], api], "there is nothing else"
    assert shared(FLOOD, 5) == FLOOD[:5]
    assert shared([*OWN, *FLOOD], 5) == [*OWN[:3], *FLOOD[:2]]
    crowd = [event(f"bus:s{number}:x.log", number) for number in range(20)]
    assert shared([*crowd, OWN[0]], 4) == [*crowd[:3], OWN[0]]
    assert shared([*FLOOD, *OWN], 1) == OWN[:1]
    assert shared([*FLOOD, OWN[0]], 2) == [FLOOD[0], OWN[0]]
    assert shared([], 5) == []


def test_a_row_names_the_service_that_tells_it() -> None:
    def said(event: KeyEvent, *, source: bool = False) -> str:
        item = event_item(event, source=source)
        return "".join(text for text, *_ in (*item.lead, *item.right))

    assert "flood" in said(FLOOD[0])
    assert said(FLOOD[0], source=True).count("flood") == 1
    assert "web" not in said(OWN[0])
    assert len(said(event("bus:" + "x" * 200 + ":a", 1))) < 30

"""What shipping says it came to."""

from __future__ import annotations

from agent_core.logs.shipping.saying import as_text, headline
from agent_core.logs.shipping.shipper import Shipped

NOTHING = Shipped(logs={"logs/api.log": "api"})


def test_what_failed_says_nothing_of_what_is_new() -> None:
    assert headline(NOTHING) == "Nothing new in 1 log"
    assert headline(NOTHING, failed=True) == "Nothing was sent of 1 log"
    assert as_text(NOTHING, failed=True).splitlines()[-1] == "  logs.raw.api: logs/api.log"
    sent = Shipped(logs=NOTHING.logs, lines=2, bytes=9, messages=1)
    assert headline(sent, failed=True).startswith("Sent 2")

"""Writers on `logs.ctx.*` who mean no good: each service gets its share, and what is left out is said."""

from __future__ import annotations

import time

import msgspec

from agent_core.logs.api import Digest, DigestQuery, KeyEvent
from agent_core.logs.events.digest import Showing
from agent_core.logs.joining import fit_to_show, joined
from agent_core.logs.sources.heard import Heard
from agent_core.streaming.messages import NotKnown, encode
from agent_core.streaming.values import Message
from agent_core.text import one_line
from tests.agent_core.logs.sources.test_bus_source import EVENT, Script, context, message, source, told


def event(number: int, **more: object) -> KeyEvent:
    return msgspec.structs.replace(
        EVENT, **{"id": f"e{number}", "first": number + 1, "last": number + 1, **more}
    )


def heard_of(heard: Heard) -> tuple[KeyEvent, ...]:
    return heard.told(lambda each: fit_to_show(each, Showing()))


def services(events: tuple[KeyEvent, ...]) -> list[str]:
    return [each.source.split(":")[1] if each.source.startswith("bus:") else "here" for each in events]


def test_a_flood_of_one_service_leaves_room_for_the_others_and_for_the_files() -> None:
    heard = Heard()
    heard.take("flood", context(*(event(number, score=1e9) for number in range(900))), 1.0)
    heard.take("api", context(event(1, score=5.0)), 2.0)
    here = event(2, id="here", source="logs/web.log", score=5.0)
    digest = joined(Digest(events=(here,)), heard_of(heard), DigestQuery(limit=12), Showing())
    assert {"here", "api"} < set(services(digest.events))
    assert services(digest.events)[:2] == ["flood", "flood"], "it may be true"
    assert digest.left_out == 250 + 2 - 12
    assert "650 events of less weight left out" in heard.facts()[0].note


def test_a_crowd_of_services_leaves_room_for_the_files() -> None:
    heard = Heard()
    for number in range(20_000):
        heard.take(f"s{number}", context(event(0, score=15.0)), 1.0)
    here = event(2, id="here", source="logs/web.log", score=5.0)
    digest = joined(Digest(events=(here,)), heard_of(heard), DigestQuery(limit=12), Showing())
    assert services(digest.events).index("here") < 12
    assert len(heard.services) == 200
    assert heard.left_out == "over 10,000 services left out; bus:SERVICE reads one of them"


def test_services_of_many_events_each_leave_half_of_the_places_to_the_files() -> None:
    heard = Heard()
    for service in range(8):
        heard.take(f"s{service}", context(*(event(number, score=1e9) for number in range(20))), 1.0)
    here = tuple(event(n, id=f"here{n}", source="logs/web.log", score=3.1) for n in range(15))
    one = joined(Digest(events=here[:1]), heard_of(heard), DigestQuery(), Showing())
    assert services(one.events).count("here") == 1 and len(one.events) == 20
    all_ = joined(Digest(events=here), heard_of(heard), DigestQuery(), Showing())
    assert services(all_.events).count("here") == 10 and len(all_.events) == 20
    few = joined(Digest(events=here), heard_of(heard), DigestQuery(tokens=40), Showing())
    assert 0 < services(few.events).count("here") < len(few.events) or services(few.events) == ["here"]


def test_of_all_services_together_as_much_is_kept_as_fits_the_memory() -> None:
    heard = Heard()
    heard.take("api", context(*(event(number, score=1.0) for number in range(15))), 1.0)
    for number in range(100):
        events = (event(each, score=15.0) for each in range(400))
        heard.take(f"s{number}", context(*events), 2.0)
    found = heard_of(heard)
    assert len(found) <= 4000
    assert services(found).count("api") == 15, "who has few loses none"
    assert all(each.note.endswith("of less weight left out") for each in heard.facts()[1:50])


def test_who_tells_something_takes_the_place_of_who_never_did() -> None:
    heard = Heard()
    for number in range(200):
        heard.take(f"junk{number}", NotKnown("broken", "x"), 1.0)
    heard.take("more", NotKnown("broken", "x"), 1.0)
    assert heard.left_out.startswith("1 service left out")
    heard.take("api", context(event(1)), 2.0)
    assert services(heard_of(heard)) == ["api"]
    assert len(heard.services) == 200 and heard.left_out.startswith("2 services left out")
    heard.take("more", context(event(1)), 2.0)
    assert services(heard_of(heard)) == ["api", "more"]


def test_huge_fields_are_cut_when_they_come() -> None:
    huge = "x\x1b[2J\u202e\n" * 300_000
    heard = Heard()
    heard.take(
        "api",
        context(
            event(1, id=huge, text=huge, source=huge, template=huge, component=huge, why=(huge,) * 900,
                  others=(1,) * 90_000),
            id=huge,
        ),
        1.0,
    )  # fmt: skip
    (kept,) = heard.services["api"].events.values()
    assert len(msgspec.json.encode(kept[1])) < 10_000
    (key,) = heard.services["api"].events
    assert len(key) <= 80
    (shown,) = heard_of(heard)
    assert "\x1b" not in shown.text and "\u202e" not in shown.text and shown.text.count("\n") == 11
    assert one_line(shown.source + shown.id + shown.template) == shown.source + shown.id + shown.template


def test_many_stack_traces_in_one_message_are_taken_in_a_moment() -> None:
    traces = tuple(event(number, kind="trace") for number in range(20_000))
    heard = Heard()
    began = time.process_time()
    heard.take("api", context(*traces), 1.0)
    assert time.process_time() - began < 2.0
    assert "19,750 events of less weight left out" in heard.facts()[0].note


async def test_a_message_of_the_next_year_hides_none_of_today() -> None:
    later = message(encode(context(event(1))), offset=0)
    script = Script(msgspec.structs.replace(later, time=time.time() + 3e7))
    bus = source(script)
    await bus.read()
    script.there[:] = [Message(topic="logs.ctx.web", partition=0, offset=1)]
    bus._read = -1.0  # pyright: ignore[reportPrivateUsage]
    await bus.look()
    since = script.queries[-1].since
    assert since is not None and time.time() - 120 < since < time.time()
    assert len(told(bus)) == 1

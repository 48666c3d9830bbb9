"""Key events that the bus tells: each as it stands, whatever is sent there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.errors import BusUnreachable, LogFault, NoTopic
from agent_core.index.api import IndexStatus
from agent_core.logs.api import Digest, DigestQuery, EventKind, KeyEvent
from agent_core.logs.events.digest import Showing
from agent_core.logs.joining import fit_to_show, joined
from agent_core.logs.sources.bus import BusKind, BusSource
from agent_core.logs.sources.heard import Heard
from agent_core.logs.sources.port import Begin, EventSource
from agent_core.rl.features import extract
from agent_core.rl.surroundings import Surroundings
from agent_core.streaming.access import Access
from agent_core.streaming.messages import LogContext, NotKnown, decode, encode, new_id
from agent_core.streaming.values import BusNotice, Message, Payload, TailQuery, Told
from agent_core.text import one_line, printable
from agent_core.workspace import Workspace

EVENT = KeyEvent(
    id="e1", kind="error", source="logs/api.log", first=3, last=3, text="ERROR db is gone", level="error",
    began=1_795_900_000.0, ended=1_795_900_000.0, score=5.0,
)  # fmt: skip


def context(*events: KeyEvent, service: str = "api", at: float = 1.0, **more: Any) -> LogContext:
    return LogContext(id=more.pop("id", new_id()), at=at, service=service, events=events, **more)


def message(value: bytes, *, topic: str = "logs.ctx.api", offset: int = 0) -> Message:
    try:
        payload = Payload(kind="json", value=msgspec.json.decode(value), size=len(value))
    except msgspec.DecodeError:
        payload = Payload(kind="text", value=value.decode("utf-8", "replace"), size=len(value))
    return Message(topic=topic, partition=0, offset=offset, time=1_795_900_000.0 + offset, value=payload)


class Script:
    """A bus that tells what it is given, a batch at a time."""

    def __init__(self, *batches: Told) -> None:
        self.queries: list[TailQuery] = []
        self.there = list(batches)
        self.coming: asyncio.Queue[Told | Exception] = asyncio.Queue()

    async def __call__(self, access: Access, query: TailQuery) -> AsyncGenerator[tuple[Told, ...]]:
        self.queries.append(query)
        for told in self.there:
            yield (told,)
        while query.follow:
            told = await self.coming.get()
            if isinstance(told, Exception):
                raise told
            yield (told,)


def source(script: Any, begin: Begin | None = None) -> BusSource:
    return BusSource(
        name="bus", topic="logs.ctx.*", access=Access(("here:1",)), begin=begin or Begin(), tail=script
    )


def told(bus: BusSource) -> list[KeyEvent]:
    return list(bus.told(lambda event: event))


async def test_the_later_telling_takes_the_place_and_repeats_are_dropped() -> None:
    late = msgspec.structs.replace(EVENT, count=7)
    second = encode(context(late, at=2.0, lines=70))
    script = Script(message(encode(context(EVENT, lines=10))), message(second), message(second))
    bus = source(script)
    assert await bus.read() is None
    (event,) = told(bus)
    assert (event.count, event.source, event.id) == (7, "bus:api:logs/api.log", "api:e1")
    script.there[:] = [message(encode(context(EVENT, at=1.5)))]
    assert await bus.read() is None, "it is read once"
    (facts,) = bus.facts()
    assert (facts.name, facts.lines, facts.note) == ("bus:api", 70, "")
    assert isinstance(bus, EventSource)


async def test_a_later_telling_by_a_clock_that_went_back_takes_the_place() -> None:
    late = msgspec.structs.replace(EVENT, count=7)
    script = Script(
        message(encode(context(EVENT, at=300.0, lines=10))),
        message(encode(context(late, at=12.0, lines=70, broken=3))),
        message(encode(context(EVENT, at=11.0, lines=60))),
    )
    bus = source(script)
    await bus.read()
    assert [event.count for event in told(bus)] == [7]
    assert (bus.facts()[0].lines, bus.facts()[0].note) == (70, "3 messages of lines could not be read")


async def test_what_is_none_of_ours_is_counted() -> None:
    script = Script(
        message(b'{"schema": "logs.ctx/9", "id": "x"}'), message(b"not json"), message(b"[]"),
        message(b'{"schema": "agent.task/1", "id": "x", "at": 1, "text": "rm"}'),
        message(encode(context(EVENT))),
    )  # fmt: skip
    bus = source(script)
    await bus.read()
    assert len(told(bus)) == 1
    assert bus.facts()[0].note == "2 messages broken; 2 messages of another version"


async def test_followed_it_waits_and_tells_that_the_bus_is_lost() -> None:
    script = Script()
    bus = source(script)
    await bus.read()
    more = asyncio.create_task(bus.more())
    await asyncio.sleep(0)
    more.cancel()
    await asyncio.gather(more, return_exceptions=True)
    more = asyncio.create_task(bus.more())
    script.coming.put_nowait(message(encode(context(EVENT))))
    assert await more
    assert len(told(bus)) == 1
    script.coming.put_nowait(BusNotice(what="lost", error=BusUnreachable("Nobody answers").info))
    assert await bus.more()
    assert "the bus is lost" in bus.note and "Nobody answers" in bus.note
    script.coming.put_nowait(BusNotice(what="back"))
    assert await bus.more()
    assert bus.note == ""
    script.coming.put_nowait(BusUnreachable("It is over", hint="Start it."))
    with pytest.raises(LogFault, match="It is over"):
        await bus.more()
    await bus.aclose()
    assert len([query for query in script.queries if query.follow]) == 1


async def test_it_begins_a_day_back_or_when_it_is_told() -> None:
    script = Script()
    await source(script, Begin(since=12.0)).read()
    await source(script).read()
    assert script.queries[0].since == 12.0
    since = script.queries[1].since
    assert since is not None and since > 1e9


async def test_without_topics_it_says_how_they_come(tmp_path: Path) -> None:
    async def nothing(access: Access, query: TailQuery) -> AsyncGenerator[tuple[Told, ...]]:
        raise NoTopic("No topic fits")
        yield ()

    with pytest.raises(LogFault, match="No key events are on the bus yet") as met:
        await source(nothing).read()
    assert "logs ship" in met.value.hint
    kind = BusKind(Workspace.open(tmp_path), Settings())
    assert await kind.known() == ()
    assert kind.open("bus:api", Begin()).name == "bus:api"
    for name in ("bus:", "bus:a b", "bus:../x"):
        with pytest.raises(LogFault, match="names no service"):
            kind.open(name, Begin())
    with pytest.raises(LogFault, match="HOST:PORT"):
        BusKind(Workspace.open(tmp_path), Settings(kafka_bootstrap="x")).open("bus", Begin())


numbers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False)


@given(
    st.builds(
        KeyEvent, id=st.text(max_size=200), kind=st.just("trace"), source=st.text(), first=numbers,
        last=numbers, text=st.text(), template=st.text(), component=st.text(), count=numbers,
        others=st.tuples(numbers, numbers),
        began=st.none() | floats, ended=st.none() | floats, score=floats, why=st.tuples(st.text()),
    )
)  # fmt: skip
def test_anything_that_is_told_fits_to_be_shown(event: KeyEvent) -> None:
    heard = Heard()
    heard.take("api", context(event, lines=-5, broken=-1), 1.0)
    (shown,) = heard.told(lambda event: fit_to_show(event, Showing()))
    said = "".join((shown.id, shown.source, shown.template, shown.component, *shown.why))
    assert one_line(said) == said
    assert printable(shown.text) == shown.text
    assert shown.text.count("\n") < 12
    assert 1 <= shown.first <= shown.last
    assert shown.began is None or 0 <= shown.began <= 4e9
    assert 0 <= shown.score <= 15
    assert heard.facts()[0].lines == 0


@pytest.mark.parametrize(
    ("kind", "began", "shown"),
    [("rare", 99.0, "rare"), ("rare", 100.0, "new"), ("rare", None, "rare"), ("error", 100.0, "error")],
)
def test_what_began_in_this_session_is_new_to_it(kind: EventKind, began: float | None, shown: str) -> None:
    heard = Heard(session=100.0)
    heard.take("api", context(msgspec.structs.replace(EVENT, kind=kind, began=began)), 1.0)
    (event,) = heard.told(lambda event: event)
    assert event.kind == shown


async def test_the_policy_observes_the_errors_and_the_news_of_the_bus() -> None:
    soon = time.time() + 60.0
    news = msgspec.structs.replace(EVENT, id="e2", kind="rare", level="info", began=soon, ended=soon)
    bus = source(Script(message(encode(context(EVENT, news)))))
    await bus.read()
    surroundings = Surroundings()

    def observed() -> dict[str, float]:
        return extract(surroundings.situation(IndexStatus(), acting=False))

    before = observed()
    surroundings.see_logs(joined(Digest(events=()), bus.told(lambda event: event), DigestQuery(), Showing()))
    assert "log_errors" not in before and "log_new" not in before
    assert observed()["log_errors"] > 0 and observed()["log_new"] > 0


def test_what_is_kept_is_bounded() -> None:
    heard = Heard()
    for number in range(3000):
        event = msgspec.structs.replace(EVENT, id=f"e{number}", score=number % 100)
        heard.take(f"s{number % 300}", context(event), float(number))
    assert len(heard.services) == 200
    for number in range(2000):
        heard.take("s1", context(msgspec.structs.replace(EVENT, id=f"f{number}", score=number / 200)), 1.0)
    kept = [event for event in heard.told(lambda event: event) if event.source.startswith("bus:s1:")]
    assert len(kept) <= 501
    assert max(event.score for event in kept) > 9.9


def test_they_stand_among_those_that_were_found_here() -> None:
    local = msgspec.structs.replace(EVENT, id="here", score=4.0, source="logs/web.log")
    same = msgspec.structs.replace(EVENT, id="api:here")
    other = msgspec.structs.replace(EVENT, id="api:there", text="x" * 400)
    old = msgspec.structs.replace(EVENT, id="api:old", ended=5.0)
    digest = Digest(events=(local,), left_out=1)
    found = joined(digest, (same, other, old), DigestQuery(since=10.0), Showing())
    assert [event.id for event in found.events] == ["api:there", "here"]
    assert found.left_out == 1
    few = joined(digest, (other,), DigestQuery(limit=1), Showing())
    assert ([event.id for event in few.events], few.left_out) == (["api:there"], 2)
    short = joined(digest, (other,), DigestQuery(tokens=50), Showing())
    assert ([event.id for event in short.events], short.left_out) == ([], 3)
    assert joined(digest, (), DigestQuery(), Showing()) is digest


def test_a_broken_message_is_not_known() -> None:
    assert isinstance(decode(b"\xff"), NotKnown)

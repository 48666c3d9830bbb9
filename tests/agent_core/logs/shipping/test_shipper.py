"""Lines of logs on their way to the bus: every line once, in order, whatever happens in between."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.errors import BusAuth, BusFault, BusUnreachable, LogFault, NoTopic, UsageError
from agent_core.logs.opening import Opener
from agent_core.logs.shipping.cutting import CUT, MOST_LINES
from agent_core.logs.shipping.naming import by_name, named, share
from agent_core.logs.shipping.shelf import Shelf
from agent_core.logs.shipping.shipper import Shipped, Shipper, ShipQuery
from agent_core.logs.sources.find import Finder
from agent_core.masking import log_masker
from agent_core.streaming.messages import MOST_BYTES, RawLines, encode
from agent_core.streaming.names import raw_logs
from agent_core.workspace import Workspace
from tests.fakes.memory_bus import MemoryBus, MemorySink


class Died(Exception):
    """The program was killed here."""


class Dying(MemorySink):
    """A sink whose program dies after so many messages, before it hears that they were taken."""

    def __init__(self, bus: MemoryBus, after: int) -> None:
        super().__init__(bus)
        self._after = after

    async def delivered(self) -> None:
        await super().delivered()
        if self.sent >= self._after:
            raise Died


class Port:
    """A workspace's logs, and the bus that they are shipped to."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root, self.state = root, state
        self.bus = MemoryBus()
        (root / "logs").mkdir(exist_ok=True)

    def shipper(self, sink: MemorySink | None = None, **options: Any) -> Shipper:
        workspace = Workspace.open(self.root)
        finder = Finder(workspace=workspace)
        return Shipper(
            opener=Opener(workspace=workspace, finder=finder, given=-1),
            sink=sink or self.bus.sink(),
            folder=self.state,
            service_of=options.pop("service_of", named("app")),
            mask=log_masker(Settings()),
            **options,
        )

    async def ship(self, sink: MemorySink | None = None, **query: Any) -> Shipped:
        shipper = self.shipper(sink)
        await shipper.ship(ShipQuery(**query))
        return shipper.standing

    def write(self, text: str | bytes, name: str = "app.log") -> None:
        with (self.root / "logs" / name).open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    @property
    def messages(self) -> list[RawLines]:
        return self.bus.read(raw_logs("app"))

    @property
    def lines(self) -> list[str]:
        """What a reader has who drops what it knows by its id."""
        seen: dict[str, RawLines] = {}
        for message in self.messages:
            seen.setdefault(message.id, message)
        return [line for message in seen.values() for line in message.lines]


@pytest.fixture
def port(tmp_path: Path) -> Port:
    (tmp_path / "work").mkdir()
    return Port(tmp_path / "work", tmp_path / "state")


def numbered(first: int, last: int) -> str:
    return "".join(f"2026-11-28 10:{n // 60 % 60:02}:{n % 60:02} INFO line {n}\n" for n in range(first, last))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


async def test_every_line_in_order_and_blocks_of_some_hundreds(port: Port) -> None:
    port.write(numbered(0, 1234))
    told = await port.ship()
    assert port.lines == numbered(0, 1234).splitlines()
    assert (told.lines, told.messages, told.logs) == (1234, 3, {"logs/app.log": "app"})
    assert [len(message.lines) for message in port.messages] == [MOST_LINES, MOST_LINES, 234]
    assert [message.first for message in port.messages] == [1, 501, 1001]
    assert {(one.service, one.source) for one in port.messages} == {("app", "logs/app.log")}


async def test_the_next_run_goes_on(port: Port) -> None:
    port.write(numbered(0, 700) + "half a l")
    await port.ship()
    assert (await port.ship()).lines == 0
    port.write("ine\n" + numbered(700, 720))
    assert (await port.ship()).lines == 21
    assert port.lines == [*numbered(0, 700).splitlines(), "half a l", "ine", *numbered(700, 720).splitlines()]
    assert len({message.part for message in port.messages}) == 1


async def test_a_file_of_half_a_line_is_not_lost(port: Port) -> None:
    port.write("ab")
    await port.ship()
    port.write("cd\nef\n")
    await port.ship()
    assert port.lines == ["ab", "cd", "ef"]


async def test_rotated_renamed_packed_and_copied_files_are_known_again(port: Port) -> None:
    logs = port.root / "logs"
    port.write(numbered(0, 100))
    await port.ship()
    port.write(numbered(100, 120))
    (logs / "app.log").rename(logs / "app.log.1")
    port.write(numbered(120, 130))
    assert (await port.ship()).lines == 30
    (logs / "app.log.2.gz").write_bytes(gzip.compress((logs / "app.log.1").read_bytes()))
    (logs / "app.log.1").write_bytes((logs / "app.log").read_bytes())  # copied, then emptied
    (logs / "app.log").write_bytes(b"")
    port.write(numbered(130, 140))
    assert (await port.ship()).lines == 10
    assert port.lines == numbered(0, 140).splitlines()


async def test_an_emptied_file_is_another_text(port: Port) -> None:
    port.write("starting\nready\n")
    await port.ship()
    (port.root / "logs" / "app.log").write_bytes(b"")
    port.write("starting\n")
    await port.ship()
    assert port.lines == ["starting", "ready", "starting"]
    assert len({message.part for message in port.messages}) == 2


async def test_shipped_again_the_lines_are_the_same_messages(port: Port) -> None:
    port.write(numbered(0, 900))
    await port.ship()
    assert (await port.ship(again=True)).lines == 900
    assert len(port.messages) == 4
    assert port.lines == numbered(0, 900).splitlines()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1300), st.sampled_from(["ship", "die", "rotate"]), st.integers(1, 3)),
        max_size=6,
    )
)
async def test_killed_at_any_time_nothing_is_lost_and_repeats_are_known(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("ship")
    (folder / "work").mkdir()
    port = Port(folder / "work", folder / "state")
    written = 0
    for count, what, number in steps:
        port.write(numbered(written, written + count))
        written += count
        if what == "ship":
            await port.ship()
        elif what == "die":
            with suppress(Died):
                await port.ship(Dying(port.bus, number))
        else:
            logs = port.root / "logs"
            for n in range(8, 0, -1):
                if (logs / f"app.log.{n}").exists():
                    (logs / f"app.log.{n}").rename(logs / f"app.log.{n + 1}")
            (logs / "app.log").rename(logs / "app.log.1")
    await port.ship()
    assert port.lines == numbered(0, written).splitlines()


async def test_followed_lines_come_soon_and_a_rotation_is_followed(port: Port) -> None:
    port.write(numbered(0, 3))
    shipper = port.shipper()
    shipping = asyncio.create_task(shipper.ship(ShipQuery(follow=True)))
    try:
        await until(lambda: len(port.lines) == 3)
        port.write(numbered(3, 5))
        await until(lambda: len(port.lines) == 5)
        logs = port.root / "logs"
        (logs / "app.log").rename(logs / "app.log.1")
        port.write(numbered(5, 9))
        await until(lambda: len(port.lines) == 9)
        port.write("new\n", "other.log")
        await until(lambda: shipper.standing.lines == 10)  # noted, and not only on the bus
        assert "new" in port.lines
    finally:
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)
    assert port.lines[:9] == numbered(0, 9).splitlines()
    assert (await port.ship()).lines == 0


async def test_without_a_broker_nothing_is_read_on_and_then_all_of_it(port: Port) -> None:
    port.write("x" * 1000 + "\n" + numbered(0, 200_000))
    port.bus.fault = BusUnreachable("nobody").info
    sink = port.bus.sink()
    shipping = asyncio.create_task(port.ship(sink, follow=True))
    try:
        await until(lambda: sink.standing.waiting > 0)
        waiting = sink.standing.waiting
        await asyncio.sleep(0.3)
        assert sink.standing.waiting == waiting < 250, "of 401"
        assert port.messages == []
        port.bus.fault = None
        await until(lambda: len(port.lines) == 200_001)
    finally:
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)


async def test_secrets_do_not_leave_also_where_a_key_lies_in_two_messages(port: Port) -> None:
    body = [f"MIIEpAIBAAKCAQEA{n:04}abcdefghijklmnopqrstuv" for n in range(20)]
    key = ["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"]
    port.write(numbered(0, MOST_LINES - 5))
    port.write("\n".join(["password=hunter22x9", *key, "after"]) + "\n")
    await port.ship()
    said = "\n".join(port.lines)
    assert "hunter22x9" not in said
    assert "abcdefghij" not in said
    assert port.lines[-1] == "after"
    assert len(port.lines) == MOST_LINES - 5 + 24


async def test_a_key_that_goes_on_after_a_restart_stays_one(port: Port) -> None:
    port.write("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEAfirst00half\n")
    await port.ship()
    port.write("MIIEpAIBAAKCAQEAsecond0half\n-----END PRIVATE KEY-----\nplain text\n")
    await port.ship()
    said = "\n".join(port.lines)
    assert "first00half" not in said
    assert "second0half" not in said
    assert port.lines[-1] == "plain text"


async def test_hostile_bytes_and_lines_of_megabytes_fit(port: Port) -> None:
    lines = [b"\x01" * 200_000, b"\xff\xfe\x00bad", "ünï\x1b[31mcode".encode(), b"y" * 5_000_000, b"end"]
    port.write(b"text\n" * 1000 + b"\n".join(lines) + b"\n")
    await port.ship()
    said = port.lines[1000:]
    assert len(said) == 5
    assert said[0].endswith(CUT)
    assert said[3].endswith(CUT)
    assert len(said[3]) < 70_000
    assert said[4] == "end"
    assert all(len(encode(message)) < MOST_BYTES for message in port.messages)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_of_any_text_every_line_comes_once(port: Port, encoding: str, end: str) -> None:
    text = "".join(f"line {n} of some text{end}" for n in range(9000))
    data = text.encode(encoding)
    port.write(data[:100_000])
    await port.ship()
    first = len(port.lines)
    port.write(data[100_000:])
    await port.ship()
    assert 0 < first < len(port.lines)
    assert "".join(port.lines[first - 1 :])[-2000:] == text.replace("\n", "").replace("\r", "")[-2000:]
    assert abs(len(port.lines) - 9000) <= 1, "one line at most is torn where the first run ended"


async def test_since_leaves_out_what_is_older(port: Port) -> None:
    port.write(
        "2026-11-28T09:00:00Z INFO old\n  of the old one\n2026-11-28T11:00:00Z INFO new\n  its trace\n"
    )
    port.write("2026-11-28T10:00:00Z INFO late\n")
    from datetime import datetime

    since = datetime.fromisoformat("2026-11-28T10:30:00+00:00").timestamp()
    await port.ship(since=since)
    assert port.lines == ["2026-11-28T11:00:00Z INFO new", "  its trace", "2026-11-28T10:00:00Z INFO late"]
    assert port.messages[0].first == 3


async def test_two_never_ship_the_same_log(port: Port) -> None:
    port.write("a\n")
    shelf = Shelf(port.state, "app\nlogs/app.log")
    told = await port.ship()
    assert told.logs == {}
    assert "being shipped already" in told.faults["logs/app.log"].message
    shelf.close()
    assert (await port.ship()).lines == 1


async def test_a_broken_note_and_one_that_cannot_be_written(port: Port) -> None:
    port.write(numbered(0, 10))
    await port.ship()
    (note,) = port.state.glob("*.json")
    note.write_text("{broken")
    assert (await port.ship()).lines == 10, "sent again, with the same ids"
    assert port.lines == numbered(0, 10).splitlines()
    port.state = port.root / "logs" / "app.log"
    told = await port.ship()
    assert "cannot be noted" in told.faults["logs/app.log"].message


async def test_what_cannot_be_shipped_is_said(port: Port) -> None:
    with pytest.raises(LogFault, match="no log 'nowhere'"):
        await port.ship(sources=("nowhere",))
    port.write(b"\xfd7zXZ\0" + bytes(range(256)), "packed.log")
    told = await port.ship()
    assert told.lines == 0
    assert "xz" in told.faults["logs/packed.log"].message


@pytest.mark.parametrize("follow", [False, True])
async def test_what_is_no_log_and_nobody_named_is_left_out(port: Port, follow: bool) -> None:
    port.write("one\n")
    port.write(bytes(range(256)), "odd.log")
    port.write(b"", "empty.log")
    (port.root / "logs" / "folder.log").mkdir()
    os.mkfifo(port.root / "logs" / "pipe.log")
    shipper = port.shipper()
    shipping = asyncio.create_task(shipper.ship(ShipQuery(follow=follow)))
    async with asyncio.timeout(60):
        while shipper.standing.lines < 1 or not shipper.standing.left_out:
            await asyncio.sleep(0.01)
    if follow:
        shipping.cancel()
    await asyncio.wait((shipping,))
    told = shipper.standing
    assert told.faults == {} and told.left_out == {"logs/odd.log": "logs/odd.log is left out: it is binary"}
    assert told.logs == {"logs/app.log": "app", "logs/empty.log": "app"}


@pytest.mark.parametrize(
    ("name", "fails"), [("logs/odd.log", True), ("odd.log", True), ("logs", False), ("logs/*.log", False)]
)
async def test_what_is_named_must_be_a_log(port: Port, name: str, fails: bool) -> None:
    port.write("one\n")
    port.write(bytes(range(256)), "odd.log")
    told = await port.ship(sources=("logs/*.log", name))
    assert told.lines == 1
    assert list(told.faults) == (["logs/odd.log"] if fails else [])
    assert not fails or "logs ship -" in told.faults["logs/odd.log"].hint


async def test_what_became_something_else_before_it_was_read(port: Port) -> None:
    port.write("one\n")
    path, shipper = port.root / "logs" / "app.log", port.shipper()
    find = shipper._opener.find  # pyright: ignore[reportPrivateUsage]

    async def found(names: Any) -> Any:
        logs = await find(names)
        path.unlink()
        os.mkfifo(path)
        return logs

    shipper._opener.find = found  # pyright: ignore[reportPrivateUsage]
    await shipper.ship(ShipQuery())
    assert shipper.standing.left_out == {"logs/app.log": "logs/app.log is left out: it is a named pipe"}


async def test_files_of_a_log_that_were_left_out_are_said(port: Port) -> None:
    port.write("new\n")
    port.write(b"\xfd7zXZ\0" + bytes(range(256)), "app.log.1")
    told = await port.ship()
    assert told.lines == 1 and told.faults == {} and "app.log.1 is left out" in told.left_out["logs/app.log"]


async def test_topics_are_prepared_once_and_only_where_there_is_something(port: Port) -> None:
    asked: list[str] = []

    async def prepare(topic: str) -> None:
        asked.append(topic)

    port.write("a\n", "api.log")
    port.write("", "empty.log")
    shipper = port.shipper(service_of=by_name, prepare=prepare)
    await shipper.ship(ShipQuery())
    assert asked == ["logs.raw.api"]
    assert [message.lines for message in port.bus.read("logs.raw.api")] == [("a",)]


@pytest.mark.parametrize("fault", [NoTopic("it cannot have this name"), BusFault("refused")])
async def test_a_log_that_can_have_no_topic_does_not_keep_others(port: Port, fault: BusFault) -> None:
    async def prepare(topic: str) -> None:
        if topic == "logs.raw.my_app":
            raise fault

    for name in ("my.app.log", "my_app.log", "other.log"):
        port.write("a\n", name)
    shipper = port.shipper(service_of=by_name, prepare=prepare)
    await shipper.ship(ShipQuery())
    told = shipper.standing
    assert told.logs == {"logs/my.app.log": "my.app", "logs/other.log": "other"} and told.lines == 2
    assert list(told.faults) == ["logs/my_app.log"]
    assert fault.message in told.faults["logs/my_app.log"].message
    assert port.bus.read("logs.raw.my_app") == []


@pytest.mark.parametrize("fault", [BusUnreachable("nobody answers"), BusAuth("refused")])
async def test_a_bus_that_takes_nothing_ends_it_for_all(port: Port, fault: BusFault) -> None:
    async def prepare(topic: str) -> None:
        raise fault

    port.write("a\n")
    shipper = port.shipper(prepare=prepare)
    with pytest.raises(type(fault)):
        await shipper.ship(ShipQuery())


async def test_where_it_is_followed_a_bus_that_does_not_answer_is_waited_for(port: Port) -> None:
    tries, answers = list[str](), False

    async def prepare(topic: str) -> None:
        tries.append(topic)
        if not answers:
            raise BusUnreachable("it hangs")

    port.write(numbered(0, 9))
    shipper = port.shipper(prepare=prepare)
    shipping = asyncio.create_task(shipper.ship(ShipQuery(follow=True)))
    try:
        await until(lambda: len(tries) > 1)
        assert shipper.fault is not None and shipper.fault.message == "it hangs"
        assert port.messages == [] and not shipping.done()
        answers = True
        await until(lambda: port.lines == numbered(0, 9).splitlines())
        assert shipper.fault is None
    finally:
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)


@pytest.mark.parametrize(("fault", "end"), [(BusAuth("refused"), BusAuth), (NoTopic("no such name"), None)])
async def test_what_is_met_after_waiting_is_told_as_ever(
    port: Port, fault: BusFault, end: type[BusFault] | None
) -> None:
    met = iter((BusUnreachable("it hangs"), fault))

    async def prepare(_: str) -> None:
        raise next(met)

    port.write(numbered(0, 9))
    shipper = port.shipper(prepare=prepare)
    shipping = asyncio.create_task(shipper.ship(ShipQuery(follow=True)))
    try:
        await until(lambda: bool(shipper.standing.faults) or shipping.done())
        assert shipper.fault is None
        assert shipping.done() == (end is not None)
        if end is not None:
            with pytest.raises(end):
                await shipping
    finally:
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)


def test_whose_a_log_is() -> None:
    assert by_name("logs/api.log") == "api"
    assert by_name("compose:api#2") == "api"
    assert by_name("compose") == "compose"
    assert by_name("logs/ärger & co.log") == "rger-co"
    with pytest.raises(UsageError):
        by_name("-")
    with pytest.raises(UsageError):
        named("no/name")
    app = share("app", ("backend", "frontend"), rest=True)
    backend = share("backend", (), rest=False)
    logs = ("api.log", "backend.log", "backend/x.log", "frontend/y.log", "deep/frontend.log")
    assert [log for log in logs if app(log)] == ["api.log"]
    assert [log for log in logs if backend(log)] == ["backend.log", "backend/x.log"]


def test_the_note_is_for_its_owner_alone(port: Port) -> None:
    shelf = Shelf(port.state, "app\nx")
    shelf.save()
    assert all(os.stat(path).st_mode & 0o077 == 0 for path in port.state.iterdir())
    shelf.close()

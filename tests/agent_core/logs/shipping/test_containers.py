"""Lines of containers on their way to the bus: the engine tells them again from a time on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from agent_core.logs.shipping.naming import by_name
from agent_core.logs.shipping.shipper import Shipped, ShipQuery
from agent_core.streaming.messages import RawLines
from tests.agent_core.logs.shipping.test_shipper import Died, Dying, Port

ENGINE = """#!/usr/bin/env python3
import sys
since = sys.argv[sys.argv.index("--since") + 1] if "--since" in sys.argv else ""
for line in open("said"):
    if line.split("| ", 1)[1].split(" ", 1)[0] >= since:
        sys.stdout.write(line)
"""


class Containers(Port):
    def say(self, container: str, first: int, last: int) -> None:
        with (self.root / "said").open("a") as file:
            for n in range(first, last):
                time = f"2026-11-28T10:{n // 60:02}:{n % 60:02}.{n:09}Z"
                file.write(f"{container}  | {time} INFO {container} says {n}\n")

    async def compose(self, *, after: int = 0) -> Shipped:
        sink = Dying(self.bus, after) if after else None
        shipper = self.shipper(sink, service_of=by_name)
        await shipper.ship(ShipQuery(sources=("compose",)))
        return shipper.standing

    @property
    def messages(self) -> list[RawLines]:
        return [message for topic in sorted(self.bus.topics) for message in self.bus.read(topic)]


@pytest.fixture
def containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Containers:
    work = tmp_path / "work"
    work.mkdir()
    (work / "compose.yaml").write_text("services: {}\n")
    (work / "said").write_text("")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(ENGINE)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:/usr/bin:/bin")
    return Containers(work, tmp_path / "state")


def of(port: Containers, container: str) -> list[str]:
    return [line.rpartition(" ")[2] for line in port.lines if f" {container} says " in line]


async def test_the_next_run_goes_on_in_each_container(containers: Containers) -> None:
    containers.say("api-1", 0, 700)
    containers.say("db-1", 0, 3)
    told = await containers.compose()
    assert (told.lines, told.logs) == (703, {"compose:api": "api", "compose:db": "db"})
    assert (await containers.compose()).lines == 0
    containers.say("api-1", 700, 710)
    containers.say("web-1", 100, 105)
    assert (await containers.compose()).lines == 15
    assert of(containers, "api-1") == [str(n) for n in range(710)]
    assert of(containers, "web-1") == [str(n) for n in range(100, 105)]
    assert sorted(containers.bus.topics) == ["logs.raw.api", "logs.raw.db", "logs.raw.web"]
    api = containers.bus.read("logs.raw.api")
    assert {message.source for message in api} == {"compose:api"}
    assert [message.first for message in api] == [1, 501, 701]


async def test_killed_the_messages_on_their_way_are_the_same_again(containers: Containers) -> None:
    containers.say("api-1", 0, 1200)
    with suppress(Died):
        await containers.compose(after=1)
    sent = len(containers.messages)
    containers.say("api-1", 1200, 1300)
    await containers.compose()
    assert len(containers.messages) > sent
    assert of(containers, "api-1") == [str(n) for n in range(1300)]
    assert {message.id for message in containers.messages[:sent]} <= {
        message.id for message in containers.messages[sent:]
    }

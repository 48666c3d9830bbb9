"""How a stack's standing, its logs and its cleaning are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.errors import UsageError
from agent_core.text import cells, printable
from stack.commands.asked import Asked
from stack.commands.logs import line_of_text, logs
from stack.commands.secrets import stack_masker
from stack.commands.standing import Standing, summary, table
from stack.engine.values import Container, LogLine, Published, State, Use
from stack.known import Known, ServiceInfo
from stack.running import Running
from stack.state import states_of


def container(service: str, state: str = "running", **more: Any) -> Container:
    return Container(
        id="1", name=f"p-{service}-1", service=service, image="i", state=cast(State, state), **more
    )


def standing(
    *containers: Container, names: Sequence[str] = (), uses: dict[str, Use] | None = None
) -> Standing:
    known = Known(project="p", services=tuple(ServiceInfo(name=name) for name in names))
    return Standing(known=known, services=states_of(names, containers, uses or {}))


def test_a_table_with_what_is_wrong() -> None:
    uses = {"p-kafka-1": Use(name="p-kafka-1", cpu=0.05, memory=300 << 20, memory_limit=0, processes=1)}
    shown = standing(
        container("kafka", health="healthy", ports=(Published("127.0.0.1", 9092, 9092),)),
        container("worker", "exited", exit=3),
        names=("kafka", "worker", "absent"),
        uses=uses,
    )
    assert table(shown) == [
        "service  state    containers  cpu  memory  ports",
        "kafka    healthy  1           5%   300 MB  127.0.0.1:9092->9092",
        "worker   failed   0/1",
        "  ! p-worker-1 ended with exit code 3",
        "    `stack logs worker` shows its last words.",
        "absent   absent",
    ]
    assert summary(shown) == "1 of 3 services up, trouble with worker"
    assert table(standing()) == ["There are no services."]


@given(st.text(min_size=1), st.integers(0, 255))
def test_no_name_breaks_the_table(name: str, code: int) -> None:
    for line in table(standing(container(name, "exited", exit=code), names=(name,))):
        assert printable(line) == line and "\n" not in line and cells(line) < 200


class Told:
    """A stack that tells these lines."""

    def __init__(self, *lines: LogLine) -> None:
        self._lines = lines
        self.asked: dict[str, object] = {}

    async def logs(self, services: Sequence[str] = (), **asked: object) -> AsyncGenerator[LogLine]:
        self.asked = {"services": services, **asked}
        for line in self._lines:
            yield line


def read(stack: Told, **asked: Any) -> list[str]:
    async def lines() -> list[str]:
        wanted = Asked(what="logs", **asked)
        mask = stack_masker(Settings(openai_api_key="sesame-open"), Path("/nowhere"))
        return [line_of_text(line) async for line in logs(cast(Running, stack), wanted, mask=mask)]

    return asyncio.run(lines())


LINES = (
    LogLine("b-1", "2026-11-28T16:26:34.6Z", "second"),
    LogLine("b-1", "2026-11-28T16:26:34.62Z", "third \x1b[31mred\x07"),
    LogLine("b-1", "", "  goes on"),
    LogLine("a-1", "2026-11-28T16:26:33.123456789Z", "first with sesame-open"),
)


def test_lines_come_in_the_order_of_their_times() -> None:
    assert read(Told(*LINES)) == [
        "2026-11-28T16:26:33.123Z a-1 | first with ••••••",
        "2026-11-28T16:26:34.600Z b-1 | second",
        "2026-11-28T16:26:34.620Z b-1 | third red␇",
        "b-1 |   goes on",
    ]


def test_what_is_followed_comes_as_it_is_told() -> None:
    stack = Told(*LINES)
    assert [line.rpartition("| ")[2] for line in read(stack, follow=True, names=("a", "b"), lines=5)] == [
        "second", "third red␇", "  goes on", "first with ••••••",
    ]  # fmt: skip
    assert stack.asked == {"services": ("a", "b"), "tail": 5, "since": "", "follow": True}


def test_what_matches() -> None:
    assert len(read(Told(*LINES), grep="second|FIRST")) == 1, "a capital makes case count"
    assert len(read(Told(*LINES), grep="second|first")) == 2
    assert len(read(Told(*LINES), grep="^second$", follow=True)) == 1
    with pytest.raises(UsageError, match="is no regular expression"):
        read(Told(*LINES), grep="[")
    with pytest.raises(UsageError, match="is no time"):
        read(Told(*LINES), since="whenever")
    stack = Told()
    assert read(stack, since="2026-11-28T16:00:00+00:00") == []
    assert stack.asked["since"] == "2026-11-28T16:00:00Z"


def test_secrets_of_the_stack_itself(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        'GRAFANA_PASSWORD="correct horse"\nexport AWS_SECRET_ACCESS_KEY=abcdef\nOLLAMA_MODEL=qwen3:1.7b\n'
    )
    mask = stack_masker(Settings(), tmp_path)
    assert (
        mask("login with correct horse, abcdef and qwen3:1.7b") == "login with ••••••, •••••• and qwen3:1.7b"
    )
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    assert stack_masker(Settings(), tmp_path)("as it is") == "as it is"

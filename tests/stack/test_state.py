"""How services stand, from what their containers say."""

from __future__ import annotations

import pytest

from stack.engine.values import Container, Published, Use
from stack.state import states_of


def box(service: str, number: int = 1, **said: object) -> Container:
    fields = {"state": "running", "image": "i", "id": f"{service}{number}", **said}
    return Container(name=f"p-{service}-{number}", service=service, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "standing", "in_trouble"),
    [
        ({"health": "healthy"}, "healthy", False),
        ({}, "running", False),
        ({"health": "starting"}, "starting", False),
        ({"state": "created"}, "starting", False),
        ({"health": "unhealthy"}, "unhealthy", True),
        ({"state": "exited", "exit": 0}, "stopped", False),
        ({"state": "exited", "exit": 143}, "stopped", False),  # Java, told to end
        ({"state": "exited", "exit": 3}, "failed", True),
        ({"state": "restarting", "exit": 1}, "failed", True),
        ({"state": "paused"}, "stopped", False),
        ({"state": "dead"}, "failed", True),
    ],
)
def test_one_container(said: dict[str, object], standing: str, in_trouble: bool) -> None:
    (state,) = states_of(("a",), [box("a", **said)])
    assert state.standing == standing
    assert bool(state.trouble) == bool(state.hint) == in_trouble
    assert not in_trouble or "`stack logs a`" in state.hint


def test_the_worst_of_several_counts_and_what_they_use_adds_up() -> None:
    own = [
        box("w", 1, health="healthy"),
        box("w", 2, state="exited", exit=137),
        box("w", 3, health="healthy"),
    ]
    uses = {f"p-w-{number}": Use(name=f"p-w-{number}", cpu=0.25, memory=100, memory_limit=0, processes=1)
            for number in (1, 3)}  # fmt: skip
    (state,) = states_of(("w",), own, uses)
    assert (state.standing, state.running, state.cpu, state.memory) == ("failed", 2, 0.5, 200)
    assert "memory" in state.trouble and "docker-compose.override.yml" in state.hint


def test_order_absence_tasks_and_ports() -> None:
    port = Published("127.0.0.1", 9092, 9092)
    states = states_of(
        ("volumes", "kafka", "spark"),
        [box("old"), box("kafka", 1, ports=(port,)), box("kafka", 2, ports=(port,)),
         box("volumes", state="exited")],
        once=("volumes",),
    )  # fmt: skip
    assert [(state.name, state.standing) for state in states] == [
        ("volumes", "done"), ("kafka", "running"), ("spark", "absent"), ("old", "running"),
    ]  # fmt: skip
    assert states[1].ports == (port,) and states[1].cpu is None

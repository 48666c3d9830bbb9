"""Which service gets a task."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ConfigError, ErrorInfo
from agent_core.fleet.routing import MOST_TEXT, Queue, route
from agent_core.fleet.services import BUILT_IN, Specialty, program_of, service_of, specialties
from agent_core.streaming.messages import Task

ALL = {"app": Queue(0, True), "backend": Queue(0, True), "frontend": Queue(0, True)}


def task(text: str, service: str = "", name: str = "t1") -> Task:
    return Task(id=name, at=0.0, text=text, service=service)


@pytest.mark.parametrize(
    ("text", "queues", "wanted"),
    [
        ("what is this project about?", ALL, "app"),
        ("why is the login button hidden in the browser?", ALL, "frontend"),
        ("which endpoint writes to the database?", ALL, "backend"),
        ("fix total() in server/shop.py", ALL, "backend"),
        ("fix the total in web/cart.tsx", ALL, "frontend"),
        ("grep foo src/main.go", ALL, "backend"),
        ("frontend: why does the SQL query fail?", ALL, "frontend"),
        ("@backend, look at the css", ALL, "backend"),
        ("payments: nobody of that name", ALL, "app"),
        ("ask the frontend whether the api is right", ALL, "frontend"),
        # load
        ("what is this about?", {**ALL, "app": Queue(1, True)}, "backend"),
        ("which endpoint is it?", {**ALL, "backend": Queue(9, True)}, "backend"),
        ("which endpoint is it?", {**ALL, "backend": Queue(11, True)}, "app"),
        ("backend: which is it?", {**ALL, "backend": Queue(500, True)}, "backend"),
        # nobody works there
        ("which endpoint is it?", {**ALL, "backend": Queue(0)}, "app"),
        ("which endpoint is it?", {name: Queue() for name in ALL}, "backend"),
        ("anything", {"payments": Queue()}, "payments"),
    ],
)
def test_table(text: str, queues: dict[str, Queue], wanted: str) -> None:
    assert route(task(text), BUILT_IN, queues) == wanted


@pytest.mark.parametrize(
    ("given", "queues", "code"),
    [
        (task(""), ALL, "empty-task"),
        (task(" \n"), ALL, "empty-task"),
        (task("x" * (MOST_TEXT + 1)), ALL, "too-long"),
        (task("x", "payments"), ALL, "no-such-service"),
        (task("x", "*"), ALL, "no-such-service"),
        (task("x"), {}, "no-service"),
        (task("x", name=""), ALL, "bad-id"),
        (msgspec.structs.replace(task("x"), by="b" * 1001), ALL, "bad-sender"),
        (task("x", name="a\x1b[2Jb"), ALL, "bad-id"),
    ],
)
def test_what_nobody_can_work_on(given: Task, queues: dict[str, Queue], code: str) -> None:
    refused = route(given, BUILT_IN, queues)
    assert isinstance(refused, ErrorInfo) and refused.code == code


def test_a_service_that_is_named_gets_it_whoever_works_there() -> None:
    assert route(task("css", "backend"), BUILT_IN, {**ALL, "backend": Queue(99)}) == "backend"


@given(st.text(max_size=300), st.dictionaries(st.sampled_from([*BUILT_IN, "x"]), st.integers(0, 99)))
def test_any_text_goes_to_a_service_that_there_is(text: str, waiting: dict[str, int]) -> None:
    queues = {name: Queue(count, count % 2 == 0) for name, count in waiting.items()}
    found = route(task(text), BUILT_IN, queues)
    assert isinstance(found, ErrorInfo) or found in queues


def test_services_of_the_environment() -> None:
    found = specialties({"DSPY_TUI_SERVICES": '{"payments": {"words": ["invoice"], "folders": ["billing"]}}'})
    assert set(found) == {*BUILT_IN, "payments"} and "billing" in found["payments"].told
    assert route(task("send the invoices"), found, {**ALL, "payments": Queue(0, True)}) == "payments"
    assert found["app"].told == "" and found["backend"].told.startswith("You work on the back end")


@pytest.mark.parametrize("text", ["{", "[]", '{"A b": {}}', '{"x": {"word": []}}'])
def test_services_that_are_wrong_are_told(text: str) -> None:
    with pytest.raises(ConfigError, match="DSPY_TUI_SERVICES"):
        specialties({"DSPY_TUI_SERVICES": text})


@pytest.mark.parametrize("service", ["app", "backend", "payments-2"])
def test_programs_and_services(service: str) -> None:
    assert service_of(program_of(service)) == service
    assert service_of("dspy-router") == "" == service_of("dspy-worker-")


def test_a_specialty_of_nothing_takes_anything() -> None:
    assert Specialty().told == ""

"""What compose prints, read into values; the samples are what compose 2.40 and older ones printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.engine.reading import containers, happened, log_line, objects, size_of, steps_of, uses
from stack.engine.values import Container, LogLine, Published, Step

PS = (
    '{"Command":"x","ExitCode":0,"Health":"healthy","ID":"3a5ff123e0e5","Image":"bb:1","Name":"p-a-1",'
    '"Publishers":[{"URL":"127.0.0.1","TargetPort":80,"PublishedPort":18080,"Protocol":"tcp"},'
    '{"URL":"","TargetPort":81,"PublishedPort":0,"Protocol":"tcp"}],"Service":"a","State":"running",'
    '"Status":"Up 2 seconds (healthy)"}'
)
EXPECTED = Container(
    id="3a5ff123e0e5", name="p-a-1", service="a", image="bb:1", state="running", health="healthy",
    status="Up 2 seconds (healthy)", ports=(Published("127.0.0.1", 18080, 80),),
)  # fmt: skip


@pytest.mark.parametrize("text", [PS, f"[{PS}]", f"\n{PS}\nno json\n{{}}\n[1]\n"])
def test_containers_in_either_form(text: str) -> None:
    assert containers(text) == (EXPECTED,)
    assert EXPECTED.works


@pytest.mark.parametrize(
    ("said", "state"),
    [("stopped", "exited"), ("initialized", "created"), ("odd", "dead"), ("paused", "paused")],
)
def test_podmans_words_for_states(said: str, state: str) -> None:
    (found,) = containers(PS.replace('"running"', f'"{said}"'))
    assert found.state == state


def test_use_in_bytes_and_shares() -> None:
    (use,) = uses('{"CPUPerc":"150.50%","MemUsage":"788KiB / 1.5GiB","Name":"p-a-1","PIDs":"12"}')
    podmans = '[{"id":"5","name":"st","cpu_percent":"54.37%","mem_usage":"2.286MB / 25.28GB","pids":"1"}]'
    (other,) = uses(podmans)
    assert (other.name, other.cpu, other.memory, other.processes) == ("st", 0.5437, 2_286_000, 1)
    assert (use.cpu, use.memory, use.memory_limit, use.processes) == (1.505, 788 * 1024, 3 << 29, 12)


@pytest.mark.parametrize(
    ("text", "size"),
    [("788KiB", 788 << 10), ("1.5GB", 1_500_000_000), ("512m", 512_000_000), ("0B", 0), ("--", 0), ("", 0)],
)
def test_sizes(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ('{"id":"Container p-a-1","status":"Healthy"}', (Step("Container p-a-1", "Healthy"),)),
        ('{"id":"e","text":"Pulling"}', (Step("e", "Pulling"),)),
        ('{"id":"l1","parent_id":"e","text":"Downloading","current":5,"total":9}',
         (Step("l1", "Downloading", 5, 9),)),
        ('{"error":true,"message":"port is already allocated"}', "port is already allocated"),
        ('{"vertexes":[{"name":"[2/3] RUN pip","completed":"2026"}]}', (Step("[2/3] RUN pip", "done"),)),
        ('{"vertexes":[{"name":"RUN x","error":"exit code: 1"}]}', (Step("RUN x", "exit code: 1"),)),
        ('{"logs":[{"vertex":"v","stream":1,"data":"b25lCnR3bwo="},{"data":"MTAlDTIwJQ3vv70="}]}',
         (Step("", "one"), Step("", "two"), Step("", "\ufffd"))),
        ('{"logs":[{"data":"MTAlDTIwJQ0K"},{"data":"x"},{}]}', (Step("", "20%"),)),
        ("Step 2/9 : RUN x", (Step("", "Step 2/9 : RUN x"),)),
        ("", ()),
        ('{"statuses":[]}', ()),
    ],
)  # fmt: skip
def test_steps(line: str, steps: tuple[Step, ...] | str) -> None:
    assert steps_of(line) == steps


def test_events_without_the_health_checks_themselves() -> None:
    line = (
        '{"action":"%s","attributes":{"name":"p-b-1","exitCode":"137"},"id":"e","service":"b",'
        '"type":"container"}'
    )
    event = happened(line % "die")
    assert event is not None
    assert (event.service, event.name, event.action, event.attributes["exitCode"]) == (
        "b",
        "p-b-1",
        "die",
        "137",
    )
    assert happened(line % "exec_create: true") is None
    assert happened("nonsense") is None


def test_log_lines() -> None:
    assert log_line("a-1  | 2026-11-28T16:26:34.626788911Z hello | you") == LogLine(
        "a-1", "2026-11-28T16:26:34.626788911Z", "hello | you"
    )
    assert log_line("a-1  | no time") == LogLine("a-1", "", "no time")
    assert log_line("something else") == LogLine("", "", "something else")
    assert log_line("\r\x1b[Ka-1 exited with code 143") == LogLine("", "", "a-1 exited with code 143")


@given(st.text())
def test_nothing_that_is_printed_breaks_it(text: str) -> None:
    list(objects(text))
    containers(text)
    uses(text)
    for line in text.split("\n"):
        steps_of(line)
        happened(line)
        log_line(line)


def test_what_is_nested_without_end_says_nothing() -> None:
    deep = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert list(objects(deep)) == [] and steps_of(deep) == (Step("", deep),)

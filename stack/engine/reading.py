"""What the engine's commands print, read into values; what cannot be read is left out."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, cast, get_args

import msgspec

from agent_core.decoding import JsonDecoder
from stack.engine.values import Container, Happened, Health, LogLine, Published, State, Step, Use

_any = JsonDecoder[Any](Any)
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_BINARY = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_PODMANS = {"stopped": "exited", "stopping": "running", "configured": "created", "initialized": "created"}
"""Podman's words for a state that Docker has another for."""
_SIZE = re.compile(r"([\d.]+)\s*([kKmMgGtT]?)(i?)[bB]?")
_LOG = re.compile(
    r"(?P<name>[\w.-]+?)\s*\| ?(?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) ?)?(?P<text>.*)"
)


def objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects: one a line, or all in one array as older versions have it."""
    stripped = text.strip()
    lines = [stripped] if stripped.startswith("[") else stripped.splitlines()
    for line in lines:
        try:
            value: Any = _any.decode(line)
        except msgspec.DecodeError:
            continue
        for one in cast("list[Any]", value) if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield cast("dict[str, Any]", one)


def containers(text: str) -> tuple[Container, ...]:
    """What `ps --all --format json` prints."""
    return tuple(_container(one) for one in objects(text) if one.get("Name") and one.get("Service"))


def _container(one: dict[str, Any]) -> Container:
    state, health = str(one.get("State", "")).lower(), str(one.get("Health", "")).lower()
    state = _PODMANS.get(state, state)
    return Container(
        id=str(one.get("ID", "")),
        name=str(one["Name"]),
        service=str(one["Service"]),
        image=str(one.get("Image", "")),
        state=cast(State, state) if state in get_args(State) else "dead",
        health=cast(Health, health) if health in get_args(Health) else "",
        exit=int(one.get("ExitCode") or 0),
        status=str(one.get("Status", "")),
        ports=tuple(
            Published(str(port.get("URL", "")), int(port["PublishedPort"]), int(port.get("TargetPort") or 0),
                      str(port.get("Protocol", "tcp")))
            for port in one.get("Publishers") or ()
            if port.get("PublishedPort")
        ),
    )  # fmt: skip


def uses(text: str) -> tuple[Use, ...]:
    """What `stats --no-stream --format json` prints."""
    return tuple(_use(one) for one in objects(text) if one.get("Name") or one.get("name"))


def _use(one: dict[str, Any]) -> Use:
    """Docker's names of the fields, or podman's."""
    memory, _, limit = str(one.get("MemUsage") or one.get("mem_usage", "")).partition("/")
    processes = str(one.get("PIDs") or one.get("pids", ""))
    return Use(
        name=str(one.get("Name") or one["name"]),
        cpu=_number(str(one.get("CPUPerc") or one.get("cpu_percent", "")).rstrip("%")) / 100,
        memory=size_of(memory),
        memory_limit=size_of(limit),
        processes=int(processes) if processes.isdigit() else 0,
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def size_of(text: str) -> int:
    """Bytes of a size such as 788KiB, 1.5GB or 512m; 0 for none."""
    match = _SIZE.match(text.strip())
    if match is None:
        return 0
    units = _BINARY if match[3] else _UNITS
    return int(_number(match[1]) * units[match[2].lower()])


def steps_of(line: str) -> tuple[Step, ...] | str:
    """A line of `--progress json`: its steps, none for nothing worth telling; or the message of a failure."""
    try:
        value: Any = _any.decode(line)
    except msgspec.DecodeError:
        return (Step("", line),) if line.strip() else ()  # builders of older engines write plain lines
    if not isinstance(value, dict):
        return ()
    one = cast("dict[str, Any]", value)
    if one.get("error"):
        return str(one.get("message", ""))
    if "id" not in one:
        return _build_steps(one)
    text = str(one.get("status") or one.get("text") or one.get("details") or "")
    return (Step(str(one["id"]), text, int(one.get("current") or 0), int(one.get("total") or 0)),)


def _build_steps(one: dict[str, Any]) -> tuple[Step, ...]:
    """What BuildKit tells: vertices begin and end, and their programs write logs."""
    logs: list[dict[str, Any]] = one.get("logs") or []
    if logs:
        return tuple(Step("", line) for log in logs for line in _written(log))
    vertexes: list[dict[str, Any]] = one.get("vertexes") or []
    for vertex in reversed(vertexes):
        if name := vertex.get("name"):
            state = "failed" if vertex.get("error") else "done" if vertex.get("completed") else "building"
            return (Step(str(name), str(vertex.get("error") or state)),)
    return ()


def _written(log: dict[str, Any]) -> Iterator[str]:
    """The lines of a piece of a log; of one that was written over again and again its last state."""
    try:
        text = b64decode(str(log.get("data") or "")).decode("utf-8", "replace")
    except ValueError:
        return
    for line in text.split("\n"):
        if last := line.rstrip().rpartition("\r")[2]:
            yield last


def happened(line: str) -> Happened | None:
    """A line of `events --json`; None when it is none, or a health check's own business."""
    for one in objects(line):
        action = str(one.get("action", ""))
        if one.get("type") == "container" and not action.startswith("exec_"):
            given = cast("dict[str, Any]", one.get("attributes") or {})
            attributes = {name: str(value) for name, value in given.items()}
            service = str(one.get("service", ""))
            return Happened(
                service=service, name=attributes.get("name", ""), action=action, attributes=attributes
            )
    return None


def log_line(line: str) -> LogLine:
    """A line of `logs --no-color --timestamps`."""
    match = _LOG.fullmatch(line)
    if match is None:  # compose's own words, which it draws over the line that it is in
        return LogLine("", "", line.removeprefix("\r").removeprefix("\x1b[K"))
    return LogLine(match["name"], match["time"] or "", match["text"])

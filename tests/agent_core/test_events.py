"""Events are plain data: each survives JSON as it is."""

from __future__ import annotations

import json
import typing
from importlib import import_module

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core import errors, events
from agent_core.errors import AgentError, ErrorInfo
from agent_core.llm import errors as model_errors


def all_events() -> list[type[msgspec.Struct]]:
    return list(typing.get_args(events.Event))


def sample(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """An event with the smallest value of each field, made from its JSON schema's types."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        if field.required:
            values[field.name] = _smallest(field.type)
    return msgspec.convert(values | {"type": kind.__struct_config__.tag}, type=kind)


def _smallest(annotation: object) -> object:
    if typing.get_origin(annotation) is typing.Literal:
        return typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (tuple, list):
        return []
    if typing.get_origin(annotation) is dict:
        return {}
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        fields = (field for field in msgspec.structs.fields(annotation) if field.required)
        return {field.name: _smallest(field.type) for field in fields}
    return {str: "x", int: 1, float: 1.0, bool: True}[annotation]  # type: ignore[index]


@pytest.mark.parametrize("kind", all_events(), ids=lambda kind: kind.__name__)
def test_every_event_survives_json(kind: type[msgspec.Struct]) -> None:
    event = sample(kind)
    line = events.to_json(event)  # type: ignore[arg-type]
    assert b"\n" not in line
    assert json.loads(line)["type"] == kind.__struct_config__.tag
    assert events.from_json(line) == event


def test_names_on_the_wire_are_unique() -> None:
    tags = [kind.__struct_config__.tag for kind in all_events()]
    assert len(set(tags)) == len(tags)
    assert "turn_finished" in tags


@given(st.text())
def test_any_text_survives(text: str) -> None:
    event = events.TextDelta(turn_id="t", text=text.encode("utf-8", "replace").decode())
    assert events.from_json(events.to_json(event)) == event


def tree(root: type[AgentError]) -> list[type[AgentError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in tree(child))]


def test_every_error_has_a_code_of_its_own_and_is_drawn() -> None:
    for module in ("files", "rl.identity", "rl.gepa.engine", "rl.gepa.purse"):
        import_module(f"agent_core.{module}")  # what one module alone raises stands there
    kinds = [kind for kind in tree(AgentError) if kind.__module__.startswith("agent_core")]
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        for module in (errors, model_errors):
            if kind.__module__ == module.__name__:
                assert kind.__name__ in (module.__doc__ or "")


def test_an_error_is_a_value() -> None:
    error = model_errors.NoModel("No model answers.", hint="Start Ollama.")
    assert error.info == ErrorInfo("no-model", "No model answers.", "Start Ollama.")
    assert error.exit_code == 4

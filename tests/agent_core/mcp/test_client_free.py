"""Tools of a server of the official SDK that take JSON: typed by people, given by models, checked before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_core.agent.choose import choice_schema, parse_choice
from agent_core.config import Settings
from agent_core.events import ToolFinished, TurnFinished
from agent_core.llm.openai_compat import OpenAICompatModel
from agent_core.llm.port import ToolCall, ToolCallChunk, ToolSpec
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.mcp.client_arguments import read_call, sent_arguments, shape_of
from agent_core.mcp.client_schema import problem_of
from agent_core.tools.help import HelpTool
from tests.agent_core.llm.helpers_llm import ask, collect, text_of
from tests.agent_core.mcp.conftest import LARGE, MakeDesk
from tests.agent_core.mcp.test_client_forms import FORMS, said
from tests.fakes.mcp_sdk_server import SCHEMAS


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ('count {"a": 1, "b c": 2}', {"a": 1, "b c": 2}),
        ("count '{\"a\": 1}'", {"a": 1}),
        ("count", {}),
        ("label hello", {"text": "hello"}),
        ('label hello --arguments \'{"n": [1, {"x": null}]}\'', {"text": "hello", "n": [1, {"x": None}]}),
        ('either {"id": 3}', {"id": 3}),
        ("whole Rome", {"city": "Rome"}),
        ('whole Rome --near \'{"city": "Ostia"}\'', {"city": "Rome", "near": {"city": "Ostia"}}),
        (
            'nested \'{"city": "Rome"}\' --tags \'[{"key": 1}]\'',
            {"place": {"city": "Rome"}, "tags": [{"key": 1}]},
        ),
        ('anything {"a": {"b": []}}', {"a": {"b": []}}),
    ],
)
async def test_a_person_types_json(desk: MakeDesk, line: str, got: Any) -> None:
    assert said(await desk(user=FORMS).do(f"forms__{line}")) == {"got": got}


@pytest.mark.parametrize(
    ("line", "why", "hint"),
    [
        ('count {"a": -1}', "a: -1 is less than the minimum of 0", "{NAME: whole number}, as JSON"),
        ("count many", "arguments is no JSON: ", "{NAME: whole number}, as JSON"),
        ("count [1]", "arguments is no JSON object", "`help forms__count`"),
        (
            "either {}",
            "is not valid under any of the given",
            '{"id": whole number} or {"name": text}, as JSON',
        ),
        (
            'nested \'{"near": {"city": "x"}}\'',
            "place: 'city' is a required property",
            '{"place": {"city": text',
        ),
        ('label x --arguments \'{"text": "y"}\'', "'text' is given twice", "as JSON"),
    ],
)
async def test_what_does_not_fit_is_not_sent(desk: MakeDesk, line: str, why: str, hint: str) -> None:
    at = desk(user=FORMS)
    await at.do(f"forms__{line}")
    error = at.seen.of(TurnFinished)[-1].error
    assert why in error.message and hint in error.hint and "Nothing was sent" in error.hint


async def test_a_model_gives_json_and_mends_it(desk: MakeDesk) -> None:
    def call(name: str, **arguments: Any) -> Reply:
        return Reply.of(ToolCallChunk(ToolCall("1", f"forms__{name}", json.dumps(arguments))))

    model = ScriptedModel(
        [
            call("count", apples="three"),
            call("count", arguments={"apples": 3}),
            call("nested", place={"city": "Rome", "near": {"city": "Ostia"}}),
            Reply.of("There are 3."),
        ],
        info=LARGE,
    )
    at = desk(user=FORMS, model=model)
    await at.do("how many apples are there?")
    texts = [end.text for end in at.seen.of(ToolFinished) if end.error is None]
    assert [json.loads(text)["got"] for text in texts] == [
        {"apples": 3},
        {"place": {"city": "Rome", "near": {"city": "Ostia"}}},
    ]
    told = model.requests[1].messages[-1].content
    assert "'three' is not of type 'integer'" in told and "{NAME: whole number}" in told
    offered = {tool.name: tool.parameters for tool in model.requests[0].tools}
    assert "$" not in json.dumps([offered["forms__whole"], offered["forms__nested"]])
    assert not set(offered["forms__either"]) & {"oneOf", "anyOf", "allOf"}


async def test_a_constrained_choice_holds_them_too(desk: MakeDesk) -> None:
    from jsonschema import Draft202012Validator

    at = desk(user=FORMS)
    await at.do("forms__count")
    tools = [
        ToolSpec(tool.name, tool.summary, getattr(tool, "schema"))  # noqa: B009
        for tool in at.session.registry.all()
        if tool.name in ("forms__count", "forms__either", "forms__nested")
    ]
    check: Any = Draft202012Validator(choice_schema(tools))
    good = {"action": "forms__count", "arguments": {"a": 1}}
    assert check.is_valid(good)
    assert check.is_valid({"action": "forms__nested", "place": {"city": "Rome"}})
    wrong: list[dict[str, Any]] = [
        {"action": "forms__count"},
        {"action": "forms__count", "arguments": {"a": "x"}},
        {"action": "forms__either", "arguments": {"id": 3, "x": 1}},
        {"action": "forms__nested", "place": {}},
    ]
    for bad in wrong:
        assert not check.is_valid(bad), bad
    choice = parse_choice(json.dumps(good), [tool.name for tool in tools])
    assert choice is not None and choice.arguments == {"a": 1}


async def test_help_says_what_the_json_looks_like(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    await at.do("forms__count")
    at.session.registry.add(HelpTool(registry=at.session.registry))
    end = await at.do("help forms__either")
    assert end is not None and end.text.startswith("forms__either <arguments>")
    assert '{"id": whole number} or {"name": text}' in end.text and "JSON" in end.text
    end = await at.do("help forms__label")
    assert end is not None and "[--arguments JSON]" in end.text


@pytest.mark.llamacpp
@pytest.mark.parametrize("name", ["count", "either", "nested", "label", "anything", "whole"])
async def test_llama_cpp_is_held_to_them(llamacpp: str, name: str) -> None:
    shape = shape_of(SCHEMAS[name])
    (_, only) = choice_schema([ToolSpec(name, f"does {name}", shape.schema)])["anyOf"]
    model = OpenAICompatModel(settings=Settings(openai_base_url=llamacpp))
    try:
        asked = ask("Call it with the city Rome and the number 3.", response_schema=only, max_tokens=300)
        written = text_of(await collect(model.stream(asked)))
    finally:
        await model.aclose()
    choice = parse_choice(written, [name])
    assert choice is not None and choice.name == name, written
    if not choice.cut:
        sent = sent_arguments(shape, read_call(shape, choice.arguments))
        assert problem_of(shape.written, sent) == "", written

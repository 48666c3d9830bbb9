"""The arguments of a server's tools: typed, called by a model, sent; and schemas that are none, or traps."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.mcp.client_arguments import Shape, read_call, sent_arguments, shape_of
from agent_core.mcp.client_results import result_of
from agent_core.mcp.client_schema import BadSchema, checked_schema, problem_of
from agent_core.tools.fields import fields_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sourceTz": {"type": "string", "description": "Where\x1b[2J\nfrom"},
        "count": {"type": "integer"},
        "class": {"type": "number"},
        "dry-run": {"type": "boolean", "default": False},
        "force": {"type": "boolean"},
        "names": {"type": "array", "items": {"type": "string"}},
        "filter": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "mode": {"enum": ["fast", "good"]},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "either": {"type": ["string", "integer"]},
    },
    "required": ["sourceTz"],
}


def test_arguments_may_be_called_as_parts_of_a_schema_are() -> None:
    below = {"type": "object", "properties": {"definitions": {}}}
    kinds = {"definitions": {"type": "string"}, "$defs": below}
    shape = shape_of({"type": "object", "properties": kinds, "required": ["definitions"], "$defs": {"x": {}}})
    given = {"definitions": "a", "$defs": {"definitions": 1}}
    assert sent_arguments(shape, read_call(shape, given)) == given


def test_what_a_model_gives_is_sent_as_it_is() -> None:
    shape = shape_of(SCHEMA)
    given = {
        "sourceTz": "UTC",
        "count": 0,
        "class": 1.5,
        "force": False,
        "names": ["a", "b c"],
        "filter": {"a": 3},
        "mode": "good",
        "maybe": None,
        "either": 3,
    }
    sent = sent_arguments(shape, read_call(shape, given))
    assert sent == {name: value for name, value in given.items() if value is not None}
    assert problem_of(shape.written, sent) == ""
    assert sent_arguments(shape, read_call(shape, {"sourceTz": "x"})) == {"sourceTz": "x"}
    none: dict[str, Any] = {"sourceTz": "x", "names": []}
    assert sent_arguments(shape, read_call(shape, none)) == none, "an empty list is not the same as none"


def test_what_is_typed() -> None:
    shape = shape_of(SCHEMA)
    fields = {field.name: field for field in fields_of(shape.args_type)}
    assert shape.positional == ("source_tz",)
    assert fields["dry_run"].kind == "switch" and fields["arg_class"].flags == ("--arg-class",)
    assert fields["force"].choices == ("true", "false") and fields["names"].kind == "list"
    assert fields["source_tz"].description == "Where from"
    args = shape.args_type(source_tz="x", force="true", filter='{"a": "no"}', either="word", dry_run=True)
    sent = sent_arguments(shape, args)
    assert sent["either"] == "word" and sent["force"] is True and sent["dry-run"] is True
    assert problem_of(shape.written, sent) == "filter.a: 'no' is not of type 'integer'"
    with pytest.raises(ValueError, match="filter is no JSON"):
        sent_arguments(shape, shape.args_type(source_tz="x", filter="{"))


@pytest.mark.parametrize(
    "given", [{}, {"sourceTz": 3}, {"sourceTz": "x", "new": 1}, {"sourceTz": "x", "mode": "z"}]
)
def test_what_does_not_fit_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read_call(shape_of(SCHEMA), given)


def test_names_of_all_kinds_can_be_typed() -> None:
    names = ["a-b", "a_b", "A B", "class", "9", "", "ü", "x" * 200, "__struct_fields__", "\x1b[2J"]
    shape: Shape = shape_of({"type": "object", "properties": {name: {"type": "string"} for name in names}})
    fields = [field.name for field in fields_of(shape.args_type)]
    assert len(set(fields)) == len(names) and all(field.isidentifier() for field in fields)
    given = dict.fromkeys(names, "v")
    assert sent_arguments(shape, read_call(shape, given)) == given
    assert "\x1b" not in str(shape.schema)


BAD: list[tuple[Any, str]] = [
    (None, "no object"),
    ([], "no object"),
    ({"type": "string"}, "not of the type object"),
    ({"properties": []}, "no object"),
    ({"properties": {"x": {"type": "strng"}}}, "not valid"),
    ({"required": "x"}, "not of type"),
    ({"properties": {f"a{n}": {} for n in range(65)}}, "65 arguments"),
    ({"description": "x" * 70_000}, "characters"),
]


@pytest.mark.parametrize(("schema", "why"), BAD)
def test_a_schema_that_is_none_is_refused(schema: Any, why: str) -> None:
    with pytest.raises(BadSchema, match=why):
        shape_of(schema)


FREE: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}
EITHER: dict[str, Any] = {
    "type": "object",
    "oneOf": [
        {"properties": {"id": {"type": "integer"}}, "required": ["id"]},
        {"properties": {"name": {"type": "string"}}, "required": ["name"]},
    ],
}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"a": 1}, {"a": 1}),
        ({"arguments": {"a": 1}}, {"a": 1}),
        ({"arguments": '{"a": 1}', "b": 2}, {"a": 1, "b": 2}),
        ({"arguments": 3}, {"arguments": 3}),
        ({"a": None}, {"a": None}),
        ({}, {}),
    ],
)
def test_a_model_gives_arguments_without_names_as_it_likes(
    given: dict[str, Any], sent: dict[str, Any]
) -> None:
    shape = shape_of(FREE)
    assert sent_arguments(shape, read_call(shape, given)) == sent


def test_arguments_without_names_are_one_object_for_models() -> None:
    offered = shape_of(FREE).schema
    assert offered["properties"]["arguments"]["additionalProperties"] == {"type": "integer"}
    assert offered["required"] == ["arguments"] and offered["additionalProperties"] is False
    named = shape_of({**FREE, "properties": {"arguments": {"type": "string"}}, "required": ["arguments"]})
    assert [*named.schema["properties"]] == ["arguments", "arguments_2"]
    assert named.schema["required"] == ["arguments"]
    given = {"arguments": "x", "arguments_2": {"n": 1}, "m": 2}
    assert sent_arguments(named, read_call(named, given)) == {"arguments": "x", "n": 1, "m": 2}
    assert "oneOf" in shape_of(EITHER).schema["properties"]["arguments"]
    assert not {"oneOf", "anyOf", "allOf", "$ref", "$defs"} & set(shape_of(EITHER).schema)


@pytest.mark.parametrize(
    "schema",
    [
        *(SCHEMA, {"type": "object", "properties": {}}, {"type": "object", "additionalProperties": False}),
        {**SCHEMA, "anyOf": [{"required": ["count"]}, {"required": ["class"]}]},
    ],
)
def test_named_arguments_are_all_there_is(schema: dict[str, Any]) -> None:
    assert all(argument.kind != "free" for argument in shape_of(schema).arguments)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "arguments is no JSON: "),
        ("[1]", "arguments is no JSON object"),
        ("[" * 100_000, "arguments is no JSON"),
        ('{"text": 1}', "'text' is given twice"),
    ],
)
def test_what_is_typed_for_them_is_an_object(text: str, why: str) -> None:
    shape = shape_of({**FREE, "properties": {"text": {"type": "string"}}, "required": ["text"]})
    with pytest.raises(ValueError, match=why):
        sent_arguments(shape, shape.args_type(text="x", arguments=text))


def test_references_are_followed_within_the_schema_and_no_further() -> None:
    place = {"type": "object", "properties": {"near": {"$ref": "#/$defs/P"}, "x": {"$ref": "http://a/b"}}}
    shape = shape_of({"type": "object", "$ref": "#/$defs/P", "$defs": {"P": place}})
    near, x = shape.arguments
    assert (near.name, near.kind, x.kind) == ("near", "json", "json")
    assert "$ref" not in str(shape.schema) and "http" not in str(shape.schema)
    assert near.description == 'As JSON: {"near"?: {}, "x"?: anything}.'


def test_schemas_that_repeat_themselves_cost_nothing() -> None:
    many = {f"d{n}": {"properties": {c: {"$ref": f"#/$defs/d{n + 1}"} for c in "ab"}} for n in range(40)}
    shape = shape_of({"type": "object", "$ref": "#/$defs/d0", "$defs": {**many, "d40": {}}})
    assert [argument.name for argument in shape.arguments] == ["a", "b"]
    assert len(str(shape.schema)) < 200_000 and len(shape.sketch) <= 240


def test_a_schema_nested_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"properties": {"x": deep}}
    with pytest.raises(BadSchema):
        checked_schema(deep)


@pytest.mark.parametrize(
    ("schema", "value", "why"),
    [
        ({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}, {}, "too long"),
        ({"properties": {"x": {"$ref": "http://127.0.0.1:9/x.json"}}}, {"x": 1}, "not in it"),
        ({"properties": {"x": {"$ref": "file:///etc/passwd"}}}, {"x": 1}, "not in it"),
        ({"properties": {"x": {"pattern": "^(a+)+$"}}}, {"x": "a" * 60 + "b"}, ""),
        (
            {
                "$defs": {
                    **{f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)},
                    "d40": {},
                },
                "$ref": "#/$defs/d0",
            },
            {},
            "too long",
        ),
    ],
    ids=["circle", "address", "file", "pattern", "doubling"],
)
def test_traps_cost_nothing_and_lead_nowhere(schema: dict[str, Any], value: Any, why: str) -> None:
    found = problem_of(checked_schema(schema), value)
    assert why in found and bool(found) == bool(why)


def test_results_without_end_are_cut_and_masked() -> None:
    parts = [{"type": "text", "text": "secret-value " * 100}] * 300
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    found = result_of(
        {"content": [*parts, 3], "structuredContent": {"a": ["secret-value"] * 9_000, "deep": deep}},
        mask=lambda text: text.replace("secret-value", "•"),
    )
    assert len(found.text) <= 60_000 and "secret" not in found.text + str(found.data)
    assert "101 more parts" in found.note and "not whole" in found.note

"""What a server of the official SDK asks in the middle of a call: a form, answered, declined, cancelled."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent_core.events import ApprovalGiven, ApprovalNeeded, Notice, ToolFinished, TurnFinished
from agent_core.forms import Field, Filled, Form
from agent_core.mcp.client_asking import NoForm, asked_of
from agent_core.mcp.client_clock import CallClock
from tests.agent_core.mcp.conftest import Desk, MakeDesk

SERVER = Path(__file__).parents[2] / "fakes" / "mcp_sdk_server.py"
FORMS: dict[str, Any] = {"forms": {"command": sys.executable, "args": [str(SERVER)]}}


def accept(*values: str | tuple[int, ...]) -> Filled:
    return Filled(action="accept", values=values)


def said(end: ToolFinished | None) -> Any:
    assert end is not None and end.error is None, end
    return json.loads(end.text)


def asks(message: str, properties: Any, *required: str) -> str:
    schema = json.dumps({"type": "object", "properties": properties, "required": list(required)})
    return f"forms__ask '{message}' '{schema}'"


def form_of(at: Desk) -> Form:
    form = at.seen.of(ApprovalNeeded)[-1].form
    assert form is not None
    return form


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not there():
            await asyncio.sleep(0.01)


async def test_a_form_of_the_sdk_is_filled_in(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    end = await at.do("forms__book", accept("Ada", "4", (1,), (0,)))
    content = {"name": "Ada", "people": 4, "kind": "garden", "outside": True}
    assert said(end) == {"action": "accept", "content": content}
    assert form_of(at) == Form(
        asker="forms",
        message="Which table?",
        fields=(
            Field(
                title="Name", kind="text", description="Who it is for", required=True, least=2.0, most=20.0
            ),
            Field(title="People", kind="int", default="2", least=1.0, most=8.0),
            Field(title="Kind", kind="choice", options=("inside", "garden"), chosen=(0,)),
            Field(title="Outside", kind="choice", options=("yes", "no"), chosen=(1,)),
        ),
    )
    given = at.seen.one(ApprovalGiven)
    assert given.decision == "once" and "Ada" not in str(given), "what was typed goes to the server alone"


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_what_is_not_accepted_says_which_it_is(desk: MakeDesk, action: Any) -> None:
    at = desk(user=FORMS)
    end = await at.do("forms__book", Filled(action=action))
    assert said(end) == {"action": action, "content": None}
    assert at.seen.one(ApprovalGiven).decision == "no" and not at.seen.of(Notice)


async def test_titled_and_several_choices_are_sent_by_their_values(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    fields = {
        "size": {
            "type": "string",
            "oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}],
        },
        "old": {"type": "string", "enum": ["a", "b"], "enumNames": ["First", "Second"], "default": "b"},
        "days": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "default": ["tue"],
            "items": {"anyOf": [{"const": "mon", "title": "Monday"}, {"const": "tue", "title": "Tuesday"}]},
        },
        "plain": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
        "share": {"type": "number", "minimum": 0.5, "default": 1.5},
    }
    end = await at.do(asks("Which?", fields, "size", "days"), accept((1,), (1,), (0, 1), (), ""))
    assert said(end)["content"] == {"size": "l", "old": "b", "days": ["mon", "tue"]}
    size, old, days, plain, share = form_of(at).fields
    assert size.options == ("Small", "Large") and size.required and not size.chosen
    assert old.options == ("First", "Second") and old.chosen == (1,)
    assert (days.kind, days.options, days.chosen) == ("choices", ("Monday", "Tuesday"), (1,))
    assert (days.least, days.most) == (1.0, 2.0) and plain.kind == "choices" and share.default == "1.5"


async def test_headless_it_is_declined_at_once_and_told(desk: MakeDesk) -> None:
    at = desk(user=FORMS, interactive=False)
    assert said(await at.do("forms__book")) == {"action": "decline", "content": None}
    (told,) = [notice.message for notice in at.seen.of(Notice)]
    assert told == (
        "The server forms asked for 'Which table?', and nobody can be asked here; it was declined"
    )
    assert not at.seen.of(ApprovalNeeded)
    await at.do("forms__book")
    assert len(at.seen.of(Notice)) == 2, "each call tells it"


async def test_an_address_is_declined_and_shown(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    assert said(await at.do("forms__visit https://example.com/pay?id=7"))["action"] == "decline"
    (told,) = [notice.message for notice in at.seen.of(Notice)]
    assert "forms wants an address to be opened, https://example.com/pay?id=7 (Pay there.); it was" in told
    end = await at.do("forms__sign_in")
    assert end is not None and end.error is not None
    assert "https://example.com/login?id=7" in end.error.message and "call it again" in end.error.hint


async def test_a_cancelled_turn_takes_the_form_away(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    at.session.submit("forms__book")
    await until(lambda: at.seen.of(ApprovalNeeded))
    at.session.cancel()
    await at.session.idle()
    await until(lambda: at.seen.of(ApprovalGiven))
    asked = at.seen.one(ApprovalNeeded)
    assert at.seen.of(TurnFinished)[-1].exit == 130
    assert not at.session.fill(asked.call_id, accept("Ada", "4", (1,), (0,)))
    assert said(await at.do("forms__book", Filled(action="decline")))["action"] == "decline"


async def test_nobody_waits_for_an_answer_for_ever(desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_core.mcp.client_link.CallClock", partial(CallClock, asking_s=0.3))
    at = desk(user=FORMS, mcp_call_timeout=20.0)
    at.session.submit("forms__book")
    await at.session.idle()
    end = at.seen.of(ToolFinished)[-1]
    assert end.error is not None and "Its questions took too long" in end.error.message
    assert at.seen.one(ApprovalGiven).decision == "no"


async def test_an_answer_that_does_not_fit_is_not_sent(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    end = await at.do("forms__book", accept("A", "9", (0,), ()))
    assert said(end)["action"] == "decline"
    assert "the answer is none: the answer does not fit the form" in at.seen.of(Notice)[-1].message


async def test_what_looks_like_a_secret_is_warned_of(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    await at.do(asks("Sign in", {"userPassword": {"type": "string"}}), Filled(action="decline"))
    form = form_of(at)
    assert form.fields[0].secret and "It seems to ask for a secret" in form.warning
    assert at.seen.of(ApprovalNeeded)[-1].reason == form.warning
    await at.do(asks("Give me your API key", {"value": {"type": "string"}}), Filled(action="decline"))
    assert form_of(at).warning and form_of(at).fields[0].secret, "what is typed is hidden"
    await at.do(asks("How many tokens?", {"passengers": {"type": "integer"}}), Filled(action="decline"))
    assert not form_of(at).fields[0].secret


async def test_hostile_texts_are_literal_masked_and_short(desk: MakeDesk) -> None:
    forms = {"forms": {**FORMS["forms"], "env": {"MY_KEY": "very-secret-4711"}}}
    at = desk(user=forms)
    odd = "\x1b[2J\u202ename\n" + "x" * 5_000
    fields = {
        odd[:150]: {"type": "string", "title": odd, "description": "very-secret-4711 " + odd},
        "b": {"type": "string", "enum": ["\x1b[31mred", "\ud83d\ude00"], "default": "\x1b[31mred"},
        "c": {"type": "string", "default": "very-secret-4711", "maxLength": 1e300, "minLength": -3},
    }
    call = json.dumps(
        {"message": "very-secret-4711 " + odd, "schema": {"type": "object", "properties": fields}}
    )
    end = await at.do(
        f"forms__ask {_quoted(call, 'message')} {_quoted(call, 'schema')}", accept("v", (0,), "x")
    )
    assert said(end)["content"] == {odd[:150]: "v", "b": "\x1b[31mred", "c": "x"}
    asked = at.seen.of(ApprovalNeeded)[-1]
    shown = str(asked)
    assert "\x1b" not in shown and "\u202e" not in shown and "4711" not in shown and len(shown) < 4_000
    form = form_of(at)
    assert form.fields[1].options[0] == "red" and form.fields[1].chosen == (0,)
    assert form.fields[2].default == "" and form.fields[2].most is None


def _quoted(call: str, name: str) -> str:
    value: Any = json.loads(call)[name]
    text = value if isinstance(value, str) else json.dumps(value)
    return "'" + text.replace("'", "") + "'"


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({f"f{number}": {"type": "string"} for number in range(17)}, "17 fields"),
        ({"a": {"type": "object", "properties": {}}}, "'a' is no text, number, truth or choice"),
        ({"a": {"type": "array", "items": {"type": "string"}}}, "'a' is no text"),
        ({"a": "text"}, "'a' cannot be shown"),
        ({"a": {"type": "string", "enum": ["x"] * 101}}, "101 options"),
        ({"a": {"type": "string", "enum": []}}, "no option"),
        ({"a": {"type": "string", "oneOf": [{"const": 3}]}}, "no text"),
        ({"a" * 300: {"type": "string"}}, "cannot be shown"),
    ],
)
def test_what_is_no_flat_form_is_none(properties: Any, why: str) -> None:
    params = SimpleNamespace(message="x", requested_schema={"type": "object", "properties": properties})
    with pytest.raises(NoForm) as caught:
        asked_of(params, asker="odd", mask=str)
    assert why in str(caught.value)


async def test_what_is_no_flat_form_is_declined_and_told(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    end = await at.do(asks("Where?", {"place": {"type": "object", "properties": {}}}))
    assert said(end)["action"] == "decline"
    assert "which cannot be asked: its field 'place' is no text" in at.seen.of(Notice)[-1].message


async def test_a_form_without_fields_is_a_question(desk: MakeDesk) -> None:
    at = desk(user=FORMS)
    assert said(await at.do(asks("Go on?", {}), accept())) == {"action": "accept", "content": {}}

"""`window --sent` in words, and as the document that `--export` writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from agent_core.session.saved.sent import SentCall, SentItem
from agent_core.text import one_line, plural, shorten

SCHEMA = "dspy-tui.sent/1"
MOST_SHOWN = 40
"""Calls that are written out on the screen."""
_WIDTH = 74
_ALWAYS = ("system", "question", "tools")
_MOST_PLACES = 6
_PURPOSES = {
    "act": "to look further or answer",
    "choose": "to choose what to look at",
    "answer": "to answer",
    "plan": "to plan",
    "locate": "to name the files of a change",
    "edit": "to write a change",
    "review": "to review a change",
    "commit": "to word a commit",
    "compact": "to sum up the conversation",
}
"""What a call was for, by the `purpose` of its event."""


class Embedder(msgspec.Struct, frozen=True):
    """Who else is sent pieces of the code, and what is searched for: an embedder behind an endpoint."""

    model: str
    host: str
    loopback: bool


Mask = Callable[[str], str]


def document(
    session: str, calls: Sequence[SentCall], embedder: Embedder | None, mask: Mask
) -> dict[str, Any]:
    """What was sent, as plain values; texts are masked once more."""
    return {
        "schema": SCHEMA,
        "session": session,
        "embedder": msgspec.to_builtins(embedder),
        "calls": [_call(call, mask) for call in calls],
    }


def _call(call: SentCall, mask: Mask) -> dict[str, Any]:
    return {
        "at": datetime.fromtimestamp(call.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "turn": call.turn,
        "asked": mask(call.asked),
        "step": call.step,
        "purpose": call.purpose,
        "provider": call.provider,
        "host": call.host,
        "loopback": call.loopback,
        "model": call.model,
        "tokens": call.tokens,
        "counted": call.counted,
        "masked": call.masked,
        "items": [
            {**msgspec.structs.asdict(item), "label": mask(item.label), "places": list(item.places)}
            for item in call.items
        ],
    }


def headline(calls: Sequence[SentCall], embedder: Embedder | None = None) -> str:
    """How much, and how much of it left this machine; what an embedder gets is not counted."""
    away = [call for call in calls if call.loopback is False]
    tokens = sum(call.tokens for call in calls)
    said = f"{plural(len(calls), 'call')}, {tokens:,} tokens; "
    if not away:
        elsewhere = embedder is not None and not embedder.loopback
        return said + (
            "to another machine (!) for vectors alone" if elsewhere else "nothing to another machine"
        )
    hosts = ", ".join(dict.fromkeys(one_line(call.host) for call in away))
    return said + f"{len(away)} to another machine (!): {hosts}"


def lines(calls: Sequence[SentCall], embedder: Embedder | None, mask: Mask) -> list[str]:
    """The calls for people, the newest last: rows that fit a narrow terminal."""
    if not calls:
        rows = ["No language model was called in this session."]
    else:
        rows = [headline(calls, embedder) + "."]
        shown = calls[-MOST_SHOWN:]
        if len(shown) < len(calls):
            rows.append(f"The last {len(shown)} of them; `window --sent --export FILE` writes all.")
        turn = ""
        for call in shown:
            if call.turn != turn:
                turn = call.turn
                rows += ["", shorten(f"> {one_line(mask(call.asked))}", _WIDTH)]
            rows += _rows(call, mask)
    if embedder is not None:
        away = "" if embedder.loopback else "! "
        where = f"{one_line(embedder.host)}  {one_line(embedder.model)}"
        rows += [
            "",
            shorten(f"{away}For vectors: {where}", _WIDTH),
            "    pieces of the code, and what is searched for; not listed one by one",
        ]
    return rows


def _rows(call: SentCall, mask: Mask) -> list[str]:
    mark = " " if call.loopback else ("!" if call.loopback is False else "?")
    where = one_line(call.host) or "host not noted"
    tokens = f"{call.counted:,}" if call.counted is not None else f"about {call.tokens:,}"
    masked = f", {plural(call.masked, 'secret')} masked" if call.masked else ""
    head = [
        f"{mark} {_time(call.at)}  {where}  {one_line(call.model)}",
        f"    {_PURPOSES.get(call.purpose, one_line(call.purpose))}: {tokens} tokens{masked}",
    ]
    sizes = {kind: sum(item.tokens for item in call.items if item.kind == kind) for kind in _ALWAYS}
    fixed = [f"{kind} {tokens:,}" for kind, tokens in sizes.items() if tokens]
    rows = [*head, *([f"    {', '.join(fixed)}"] if fixed else [])]
    for item in call.items:
        if item.kind not in _ALWAYS:
            rows += _item_rows(item, mask)
    return [shorten(row, _WIDTH) for row in rows]


def _item_rows(item: SentItem, mask: Mask) -> Iterable[str]:
    masked = f", {item.masked} masked" if item.masked else ""
    size = f" ({item.tokens:,}{masked})"
    yield f"    {item.kind:<7} {shorten(one_line(mask(item.label)), _WIDTH - 12 - len(size))}{size}"
    for place in item.places[:_MOST_PLACES]:
        yield f"            {one_line(place)}"
    if len(item.places) > _MOST_PLACES:
        yield f"            … {len(item.places) - _MOST_PLACES} more"


def _time(at: float) -> str:
    moment = time.localtime(at)
    same_day = time.strftime("%F", moment) == time.strftime("%F")
    return time.strftime("%H:%M:%S" if same_day else "%F %H:%M", moment)

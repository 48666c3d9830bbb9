"""The settings as rows, and one in full: what it is, what it may be, and where its value came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent_core.config import MASK, Config, Origin, Settings
from agent_core.config_said import choices, limits, spelled
from agent_core.config_sources import Field, fields, masked_setting
from agent_core.config_writing import Where, overruled, settable
from agent_core.errors import AgentError
from agent_core.text import cells, one_line, shorten
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import BLANK, Line, Run, wrap

_WHENCE = {
    "flag": "flag",
    "environment": "variable",
    "workspace file": "workspace",
    "user file": "yours",
    "default": "",
}
_NAME = 26
"""Columns for the name, where there is room."""
_FILES = {"user": "your file", "workspace": "the workspace's file"}


class Setting(NamedTuple):
    """A setting as it is now."""

    field: Field
    value: str
    """As it may be shown."""
    origin: Origin

    @property
    def is_own(self) -> bool:
        """Whether somebody has set it."""
        return self.origin.kind != "default"


def settings_of(config: Config) -> list[Setting]:
    """All of them, in the order of the table."""
    return [
        Setting(field, _shown(field, getattr(config.settings, name)), config.origins.get(name, Origin()))
        for name, field in fields().items()
    ]


def wanted(settings: Iterable[Setting], typed: str, *, own: bool) -> list[Setting]:
    """Those that have every typed word in name, description or value; with `own` only those that are set."""
    words = typed.lower().split()
    return [
        one
        for one in settings
        if (not own or one.is_own)
        and all(word in f"{one.field.name} {one.field.description} {one.value}".lower() for word in words)
    ]


def items(settings: Sequence[Setting], width: int) -> list[Item]:
    """A row each: name, value, where it came from."""
    room = min(_NAME, max(12, width // 2))
    return [_item(one, room) for one in settings]


def _item(one: Setting, room: int) -> Item:
    name = shorten(one.field.name, room)
    lead = ((name + " " * (room - cells(name) + 1), "h3" if one.is_own else "", None),)
    whence = _WHENCE[one.origin.kind]
    right = ((whence, "kw", None),) if whence else ()
    return Item(one.value or "–", "mark" if one.is_own else "dim", lead, right, key=one.field.name)


def details(
    one: Setting | None, config: Config, where: Where, trouble: AgentError | None, width: int
) -> list[Line]:
    """One in full; why the last change of it was not made stands first."""
    if one is None:
        return wrap([("No setting has that.", "dim", None)], width)
    field = one.field
    out: list[Line] = []
    if trouble is not None:
        out += [*wrap([("✗ ", "bad", None), (one_line(trouble.message), "bad", None)], width)]
        out += wrap([(one_line(trouble.hint), "hint", None)], width) if trouble.hint else []
        out.append(BLANK)
    out += wrap([(field.name, "h3", None)], width)
    out += [*wrap([(one_line(field.description), "", None)], width), BLANK]
    out += _facts(one, width)
    out += [BLANK, *wrap([(_writes(one, config, where), "hint", None)], width)]
    return out


def _facts(one: Setting, width: int) -> list[Line]:
    field, origin = one.field, one.origin
    said = {
        "is": one.value or "–",
        "from": " ".join(filter(None, (origin.kind, one_line(origin.detail)))),
        "default": "" if field.secret else spelled(getattr(Settings(), field.name)) or "–",
        "one of": ", ".join(choices(field)),
        "limits": "; ".join(limits(field)),
        "variable": field.env,
    }
    room = max(map(len, said)) + 2
    lines: list[Line] = []
    for name, text in said.items():
        if text:
            first: Run = (f"{name:<{room}}", "dim", None)
            run: Run = (one_line(text), "mark" if name == "is" and one.is_own else "", None)
            lines += wrap([run], width, first=[first], rest=[(" " * room, "", None)])
    return lines


def _writes(one: Setting, config: Config, where: Where) -> str:
    """What a change would do."""
    try:
        settable(one.field.name, where)
    except AgentError as error:
        return f"{one_line(error.message)}. {one_line(error.hint)}".strip()
    above = overruled(config, one.field.name, where)
    counts = f"; {one_line(above)} counts instead, as long as it is there" if above else ""
    begins = "It holds from the next start on; theme and symbols at once."
    return f"A change goes into {_FILES[where]}{counts}. {begins}"


def _shown(field: Field, value: object) -> str:
    if field.secret:
        return MASK if value else ""
    return one_line(spelled(masked_setting(field.name, value) if value else value))

"""A form of a server, asked field by field; what looks like a secret is typed without being shown."""

from __future__ import annotations

from agent_core.forms import Field, Filled, Form, Given, problem_in, proposed, wanted
from agent_core.plain import in_words
from agent_core.text import one_line, plural, printable
from tui.plain.lines import Lines

_LEAVE = frozenset({"/decline", "/close"})


class Filling:
    """Asks for each field, shows what was given, and sends it only on a yes."""

    def __init__(self, lines: Lines, form: Form) -> None:
        self._lines, self._form = lines, form

    def ask(self) -> Filled:
        """The answer; raises EOFError and KeyboardInterrupt."""
        form = self._form
        count = plural(len(form.fields), "field") if form.fields else "nothing to fill in"
        self._lines.say(
            [
                f"Question: the server {one_line(form.asker)} asks you, {count}:",
                *(f"  {line}" for line in printable(form.message).split("\n")),
                *([f"Warning: {in_words(one_line(form.warning))}"] if form.warning else []),
                "/decline refuses, /close leaves it open. Nothing is sent before you say yes.",
            ]
        )
        values: list[Given] = []
        for field, offered in zip(form.fields, proposed(form), strict=True):
            given = self._field(field, offered)
            if isinstance(given, Filled):
                return given
            values.append(given)
        self._lines.say(
            [
                f"{one_line(field.title)}: {_shown(field, given)}"
                for field, given in zip(form.fields, values, strict=True)
            ]
        )
        while True:
            typed = self._lines.read("Send it? Answer yes or no. No is the default: ").strip().lower()
            if typed in ("y", "yes"):
                return Filled(action="accept", values=tuple(values))
            if typed in ("", "n", "no", "/decline"):
                return Filled(action="decline")
            if typed == "/close":
                return Filled(action="cancel")
            self._lines.say(["That is none of the answers."])

    def _field(self, field: Field, offered: Given) -> Given | Filled:
        self._lines.say(_asked(field, offered))
        while True:
            prompt = "Nothing of it is shown: " if field.secret and not field.options else "Answer: "
            typed = (
                self._lines.hidden(prompt) if field.secret and not field.options else self._lines.read(prompt)
            )
            if typed.strip().lower() in _LEAVE:
                return Filled(action="decline" if typed.strip().lower() == "/decline" else "cancel")
            given = offered if not typed.strip() else _given(field, typed)
            wrong = problem_in(field, given) if given is not None else _numbers_wanted(field)
            if given is not None and not wrong:
                return given
            self._lines.say([f"{wrong}."])


def _asked(field: Field, offered: Given) -> list[str]:
    needed = "an answer is needed" if field.required else "may be left empty"
    told = ", ".join(part for part in (one_line(field.title), needed, one_line(wanted(field))) if part)
    lines = [f"{told}."]
    if field.description:
        lines.append(f"  {one_line(field.description)}")
    lines += [f"  {number}: {one_line(option)}" for number, option in enumerate(field.options, 1)]
    if field.options:
        lines.append(f"{_numbers_wanted(field)}.")
    if offered and not field.secret:
        lines.append(f"Enter alone takes: {_shown(field, offered)}")
    return lines


def _numbers_wanted(field: Field) -> str:
    return "Type numbers, with spaces between them" if field.kind == "choices" else "Type one number"


def _given(field: Field, typed: str) -> Given | None:
    """What was typed, as the form takes it; None where it can be nothing."""
    if not field.options:
        return typed
    words = typed.replace(",", " ").split()
    if not all(word.isascii() and word.isdigit() for word in words):
        return None
    places = tuple(dict.fromkeys(int(word) - 1 for word in words))
    return places if field.kind == "choices" or len(places) == 1 else None


def _shown(field: Field, given: Given) -> str:
    if isinstance(given, tuple):
        return ", ".join(one_line(field.options[at]) for at in given) or "none"
    if field.secret:
        return "typed, not shown" if given else "empty"
    return one_line(given) or "empty"

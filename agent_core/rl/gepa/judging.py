"""What a reply is worth, 0 to 1, and in words what it lacks: the words are what GEPA learns from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from agent_core.agent.choose import ANSWER, parse_choice, without_thought
from agent_core.agent.citations import check_citations
from agent_core.agent.edit.locating import named_in
from agent_core.agent.objects import objects_in
from agent_core.code.terms import analyse
from agent_core.edits.parse import parse_edits
from agent_core.edits.resolve import resolve
from agent_core.events import Hit
from agent_core.llm.port import ToolCall, ToolSpec
from agent_core.rl.gepa.examples import (
    Cites,
    Edits,
    Explains,
    Goal,
    Judges,
    Looks,
    Names,
    Place,
    Plans,
    Tells,
)
from agent_core.rl.gepa.lines import changed_lines, f1
from agent_core.skills.sections import items_of, sections_of
from agent_core.text import plural
from agent_core.workspace import Workspace

_NEAR = 2
"""Lines beside a place that still point to it."""
_LONGEST_ANSWER = 4000
_SUBJECT = 72
_PLAN = ("steps", "commands", "risks", "assumptions")
_LOGS = ("likely cause", "next steps")
_NUMBERS = re.compile(r"\[(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\]")
_VERDICTS = ("does it", "does part of it", "does not")


class Reply(msgspec.Struct, frozen=True):
    """What a model said: its text, and the tools that it called natively."""

    text: str
    calls: tuple[ToolCall, ...] = ()


class Judged(msgspec.Struct, frozen=True):
    """A score from 0 to 1, and what a better reply would have had."""

    score: float
    feedback: str


def judge(goal: Goal, reply: Reply, *, workspace: Workspace, tools: Sequence[ToolSpec]) -> Judged:
    """Score a reply; reads files of the workspace.

    Args:
        goal: What a good reply has.
        reply: The reply.
        workspace: What citations are checked against.
        tools: The tools that the model was offered.
    """
    said = without_thought(reply.text).strip()
    if not said and not reply.calls:
        return Judged(0.0, "The reply is empty.")
    match goal:
        case Cites():
            return _cites(goal, said, workspace)
        case Looks():
            return _looks(goal, said, reply.calls, tools, workspace)
        case Names():
            return _names(goal, said)
        case Edits():
            return _edits(goal, said)
        case Plans():
            return _plans(goal, said, workspace)
        case Tells():
            return _tells(goal, said)
        case Judges():
            return _judges(goal, said)
        case Explains():
            return _explains(goal, said, workspace)


def _total(parts: Sequence[tuple[float, bool | float, str]]) -> Judged:
    """The sum of what was reached of each part, and what is missing of those that were not reached whole."""
    score = sum(weight * float(reached) for weight, reached, _ in parts)
    missing = [said for _, reached, said in parts if float(reached) < 1.0 and said]
    return Judged(round(min(1.0, score), 6), " ".join(missing) or "This is a good reply.")


def _cites(goal: Cites, text: str, workspace: Workspace) -> Judged:
    good, bad = check_citations(text, workspace)
    wanted = ", ".join(f"{place.path}:{place.start}-{place.end}" for place in goal.places[:3])
    if not good and not bad:
        named = any(place.path in text for place in goal.places)
        said = "It names a file without a line." if named else "It cites no place."
        return Judged(0.2 if named else 0.0, f"{said} Expected a citation as `path:line` within {wanted}.")
    found = any(_within(hit, place, _NEAR) for hit in good for place in goal.places)
    on_it = sum(any(hit.path == place.path for place in goal.places) for hit in good)
    unseen = [hit for hit in good if not any(_within(hit, place) for place in goal.shown)]
    return _total(
        (
            (0.5, 1.0 if found else 0.4 * bool(on_it), f"It does not cite what was asked for: {wanted}."),
            (0.2, on_it / max(1, len(good)), "It cites places that have nothing to do with the question."),
            (0.15, not bad, f"It cites what does not exist: {', '.join(bad[:3])}."),
            (0.1, not unseen, "It cites lines that were not shown."),
            (0.05, len(text) <= _LONGEST_ANSWER, "It is too long: a few sentences are enough."),
        )
    )


def _within(hit: Hit, place: Place, near: int = 0) -> bool:
    return hit.path == place.path and hit.start <= place.end + near and hit.end >= place.start - near


def _looks(
    goal: Looks, text: str, calls: Sequence[ToolCall], tools: Sequence[ToolSpec], workspace: Workspace
) -> Judged:
    name, arguments = _choice(text, calls, tools)
    if not name:
        if (
            goal.shown
            and goal.native
            and any(hit.path == goal.path for hit in check_citations(text, workspace)[0])
        ):
            return Judged(1.0, "This is a good reply: what was shown is enough.")
        if goal.shown and goal.path in text:
            form = "cite it as `path:line`" if goal.native else "say so in the form that was asked for"
            return Judged(0.8, f"The answer stands in what was shown: {form}.")
        return Judged(0.0, "It is neither a tool call nor an answer in the form that was asked for.")
    if name == ANSWER:
        if goal.shown:
            return Judged(1.0, "This is a good reply: what was shown is enough.")
        return Judged(0.1, f"What was shown is not enough to answer: it had to look for {goal.path}.")
    spec = next((tool for tool in tools if tool.name == name), None)
    if spec is None:
        return Judged(0.1, f"There is no tool {name!r}; there are {', '.join(t.name for t in tools)}.")
    if wrong := _wrong(spec, arguments):
        return Judged(0.3, f"The call of {name} is not valid: {wrong}.")
    if goal.shown:
        return Judged(0.5, "What was shown was enough to answer.")
    leads = _leads(goal, arguments)
    how = f"such as grep for {goal.names[0]}" if goal.names else "such as by its name"
    return _total(
        ((0.5, True, ""), (0.5, leads, f"The call is valid but does not lead to {goal.path}, {how}."))
    )


def _choice(text: str, calls: Sequence[ToolCall], tools: Sequence[ToolSpec]) -> tuple[str, dict[str, Any]]:
    if calls:
        from agent_core.llm.dspy_engine import arguments_of

        return calls[0].name, arguments_of(calls[0].arguments)
    choice = parse_choice(text, [tool.name for tool in tools])
    return (choice.name, choice.arguments) if choice is not None and not choice.cut else ("", {})


def _wrong(spec: ToolSpec, arguments: dict[str, Any]) -> str:
    """What is wrong with the arguments of a call, by the schema of the tool; "" for nothing."""
    properties: dict[str, Any] = spec.parameters.get("properties", {})
    missing = [name for name in spec.parameters.get("required", []) if arguments.get(name) in (None, "")]
    if missing:
        return f"it lacks {', '.join(missing)}"
    unknown = [name for name in arguments if name not in properties]
    if unknown:
        return f"it has no argument {', '.join(map(str, unknown[:3]))}"
    return ""


def _leads(goal: Looks, arguments: dict[str, Any]) -> float:
    """Whether a call leads to the file: by its path, by a name in it, or in part by a pattern that it has."""
    said = " ".join(str(value) for value in arguments.values())
    if goal.path in said or any(re.search(rf"\b{re.escape(name)}\b", said) for name in goal.names):
        return 1.0
    words = {word for value in arguments.values() for word in analyse(str(value)).stems}
    return 0.6 if words & set(analyse(goal.text).stems) else 0.0


def _names(goal: Names, text: str) -> Judged:
    named = [path for path in dict.fromkeys(named_in(text)) if path in goal.candidates]
    wanted = ", ".join(goal.files)
    if not named:
        return Judged(0.0, f"It names no file of the list. Expected {wanted}.")
    score = f1(set(named), set(goal.files))
    wrong = [path for path in named if path not in goal.files]
    parts = [f"Expected {wanted}."] if set(goal.files) - set(named) else []
    parts += [f"Not concerned: {', '.join(wrong[:4])}."] if wrong else []
    in_form = any(isinstance(value, dict) and "files" in value for value in objects_in(text))
    parts += [] if in_form else ["It is not the JSON object that was asked for."]
    return Judged(round(0.9 * score + 0.1 * in_form, 6), " ".join(parts) or "This is a good reply.")


def _edits(goal: Edits, text: str) -> Judged:
    parsed = parse_edits(text, known=lambda path: path == goal.path, default=goal.path)
    if not parsed.edits and not parsed.faults:
        return Judged(0.0, "It holds no change in the form that was asked for.")
    before = goal.before.encode()
    resolved = resolve(
        parsed,
        read=lambda path: before if path == goal.path else None,
        files=lambda: [goal.path],
    )
    if not resolved.complete:
        return Judged(0.2, f"Its changes cannot be applied. {resolved.feedback()[:600]}")
    after = next((change.after for change in resolved.changes if change.path == goal.path), None)
    others = [change.path for change in resolved.changes if change.path != goal.path]
    if after is None:
        return Judged(0.3, f"It applies, but changes nothing in {goal.path}.")
    made = changed_lines(goal.before, after.decode("utf-8", "replace"))
    wanted = changed_lines(goal.before, goal.after)
    return _total(
        (
            (0.6, True, ""),
            (0.1, not others, f"It changes what it was not asked to: {', '.join(others[:3])}."),
            (0.3, f1(made, wanted), "It applies, but changes other lines than the task needed."),
        )
    )


def _plans(goal: Plans, text: str, workspace: Workspace) -> Judged:
    found = sections_of(text, _PLAN)
    lacking = [name for name in _PLAN if not items_of(found.get(name, ""))]
    good, bad = check_citations(text, workspace)
    cited = {hit.path for hit in good}
    named = [path for path in goal.files if path in cited or path in text]
    unseen = sorted(cited - set(goal.shown))
    return _total(
        (
            (0.3, 1 - len(lacking) / len(_PLAN), f"It lacks the sections {', '.join(lacking)}."),
            (0.4, len(named) / len(goal.files), f"It does not name {', '.join(goal.files)}."),
            (0.1, any(path in cited for path in goal.files), "Its steps do not cite files as `path:line`."),
            (0.1, not bad, f"It cites what does not exist: {', '.join(bad[:3])}."),
            (0.1, not unseen, f"It names files that were not shown: {', '.join(unseen[:3])}."),
        )
    )


def _tells(goal: Tells, text: str) -> Judged:
    from agent_core.skills.commit import cleaned

    message = cleaned(text)
    subject = text.splitlines()[0].strip()
    if not message:
        return Judged(0.0, "It holds no message.")
    made = set(analyse(message.split("\n", 1)[0]).stems)
    wanted = set(analyse(goal.subject).stems)
    return _total(
        (
            (0.2, len(subject) <= _SUBJECT, f"The first line is longer than {_SUBJECT} characters."),
            (0.1, not subject.endswith(".") and not subject.startswith(("`", "#", '"', "*")), "The first "
             "line is to be plain text without a full stop."),
            (0.1, len(text.splitlines()) <= 6, "It is longer than a message of a commit."),
            (0.6, f1(made, wanted), f"People wrote of this change: {goal.subject}"),
        )
    )  # fmt: skip


def _judges(goal: Judges, text: str) -> Judged:
    said = next((cast("dict[str, Any]", v) for v in objects_in(text) if isinstance(v, dict)), None)
    verdict = said.get("verdict") if said is not None else None
    if verdict not in _VERDICTS:
        return Judged(0.0, f"It has no verdict: one of {', '.join(map(repr, _VERDICTS))} in a JSON object.")
    if goal.accepted:
        score = {"does it": 1.0, "does part of it": 0.5}.get(verdict, 0.1)
        return Judged(score, "" if score == 1 else "The change was accepted as doing what was asked for.")
    score = {"does not": 1.0, "does part of it": 0.4}.get(verdict, 0.1)
    problems = said.get("problems") if said is not None else None
    hint = "" if score == 1 else "The change is not what was asked for."
    if score == 1 and not problems:
        return Judged(0.9, "It names no problem.")
    return Judged(score, hint)


def _explains(goal: Explains, text: str, workspace: Workspace) -> Judged:
    found = sections_of(text, _LOGS)
    lacking = [name for name in _LOGS if not found.get(name, "").strip()]
    cited = {int(number) for match in _NUMBERS.findall(text) for number in re.findall(r"\d+", match)}
    invented = sorted(number for number in cited if not 1 <= number <= goal.count)
    _, bad = check_citations(text, workspace)
    steps = items_of(found.get("next steps", ""))
    grave = ", ".join(f"[{number}]" for number in goal.grave)
    leads = not goal.places or any(place in text for place in goal.places)
    return _total(
        (
            (0.25, 1 - len(lacking) / len(_LOGS), f"It lacks {' and '.join(lacking)}."),
            (0.35, bool(cited & set(goal.grave)), f"It does not cite the events that matter: {grave}."),
            (0.1, not invented, f"It cites events that there are not: {invented[:3]}."),
            (0.1, not bad, f"It cites code that does not exist: {', '.join(bad[:3])}."),
            (0.1, 2 <= len(steps) <= 4, f"It has {plural(len(steps), 'next step')}; two to four are best."),
            (0.1, leads, f"It does not say where in the code to look: {', '.join(goal.places[:2])}."),
        )
    )  # fmt: skip

"""The assistant without a model: rules choose a tool; the answer is what it found, cited, nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from agent_core.agent import intent
from agent_core.agent.gather import search_places
from agent_core.agent.markdown import MOST_SHOWN, bounded, code_in_line, fenced
from agent_core.agent.port import Answer, TaskInput, TurnPort
from agent_core.agent.routing import Route
from agent_core.code.definition import defined_in
from agent_core.code.roles import role
from agent_core.code.terms import analyse
from agent_core.errors import LogFault, PermissionRefused, ToolError, UsageError, WorkspaceError
from agent_core.events import Hit, TextDelta
from agent_core.llm.select import HOW_TO_GET_A_MODEL
from agent_core.logs.api import KeyEvent
from agent_core.logs.saying import described
from agent_core.masking import masker
from agent_core.text import one_line, plural, printable
from agent_core.tools.base import ToolResult

_MOST_LINES = 12
_MOST_PLACES = 5
_WIDTH = 400


async def respond_without_model(
    task: TaskInput, turn: TurnPort, *, why: str = "", change: bool = False
) -> Answer:
    """Answer a task with what the tools and a search find, and say that no model answers.

    Args:
        task: What was asked.
        turn: The turn it happens in.
        why: Why there is no model, where more is known than that none is configured.
        change: Whether a change is asked for.
    """
    return await _Assistant(task, turn, why, change=change).answer()


class _Assistant:
    def __init__(self, task: TaskInput, turn: TurnPort, why: str, *, change: bool) -> None:
        self._task = task
        self._wants_change = change
        self._turn = turn
        self._why = why
        self._refused = False
        self._mask = masker(turn.settings)
        self._parts: list[str] = []
        self._cited: list[Hit] = []

    async def answer(self) -> Answer:
        if self._wants_change:
            self._say(
                "A change was asked for, and **nothing was changed**: that takes a language model. "
                "These places have to do with it."
            )
            await self._places()
        elif self._task.mentions:
            log = intent.log_named(self._task.text, self._task.mentions)
            for mention in self._task.mentions:
                if mention.path == log:
                    await self._logs({"source": [log], **intent.since_of(self._task.text)})
                else:
                    await self._file({"path": mention.path, "start": mention.start, "end": mention.end})
        else:
            await self._routed(intent.route(self._task.text))
        self._say(f"{self._reason()} To get one: {HOW_TO_GET_A_MODEL} `/model` shows and switches it.")
        return Answer(
            text="".join(self._parts),
            citations=tuple(self._cited),
            stop_reason="unchanged" if self._wants_change else "no-model",
        )

    def _reason(self) -> str:
        if self._turn.settings.provider == "none":
            return (
                "No language model is in use (`provider` is `none`); this was put together by search alone."
            )
        if self._why:
            return f"No language model answers ({self._why}); this was put together by search alone."
        return "No language model is configured; this was put together by search alone."

    async def _routed(self, found: Route) -> None:
        arguments = found.arguments
        match found.purpose:
            case "grep":
                await self._lines(arguments)
            case "tree":
                await self._tree(arguments)
            case "cat":
                await self._file(arguments)
            case "diff":
                await self._diff()
            case "plan":
                self._say(
                    "A plan takes a language model. What a search can tell is where the work would begin:"
                )
                await self._places()
            case "overview":
                await self._overview()
            case "ctx":
                await self._logs(arguments)
            case "search":
                await self._places()

    def _say(self, text: str) -> None:
        """Add a paragraph to the answer."""
        text = printable(f"\n\n{text}" if self._parts else text)
        self._parts.append(text)
        self._turn.publish(TextDelta(turn_id=self._turn.turn_id, text=text))

    async def _call(self, name: str, arguments: dict[str, Any]) -> ToolResult | None:
        """A tool's result; None, and a sentence, when it cannot do its work."""
        tool = self._turn.registry.get(name)
        if tool is None:
            return None
        known = {field.name for field in msgspec.structs.fields(tool.args_type)}
        given = {key: value for key, value in arguments.items() if key in known and value is not None}
        try:
            args = msgspec.convert(given, tool.args_type)
        except msgspec.ValidationError as error:
            self._say(f"`{name}` cannot be asked for that: {error}.")
            return None
        try:
            return await self._turn.call_tool(name, args)
        except (ToolError, LogFault, UsageError, WorkspaceError, PermissionRefused) as error:
            self._refused = self._refused or isinstance(error, PermissionRefused)
            self._say(f"`{name}` could not do it: {error.message}." + f" {error.hint}" * bool(error.hint))
        return None

    # ---- by exact text

    async def _lines(self, arguments: dict[str, Any]) -> None:
        pattern: str = arguments["pattern"]
        result = await self._call("grep", {"literal": True, "ignore_case": pattern.islower(), **arguments})
        shown = f"`{pattern}`" if "`" not in pattern else pattern
        if result is None or not result.hits:
            if result is not None:
                self._say(f"{shown} occurs nowhere in {arguments.get('path', 'this workspace')}.")
            await self._places()
            return
        hits = sorted(result.hits, key=_importance)[:_MOST_LINES]
        self._cited += hits
        files = len({hit.path for hit in result.hits})
        lines = "\n".join(
            f"- `{one_line(hit.path)}:{hit.start}`: {code_in_line(self._mask(hit.text))}" for hit in hits
        )
        self._say(
            f"{shown} occurs in {plural(len(result.hits), 'line')} of {plural(files, 'file')}:\n\n{lines}"
        )
        left = len(result.hits) - len(hits)
        if left > 0 or result.note:
            parts = [f"{left:,} more lines are not listed" if left > 0 else "", result.note]
            self._say(f"({'; '.join(filter(None, parts))})")

    # ---- by path

    async def _tree(self, arguments: dict[str, Any]) -> None:
        result = await self._call("tree", {"depth": 2, **arguments})
        if result is None:
            await self._places()
            return
        self._say(f"{result.summary}:\n\n{fenced(bounded(result.text))}")

    async def _logs(self, arguments: dict[str, Any]) -> None:
        """What stands out in the logs, and, where none of that leads into the code, what a search finds."""
        result = await self._call("ctx", {"limit": _MOST_PLACES, **arguments})
        events = msgspec.convert(result.data["events"], tuple[KeyEvent, ...]) if result else ()
        if result is not None and not events:
            self._say(
                "No logs were found."
                if not result.data["sources"]
                else f"{result.summary[:1].upper() + result.summary[1:]}."
            )
        if result is not None and events:
            self._cited += result.hits
            self._say(f"What stands out in the logs ({result.summary}):")
            for number, event in enumerate(events, 1):
                self._say(f"{number}. {described(event)}\n\n{fenced(self._mask(event.text))}")
        if result is not None and result.note:
            self._say(f"({result.note})")
        if not any(event.places for event in events):
            await self._places()

    async def _overview(self) -> None:
        """What the project is by its facts; without those, its README and what lies at its top."""
        result = await self._call("codectx", {})
        if result is not None:
            from agent_core.codectx.portrait import paragraphs

            self._cited += result.hits
            for paragraph in paragraphs(result.data):
                self._say(paragraph)
            return
        entries = await asyncio.to_thread(self._turn.workspace.list_dir)
        readme = next((entry for entry in entries if entry.name.lower().startswith("readme")), None)
        if readme is not None and not readme.is_dir:
            await self._file({"path": readme.path, "end": 25})
        await self._tree({"depth": 1})

    async def _file(self, arguments: dict[str, Any]) -> None:
        result = await self._call("cat", arguments)
        if result is None:
            await self._places()
            return
        if not result.hits:
            self._say(f"{result.summary}.")
            return
        found = result.hits[0]
        shown = one_line(found.path)
        lines = [self._mask(line)[:_WIDTH] for line in found.text.split("\n")]
        end = found.start + min(len(lines), MOST_SHOWN) - 1
        text = "\n".join(lines[:MOST_SHOWN])
        self._cited.append(Hit(found.path, found.start, end, why="asked for", text=text))
        self._say(f"`{shown}:{found.start}-{end}`\n\n{fenced(text, found.path)}")
        total = result.data.get("total")
        if total and total > end and (arguments.get("end") is None or len(lines) > MOST_SHOWN):
            self._say(f"(The file has {total:,} lines; `/cat {shown}` shows all.)")

    async def _diff(self) -> None:
        result = await self._call("diff", {})
        if result is not None:
            body = (
                f":\n\n{fenced(bounded(self._mask(result.text)), 'x.diff')}" if result.text.strip() else "."
            )
            self._say(result.summary.rstrip(".") + body)

    # ---- by what it is about

    async def _places(self) -> None:
        if self._refused:
            return  # a search would show what a rule keeps back
        hits = await search_places(self._task, self._turn, self._mask)
        query = analyse(self._task.text)
        terms = list(query.stems)
        if not hits:
            about = ", ".join(f"`{query.words.get(term, term)}`" for term in terms[:6]) or "it"
            self._say(f"Nothing in this workspace speaks of {about}.")
            return
        best = [hit for hit in hits if hit.score >= hits[0].score * 0.35][:_MOST_PLACES]
        self._say("Best matches, best first:")
        head = _head_lines(len(best))
        for number, (hit, height) in enumerate(zip(best, head, strict=True), 1):
            shown = _excerpt(_from_definition(hit, query.identifiers), terms, height)
            self._cited.append(shown)
            self._say(
                f"{number}. `{one_line(shown.path)}:{shown.start}-{shown.end}` {shown.why}\n\n"
                f"{fenced(shown.text, hit.path)}"
            )


def _importance(hit: Hit) -> tuple[int, int, str, int]:
    """Definitions before uses, product code before tests and documents, then by place."""
    roles = ("source", "test", "data", "document", "log", "generated")
    return (defined_in(hit.text) is None, roles.index(role(hit.path)), hit.path, hit.start)


def _head_lines(places: int) -> list[int]:
    """How many lines of each place are shown: the best one at length."""
    return [20, *([10] * (places - 1))] if places > 1 else [MOST_SHOWN]


def _from_definition(hit: Hit, names: tuple[str, ...]) -> Hit:
    """The place from the line on that defines one of the names that were asked for."""
    wanted = {name.rpartition(".")[2].lower() for name in names}
    lines = hit.text.split("\n")
    for number, line in enumerate(lines):
        if (defined_in(line) or "").lower() in wanted:
            return msgspec.structs.replace(hit, start=hit.start + number, text="\n".join(lines[number:]))
    return hit


def _excerpt(hit: Hit, terms: list[str], height: int) -> Hit:
    """The `height` lines of a place that say most, beginning with a line that does."""
    lines = hit.text.split("\n")
    if len(lines) <= height:
        return hit
    weights = [_weight(line, terms) for line in lines]
    starts = [index for index, weight in enumerate(weights) if weight] or [0]
    first = max(starts, key=lambda index: (sum(weights[index : index + height]), -index))
    first = min(first, len(lines) - height)
    text = "\n".join(lines[first : first + height])
    return msgspec.structs.replace(
        hit, start=hit.start + first, end=hit.start + first + height - 1, text=text
    )


def _weight(line: str, terms: list[str]) -> int:
    lowered = line.lower()
    found = sum(term in lowered for term in terms)
    return found * (1 if defined_in(line) is None else 3)

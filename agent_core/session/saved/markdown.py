"""A conversation as Markdown: prompts, answers, and what tools did, folded behind their command lines."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterable

from agent_core.checkpoints.saying import changed_in_short
from agent_core.events import (
    ApprovalNeeded,
    ChecksFinished,
    Notice,
    ReasoningDelta,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
    WorkspaceChanged,
)
from agent_core.session.saved.model import Loaded, Record, is_about_sessions
from agent_core.text import human_duration, one_line, plural, printable

_MARKS = {"answered": "✓", "stopped": "■", "changed": "✎", "verified": "✓"}
_RUN = re.compile("`+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_TAG = re.compile(r"(`+).*?(?<!`)\1(?!`)|<(?=[!/?A-Za-z])")


def as_markdown(loaded: Loaded) -> str:
    """The whole conversation; text from tools and models cannot break out of its place."""
    saved = loaded.saved
    rows = [f"# {_plain(saved.title)}", ""]
    facts = [f"- session `{saved.id}`", f"- begun {_when(saved.begun)}, last used {_when(saved.updated)}"]
    if saved.branch:
        facts.append(f"- branch {_code(saved.branch)}")
    if saved.forked_from:
        facts.append(f"- forked from `{saved.forked_from}`")
    facts.append(f"- {plural(saved.turns, 'turn')}, {plural(saved.tokens, 'token')}")
    rows += [*facts, ""]
    rows += _Writer().write(loaded.records)
    return "\n".join(rows).rstrip("\n") + "\n"


class _Writer:
    def __init__(self) -> None:
        self._rows: list[str] = []
        self._answer: list[str] = []
        self._thought: list[str] = []
        self._commands: dict[str, str] = {}
        self._skipped = ""
        self._spoke = False

    def write(self, records: Iterable[Record]) -> list[str]:
        for at, event in records:
            if isinstance(event, TurnStarted):
                self._skipped = event.turn_id if is_about_sessions(event.text, event.kind) else ""
            if self._skipped and getattr(event, "turn_id", "") == self._skipped:
                continue
            if isinstance(event, TextDelta):
                self._answer.append(event.text)
                self._spoke = True
            elif isinstance(event, ReasoningDelta):
                self._thought.append(event.text)
            else:
                self._other(at, event)
        self._end_texts()
        return self._rows

    def _other(self, at: float, event: object) -> None:
        match event:
            case TurnStarted():
                self._end_texts()
                self._spoke = False
                self._rows += [f"## {_when(at)}", "", _quote(event.text), ""]
            case ToolStarted():
                self._end_texts()
                self._commands[event.call_id] = event.command
            case ToolFinished():
                self._tool(event)
            case ApprovalNeeded():
                for file in event.files:
                    self._rows += _details(f"proposed: {file.path}", _diff(file.before, file.after), "diff")
            case ChecksFinished():
                for report in event.reports:
                    self._rows += [f"- check {_code(report.command)}: **{report.state}**"]
                self._rows.append("")
            case Notice():
                self._rows += [
                    f"> **{event.level}:** {_plain(event.message)} {_plain(event.hint)}".rstrip(),
                    "",
                ]
            case WorkspaceChanged():
                self._rows += [f"> {_plain(changed_in_short(event))}", ""]
            case TurnFinished():
                self._finished(event)
            case _:
                pass

    def _tool(self, event: ToolFinished) -> None:
        command = self._commands.pop(event.call_id, event.name)
        took = human_duration(event.seconds)
        title = f"{command} · {'failed: ' + event.error.message if event.error else event.summary} · {took}"
        is_diff = event.name == "diff" or command.startswith(("!git diff", "!git show"))
        self._rows += _details(title, event.text, "diff" if is_diff else "")

    def _finished(self, event: TurnFinished) -> None:
        if event.text and not self._spoke:
            self._answer.append(event.text)
        self._end_texts()
        reason = f": {_plain(event.reason)}" if event.reason else ""
        parts = [f"{_MARKS[event.outcome]} {event.outcome}{reason}", *_usage(event.usage)]
        self._rows += [f"*{' · '.join([*parts, human_duration(event.seconds)])}*", ""]
        if event.error and event.error.hint:
            self._rows += [f"> {_plain(event.error.hint)}", ""]

    def _end_texts(self) -> None:
        if thought := "".join(self._thought).strip():
            self._rows += _details("reasoning", thought, "")
        if answer := "".join(self._answer).strip():
            self._rows += [*_answer(answer), ""]
        self._thought.clear()
        self._answer.clear()


def _answer(text: str) -> list[str]:
    """A model's Markdown as it is, but for tags, and with an end for code that was cut off."""
    rows: list[str] = []
    fence = ""
    for line in printable(text).split("\n"):
        found = _FENCE.match(line)
        if fence:
            ends = found is not None and found[1].startswith(fence) and not found[2].strip()
            fence = "" if ends else fence
            rows.append(line)
        elif found is not None and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            rows.append(line)
        else:
            rows.append(_TAG.sub(lambda match: match[0] if match[1] else "&lt;", line))
    return [*rows, fence] if fence else rows


def _usage(usage: Usage) -> list[str]:
    if not (usage.prompt_tokens or usage.completion_tokens):
        return []
    about = "about " if usage.estimated else ""
    cost = [f"${usage.cost_usd:.4f}"] if usage.cost_usd is not None else []
    return [f"{about}{usage.prompt_tokens:,} → {usage.completion_tokens:,} tokens", *cost]


def _details(title: str, text: str, language: str) -> list[str]:
    body = printable(text).strip("\n") or "(nothing)"
    fence = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(body)), default=0))
    summary = f"<summary><code>{html.escape(one_line(title))}</code></summary>"
    return ["<details>", summary, "", f"{fence}{language}", body, fence, "", "</details>", ""]


def _diff(before: str | None, after: str | None) -> str:
    from difflib import unified_diff

    old, new = ((text or "").splitlines() for text in (before, after))
    return "\n".join(unified_diff(old, new, lineterm="", n=3))


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in html.escape(printable(text), quote=False).split("\n"))


def _plain(text: str) -> str:
    """Words in the middle of Markdown, with nothing in them that means anything there."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", one_line(text))


def _code(text: str) -> str:
    return f"<code>{html.escape(one_line(text))}</code>"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))

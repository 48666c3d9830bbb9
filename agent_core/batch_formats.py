"""The formats of a headless run: text, one JSON document, or the event stream as JSON lines."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Protocol, cast

import msgspec

from agent_core.checkpoints.saying import changed_in_short
from agent_core.errors import ErrorInfo
from agent_core.events import (
    Event,
    Notice,
    Outcome,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    ToolSuggested,
    TurnFinished,
    TurnStarted,
    WorkspaceChanged,
)
from agent_core.output import Writer
from agent_core.plain import in_words, is_wanted
from agent_core.rl.saying import suggested
from agent_core.text import human_duration, one_line, printable

SCHEMA = "dspy-tui.batch/1"
_encoder = msgspec.json.Encoder()
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one command, as the JSON document holds it."""

    command: str
    outcome: Outcome
    exit: int
    data: dict[str, Any]
    error: ErrorInfo | None
    seconds: float

    @classmethod
    def of(
        cls,
        command: str,
        end: TurnFinished,
        *,
        tool: ToolFinished | None,
        tools: list[str],
        suggested: ToolSuggested | None = None,
    ) -> BatchResult:
        """The result of a turn; `tool` is what a command ran, None for a question or a task, of which
        `tools` are the commands that ran and `suggested` is what was suggested before."""
        data: dict[str, Any]
        if tool is not None:
            data = {**tool.data, **end.data, "tool": tool.name, "summary": tool.summary, "text": tool.text}
        elif end.text or end.data or tools:
            data = {**end.data, "text": end.text, "tools": tools, "usage": msgspec.to_builtins(end.usage)}
            data["suggested"] = msgspec.to_builtins(suggested.suggestion) if suggested else None
        else:
            data = {}
        return cls(
            command=command,
            outcome=end.outcome,
            exit=end.exit,
            data=data,
            error=end.error,
            seconds=round(end.seconds, 6),
        )


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one JSON document of a run; `error` is why nothing was begun, and there only then."""

    schema: str
    results: list[BatchResult]
    error: ErrorInfo | None = None


def to_json(value: Any) -> bytes:
    """JSON that draws nothing on a terminal; bytes that were not text become `�`."""
    try:
        encoded = _encoder.encode(value)
    except UnicodeEncodeError:
        encoded = _encoder.encode(_without_surrogates(msgspec.to_builtins(value)))
    return _CONTROLS.sub(lambda match: b"\\u00%02x" % match[0][-1], encoded)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        items = cast(dict[Any, Any], value)
        return {_without_surrogates(key): _without_surrogates(item) for key, item in items.items()}
    if isinstance(value, list | tuple):
        parts = cast(Sequence[Any], value)
        return [_without_surrogates(part) for part in parts]
    return value


class Front(Protocol):
    """Writes what happens in a run."""

    @property
    def write(self) -> Callable[[str], Awaitable[None]] | None:
        """Takes the whole result of a command as it is found; None where the bounded one will do."""
        ...

    def event(self, event: Event) -> None:
        """Something happened."""
        ...

    def result(self, result: BatchResult) -> None:
        """A command ended."""
        ...

    def failed(self, error: ErrorInfo) -> None:
        """Nothing was begun, or not all that was to be run."""
        ...

    def close(self) -> None:
        """The run ended, however it did."""
        ...


class JsonFront:
    """One document, written at the end, whatever happens."""

    write = None

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._results: list[BatchResult] = []
        self._error: ErrorInfo | None = None

    def event(self, event: Event) -> None:
        """Show notices on standard error."""
        diagnose_notice(self._writer, event)

    def result(self, result: BatchResult) -> None:
        """Keep it for the document."""
        self._results.append(result)
        diagnose_error(self._writer, result.error)

    def failed(self, error: ErrorInfo) -> None:
        """Keep it for the document."""
        self._error = error

    def close(self) -> None:
        """Write the document."""
        self._writer.out(to_json(Document(SCHEMA, self._results, self._error)) + b"\n")


class JsonLinesFront:
    """Every event as a line, as it happens."""

    write = None

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def event(self, event: Event) -> None:
        """Write it."""
        self._writer.out(to_json(event) + b"\n")
        diagnose_notice(self._writer, event)

    def result(self, result: BatchResult) -> None:
        """Say what went wrong, on standard error."""
        diagnose_error(self._writer, result.error)

    def failed(self, error: ErrorInfo) -> None:
        """Standard error says it."""

    def close(self) -> None:
        """Nothing is held back."""


class Words(Protocol):
    """Says in words what marks and columns say else: for screen readers and braille."""

    def started(self, event: ToolStarted) -> str:
        """What a tool begins with."""
        ...

    def result(self, event: ToolFinished, command: str) -> str:
        """What a command found; `command` is the line that it is of."""
        ...

    def piece(self, name: str, text: str) -> str:
        """A piece of what it found, as it comes."""
        ...


class TextFront:
    """Results as text: answers as they stream, what commands found when they end.

    Args:
        writer: Where they go.
        several: Whether each command is named before its result.
        quiet: Whether how far a command is stays untold.
        words: Says everything without symbols, where that is wanted.
    """

    _MARK: ClassVar[str] = "· "

    def __init__(
        self, writer: Writer, *, several: bool, quiet: bool = False, words: Words | None = None
    ) -> None:
        self._writer = writer
        self.words = words
        self._ran = ToolStarted(turn_id="", call_id="", name="", command="", action="read")
        self._quiet = quiet
        self._several = several
        self._is_task = False
        self._line_open = False
        self._written = False
        self._said = ""

    async def write(self, text: str) -> None:
        """A piece of a command's whole result, instead of the bounded one in its end."""
        self._written = True
        self._out(self.words.piece(self._ran.name, text) if self.words else text)
        await self._writer.room()

    def event(self, event: Event) -> None:
        """Write the part of it that is a result, and tell the rest on standard error."""
        match event:
            case TurnStarted():
                self._is_task, self._written, self._said = event.kind == "task", False, ""
                if self._several:
                    self._writer.diagnose(f"> {one_line(event.text)}")
            case TextDelta():
                if self._written and not self._said:
                    self._out("\n")  # what a model says of a result stands below it
                self._said += event.text
                self._out(printable(event.text))
            case ToolSuggested():
                self._aside(suggested(event.suggestion))
            case ToolStarted():
                self._ran = event
                if self._is_task:
                    self._aside(self.words.started(event) if self.words else one_line(event.command))
            case ToolProgress() if not (self._is_task or self._quiet):
                self._progress(event.text)
            case ToolFinished():
                self._finished(event)
            case TurnFinished():
                self._end_line()
                self._tell_how_sure(event)
            case WorkspaceChanged():
                self._end_line()
                self._writer.diagnose(f"dspy-tui: {changed_in_short(event)}")
            case _:
                diagnose_notice(self._writer, event)

    def result(self, result: BatchResult) -> None:
        """Say what went wrong, on standard error."""
        diagnose_error(self._writer, result.error)

    def failed(self, error: ErrorInfo) -> None:
        """Standard error says it."""

    def close(self) -> None:
        """Nothing is held back."""

    def _finished(self, event: ToolFinished) -> None:
        if self._is_task:
            took = human_duration(event.seconds)
            self._aside(f"{one_line(event.summary)} ({took})")
        elif self._written:
            self._end_line()
        elif event.text and event.text.strip() != self._said.strip():
            if self._said:  # what a model said of the result came before it
                self._end_line()
                self._out("\n")
            self._out(self.words.result(event, self._ran.command) if self.words else printable(event.text))
            self._end_line()

    def _tell_how_sure(self, event: TurnFinished) -> None:
        """Of a task that changed files: what verified that, or that nothing did."""
        if self._is_task and event.outcome in ("changed", "verified"):
            how = "verified" if event.outcome == "verified" else "not verified"
            self._writer.diagnose(f"dspy-tui: {how}: {one_line(event.reason) or 'nothing checked it'}")

    def _aside(self, line: str) -> None:
        """What goes on behind an answer."""
        self._writer.diagnose(in_words(line) if self.words else f"{self._MARK}{line}")

    def _progress(self, text: str) -> None:
        for line in printable(text).splitlines():
            self._writer.diagnose(line)

    def _out(self, text: str) -> None:
        if text:
            self._writer.out(text.encode("utf-8", "replace"))
            self._line_open = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._line_open:
            self._writer.out(b"\n")
            self._line_open = False


def diagnose_notice(writer: Writer, event: Event) -> None:
    """A notice, on standard error."""
    if isinstance(event, Notice):
        writer.diagnose(f"dspy-tui: {event.level}: {one_line(event.message)}")
        if event.hint:
            writer.diagnose(f"  {one_line(event.hint)}")


def diagnose_error(writer: Writer, error: ErrorInfo | None) -> None:
    """An error and its next step, on standard error."""
    if error is not None:
        for line in error_lines(error):
            writer.diagnose(line)


def error_lines(error: ErrorInfo) -> list[str]:
    """An error as people read it."""
    lines = [f"dspy-tui: {one_line(error.message)}"]
    if error.hint:
        lines.append(f"  {one_line(error.hint)}")
    return list(map(in_words, lines)) if is_wanted(os.environ) else lines

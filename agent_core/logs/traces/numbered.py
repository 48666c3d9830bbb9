"""Stacks of Dart and Elixir, whose frames are one line each under a message."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"(?m)^#\d{1,5}\s{2,}[^\n(]{1,300} \((?:file|dart|package):"
    r"|^\s{2,12}(?:\([a-z_]\w{0,60} [\w.-]{1,30}\) )?[\w/.-]{1,300}\.(?:exs?|erl|eex):\d{1,7}: "
)
_DART = re.compile(
    r"#\d{1,5}\s+(?P<function>.{1,300}?) "
    r"\((?P<path>(?:file|dart|package|https?):.{1,400}?)(?::(?P<line>\d{1,7}))?(?::\d{1,5})?\)\s*$"
)
_ELIXIR = re.compile(
    r"\s+(?:\((?P<app>[a-z_]\w{0,60})(?: [\w.-]{1,30})?\) )?"
    r"(?P<path>[\w/.-]{1,300}\.(?:exs?|erl|eex|heex|leex)):(?P<line>\d{1,7}): (?P<function>.*)$"
)
_RAISED = re.compile(r"(?P<lead>.{0,300}?)\*\* \((?P<kind>[\w.]{1,200})\) ?(?P<message>.*)$")
_KIND = re.compile(r"(?P<kind>[A-Z_]\w{0,100}(?:Error|Exception)|Exception|Error)(?:: (?P<message>.*)|$)")
_UNHANDLED = re.compile(r".{0,200}(?:Unhandled [Ee]xception|Uncaught Error):\s*$")
_NOISE = re.compile(r"<asynchronous suspension>|When the exception was thrown, this was the stack")
_BEAM_APPS = """
    elixir stdlib kernel logger mix ex_unit phoenix phoenix_live_view plug plug_cowboy cowboy ranch bandit
    thousand_island ecto ecto_sql db_connection postgrex oban jason tesla finch mint telemetry absinthe
"""
_BEAM = frozenset(_BEAM_APPS.split())


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("dart")
    pending: list[str] = []
    for line in lines:
        if match := _DART.match(line):
            _head(draft, pending)
            path = match["path"]
            draft.frame(_frame(path, match["line"], match["function"], library_of(path), line))
        elif match := _ELIXIR.match(line):
            draft.language = "elixir"
            _head(draft, pending)
            app = match["app"] or ""
            library = app if app in _BEAM else library_of(match["path"])
            draft.frame(_frame(match["path"], match["line"], match["function"], library, line))
        elif line.strip() and not _NOISE.match(line):
            pending.append(line.strip())
    if draft.faults:
        for text in pending:
            draft.faults[-1].note(text)
    return draft.trace(size), draft.understood


def _frame(path: str, line: str | None, function: str, library: str, text: str) -> Frame:
    return Frame(path=path, line=int(line or 0), function=function, library=library, text=text.strip())


def _head(draft: Draft, pending: list[str]) -> None:
    """Take the lines before a frame as the head of a fault, and what goes on with it."""
    if not pending or (draft.faults and not any(map(_RAISED.match, pending))):
        for text in pending:
            draft.faults[-1].note(text)
        pending.clear()
        return
    raised = [number for number, text in enumerate(pending) if _RAISED.match(text) or _KIND.match(text)]
    unhandled = [number + 1 for number, text in enumerate(pending[:-1]) if _UNHANDLED.match(text)]
    at = min(raised or unhandled or [len(pending) - 1])
    draft.lead.extend(pending[:at])
    text = pending[at]
    match = _RAISED.match(text) or _KIND.match(text)
    kind, message = (match["kind"], match["message"] or "") if match is not None else ("", text)
    fault = draft.fault(kind, message, text, "cause" if draft.faults else "")
    for more in pending[at + 1 :]:
        fault.continued(more)
    pending.clear()

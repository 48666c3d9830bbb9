"""Exceptions of .NET, with inner exceptions and the separators of asynchronous code; Mono's form, too."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft, DraftFault
from agent_core.logs.traces.library import library_of, library_of_name
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"""(?mx)
      ^\s{1,20}at[ ][^\n]{1,1500}[ ]in[ ][^\n]{1,500}:(?:line[ ])?\d+\s*$
    | ^\s{1,20}at[ ][\w.<>`+\[\],]{1,400}\.[\w<>`|.]{1,200}[ ]?\(
    | ---[ ]End[ ]of[ ] | ^[ ]--->[ ]
    """
)
_FRAME = re.compile(
    r"\s*at (?P<name>[^\s(]{1,600})(?P<gap> ?)(?P<arguments>\([^:]{0,2000}?\))(?: \[0x[0-9a-f]+\])?"
    r"(?: in (?P<place>(?P<path>.{1,500}):(?:line )?(?P<line>\d{1,7})))?\s*$"
)
_INNER = re.compile(r"\s*---> (?:\(Inner Exception #\d+\) )?(?P<rest>.*)$")
_END = re.compile(r"\s*--- End of inner exception|.*<---\s*$")
_SEPARATOR = re.compile(r"\s*--- End of stack trace")
_HEAD = re.compile(
    r"(?P<lead>.{0,300}?)(?P<kind>(?:[A-Za-z_]\w{0,80}\.){1,12}\w{0,100}|\w{0,80}(?:Exception|Error))"
    r"(?: \(0x[0-9A-F]+\))?: (?P<message>.*)$"
)
_LONG = 60


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("csharp")
    open_faults: list[DraftFault] = []
    pending: list[str] = []
    for line in lines:
        if match := _FRAME.match(line):
            _begin(draft, open_faults, pending)
            if open_faults:
                open_faults[-1].frames.append(_frame(match))
                draft.understood += 1
            else:
                draft.frame(_frame(match))
                open_faults.extend(draft.faults)
        elif _END.match(line):
            _begin(draft, open_faults, pending)
            if len(open_faults) > 1:
                open_faults.pop()
            draft.understood += 1
        elif match := _INNER.match(line):
            _begin(draft, open_faults, pending)
            _fault(draft, open_faults, match["rest"])
        elif _SEPARATOR.match(line):
            draft.understood += 1
        elif line.strip():
            pending.append(line)
    _begin(draft, open_faults, pending)
    return draft.trace(size), draft.understood


def _begin(draft: Draft, open_faults: list[DraftFault], pending: list[str]) -> None:
    """Take in the lines that are no frames: the head of the first fault, what goes on with a message."""
    for number, line in enumerate(pending):
        text = line.strip()
        if open_faults:
            open_faults[-1].further(text)
        elif _HEAD.match(text) or number == len(pending) - 1:
            for part, words in enumerate(text.split(" ---> ")):
                _fault(draft, open_faults, words if part else text.partition(" ---> ")[0])
        else:
            draft.lead.append(text)
    pending.clear()


def _fault(draft: Draft, open_faults: list[DraftFault], words: str) -> None:
    match = _HEAD.match(words)
    kind, message = (match["kind"], match["message"]) if match is not None else ("", words)
    open_faults.append(draft.fault(kind, message, words, "cause" if open_faults else ""))


def _frame(match: re.Match[str]) -> Frame:
    name, path = match["name"], match["path"] or ""
    arguments = match["arguments"] if len(match["arguments"]) <= _LONG else "(…)"
    known = "" if path.startswith("<") else path
    return Frame(
        path=known,
        line=int(match["line"]) if known else 0,
        function=name,
        library=library_of_name(name) or (library_of(known) if known else ""),
        text=f"at {name}{match['gap']}{arguments}" + (f" in {match['place']}" if known else ""),
    )

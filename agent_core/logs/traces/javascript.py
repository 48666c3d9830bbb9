"""Stack traces of JavaScript: Node's, with causes, groups and properties, and the browsers'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft, DraftFault
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Relation, Trace

MARK = re.compile(
    r"""(?mx)
      ^[ \t]{1,40}at[ ](?:[^\n(]{0,200}\()?[^\n()]{1,500}:\d{1,7}(?::\d{1,7})?\)?
    | ^[ \t]{1,40}at[ ][^\n]{0,200}<anonymous>
    | ^[^\n@ ]{0,200}@[^\n ]{1,500}:\d+:\d+$
    | ^Node\.js[ ]v\d | ^node:internal/ | ^\(node:\d+\)
    | ^\S{1,300}:\d+\n[^\n]{0,500}\n\s{0,300}\^
    """
)
_FRAME = re.compile(
    r"""(?x)\s*at[ ](?:
      (?P<function>(?:async[ ]|new[ ])?[^()]{1,200}(?:\[as[ ][^\]]{1,80}\])?)[ ]\((?P<place>.{1,800}?)\)
    | (?P<bare>(?:async[ ])?(?:\[[\w ]{1,40}\])?\S{0,700}?(?::\d{1,7}){1,2}|<anonymous>|native)
    | (?P<name>(?:async[ ]|new[ ])?[\w$.<>\#\[\] ]{1,200}?)
    )(?:,|[ ]\{)?\s*$"""
)
_GECKO = re.compile(
    r"(?P<function>[^@\s]{0,200})@(?P<place>(?:https?|file|webpack|resource|moz-extension)\S{1,600}:\d+:\d+)$"
)
_PLACE = re.compile(r"(?P<path>.{1,700}?)(?::(?P<line>\d{1,7}))?(?::\d{1,7})?$")
_EVAL = re.compile(r"eval at .{0,200}\((?P<place>[^()]{1,400}:\d+:\d+)\)")
_HEAD = re.compile(
    r"""(?x)(?P<lead>.{0,300}?)(?:^|[\s\[(:])
    (?P<kind>[A-Z][\w$.]{0,80}(?:Error|Exception|Rejection|Warning)|Error)(?P<code>[ ]\[[\w.]{1,60}\])?
    (?::[ ](?P<message>.*)|[\]:]?\s*(?:\{\s*)?)$"""
)
_LINK = re.compile(
    r"\s*(?:\[?(?P<link>cause|errors|error|suppressed|originalError|inner)\]?:|[Cc]aused by:) ?(?P<rest>.*)"
)
_RELATIONS: dict[str, Relation] = {"error": "cause", "suppressed": "suppressed"}
_PROPERTY = re.compile(r"\s+(?:\[\w+\]|'?[\w$]{1,60}'?): .*")
_CODE = re.compile(r"\s+'?(?:code|errno|syscall|status|statusCode|sqlState|signal)'?: ")
_WHERE = re.compile(r"(?P<path>(?:file://)?(?:/|[A-Za-z]:[\\/]|node:|\./)[^:\n]{1,500}):(?P<line>\d{1,7})$")
_CARETS = re.compile(r"\s*\^+\s*$")
_NOISE = re.compile(
    r"""(?x)\s*>?\s*\d*[ ]\| | Node\.js[ ]v\d | \(Use[ ]`node[ ]--trace | \s*[\]}]+,?\s*$
    | \s*\[?errors\]?:[ ]\[$ | \s*\[?\.\.\.[ ](?:\d+[ ])?lines[ ]matching"""
)


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("javascript")
    pending: list[str] = []
    thrown: Frame | None = None
    relation: Relation = ""
    for number, line in enumerate(lines):
        frame = _frame(line)
        if frame is not None:
            if pending or not draft.faults:
                _head(draft, pending, relation)
                pending = []
            draft.frame(frame)
        elif not draft.faults and (match := _WHERE.match(line)) and _quotes(lines, number):
            path = match["path"]
            thrown = Frame(path=path, line=int(match["line"]), library=library_of(path), text=line.strip(),
                           source=lines[number + 1].strip())  # fmt: skip
            draft.understood += 3
            pending = []
        elif _NOISE.match(line):
            draft.understood += 1
            if "errors" in line:
                _settle(draft, pending)
                pending, relation = [], "member"
        elif match := _LINK.match(line):
            draft.understood += 1
            _settle(draft, pending)
            pending = []
            _linked(draft, match)
        elif draft.faults and draft.faults[-1].frames and _PROPERTY.match(line) and not _HEAD.match(line):
            last = draft.faults[-1]
            (last.codes if _CODE.match(line) else last.notes).append(line.strip().rstrip(","))
            draft.understood += 1
        elif line.strip() and not _CARETS.match(line) and not (thrown and line.strip() == thrown.source):
            pending.append(line)
    _settle(draft, pending)
    calls = [frame for fault in draft.faults for frame in fault.frames]
    if thrown is not None and draft.faults and not thrown.library and all(call.library for call in calls):
        draft.faults[0].frames.insert(0, thrown)
    return draft.trace(size), draft.understood


def _quotes(lines: Sequence[str], number: int) -> bool:
    """Whether the line of code and the carets under it follow."""
    return any(_CARETS.match(line) for line in lines[number + 2 : number + 5])


def _settle(draft: Draft, pending: list[str]) -> None:
    """Keep lines that no frame followed."""
    if not pending:
        return
    if not draft.faults or any(_HEAD.match(line) and line[:1] != " " for line in pending):
        _head(draft, pending, "")
        return
    for line in pending:
        draft.faults[-1].further(line.strip())


def _head(draft: Draft, pending: list[str], relation: Relation) -> None:
    if draft.faults and not any(_HEAD.match(line) for line in pending):
        for line in pending:
            draft.faults[-1].further(line.strip())
        return
    at = next((n for n, line in enumerate(pending) if _HEAD.match(line)), 0)
    for line in pending[:at]:
        draft.aside(line.strip())
    fault = _fault(draft, pending[at] if pending else "", relation if draft.faults else "")
    for line in pending[at + 1 :]:
        fault.continued(line.strip())


def _fault(draft: Draft, line: str, relation: Relation, text: str = "") -> DraftFault:
    text = (text or line).strip().removesuffix("{").rstrip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    match = _HEAD.match(line)
    if match is None:
        return draft.fault("", line.strip(), text, relation)
    message = (match["message"] or "").removesuffix("{").rstrip()
    return draft.fault(match["kind"], message, text, relation)


def _linked(draft: Draft, match: re.Match[str]) -> None:
    rest = match["rest"]
    link = match["link"] or "cause"
    if not rest.strip() or rest.strip() in ("[", "{"):
        return
    if _HEAD.match(rest):
        relation = _RELATIONS.get(link, "cause") if draft.faults else ""
        _fault(draft, rest, relation, f"[{link}]: {rest}")
    elif draft.faults:
        draft.faults[-1].note(match[0].strip().rstrip(","))


def _frame(line: str) -> Frame | None:
    match = _FRAME.match(line)
    if match is None:
        match = _GECKO.match(line.strip())
        return _made(match["function"], match["place"], line) if match is not None else None
    if match["place"] is not None:
        return _made(match["function"], match["place"], line)
    if match["bare"] is not None:
        return _made("", match["bare"].removeprefix("async "), line)
    return Frame(function=match["name"], text=f"at {match['name']}")


def _made(function: str, place: str, line: str) -> Frame:
    evaluated = _EVAL.search(place)
    found = _PLACE.match(evaluated["place"] if evaluated is not None else place)
    path, number = (found["path"], int(found["line"] or 0)) if found is not None else (place, 0)
    text = line.strip().removesuffix(" {").removesuffix(",")
    return Frame(path=path, line=number, function=function, library=library_of(path), text=text)

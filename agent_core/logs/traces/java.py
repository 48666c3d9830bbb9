"""Stack traces of the JVM: Java, Kotlin, Scala; causes, suppressed exceptions, thread dumps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft, DraftFault
from agent_core.logs.traces.library import library_of, library_of_name
from agent_core.logs.traces.model import Frame, Relation, Trace

MARK = re.compile(
    r"^[ \t]{0,40}at [\w.$/@<>-]{1,300}[^\n(]{0,200}\([^\n)]{0,200}\)|^[ \t]{0,20}Caused by: ", re.M
)
_FRAME = re.compile(
    r"""(?x)\s*at[ ](?:[\w.@-]{0,100}/){0,3}
    (?P<class>[\w.$-]{1,300})\.(?P<method>[\w$<>\u0080-\uffff-]{1,200})
    \((?P<where>Native[ ]Method|Unknown[ ]Source(?::\d+)?|<\w{1,40}>
      |[^()\s]{0,200}(?:\.[a-z]{1,6}|:-?\d{1,7}))\)
    (?P<jar>[ ]~?\[[^\]]{1,200}\])?(?:\s.{0,200})?$"""
)
_WHERE = re.compile(r"(?P<file>[^:]{1,200}?)(?::(?P<line>\d{1,7}))?$")
_LINK = re.compile(
    r"\s*(?P<link>Caused by|Suppressed|Wrapped by|Root cause|\[CIRCULAR REFERENCE)\s?: ?(?P<rest>.*)", re.I
)
_RELATIONS: dict[str, Relation] = {"suppressed": "suppressed", "wrapped by": "context"}
_HEADS = tuple(
    re.compile(rf"(?:^|[\s:\"(])(?P<kind>{kind})(?:: (?P<message>.*)|:?\s*)$")
    for kind in (
        r"(?:[a-z_][\w$]{0,60}\.){0,12}[\w$]{0,150}(?:Exception|Error|Throwable|Failure)(?:\$[\w$]{1,80})?",
        r"(?:[a-z_][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,150}",
    )
)
_MORE = re.compile(r"\s*\.\.\. \d+ (?:more|common frames omitted)")
_JAR = re.compile(r"\[(?P<name>[\w.-]{1,150}?)(?:-(?P<version>\d[\w.-]{0,60}))?\.jar")
_LOCKS = re.compile(r"\s+- (?:locked|waiting|parking|eliminated)|\s+java\.lang\.Thread\.State: ")
_DUMP = re.compile(r'"(?P<name>[^"]{1,200})"(?: #\d+)?.{0,300}\b(?:prio=|tid=)')


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("java")
    pending: list[str] = []
    for line in lines:
        if match := _FRAME.match(line):
            if pending or not draft.faults:
                _head(draft, pending)
                pending = []
            draft.frame(_frame(match))
        elif match := _LINK.match(line):
            _place(draft, pending)
            pending = []
            _linked(draft, match, line)
        elif _MORE.match(line) or _LOCKS.match(line):
            draft.understood += 1
            _place(draft, pending)
            pending = []
            if draft.faults and "Thread.State" in line:
                draft.faults[-1].note(line.strip())
        elif line.strip():
            pending.append(line)
    _place(draft, pending)
    return draft.trace(size), draft.understood


def _place(draft: Draft, pending: list[str]) -> None:
    """Keep lines that no frame followed: they go on with the message, or stand alone."""
    if not pending:
        return
    if not draft.faults:
        _head(draft, pending)
        return
    for line in pending:
        draft.faults[-1].further(line.strip())


def _head(draft: Draft, pending: list[str]) -> None:
    """Find the head of a fault among the lines before its first frame."""
    if draft.faults and not draft.faults[-1].frames:
        for line in pending:
            draft.faults[-1].continued(line.strip())
        return
    at = next((n for n, line in enumerate(pending) if _is_head(line)), None)
    if at is None:
        at = max(0, len(pending) - 1)
    for line in pending[:at]:
        draft.aside(line.strip())
    line = pending[at].strip() if pending else ""
    fault = _fault(draft, line, line, "thread" if draft.faults and _DUMP.match(line) else "")
    for line in pending[at + 1 :]:
        fault.continued(line.strip())


def _is_head(line: str) -> bool:
    return _DUMP.match(line) is not None or _named(line) is not None


def _named(words: str) -> re.Match[str] | None:
    """The exception that a line names, and its message."""
    return next((match for head in _HEADS if (match := head.search(words)) is not None), None)


def _fault(draft: Draft, words: str, text: str, relation: Relation) -> DraftFault:
    dump = _DUMP.match(words)
    if dump is not None:
        return draft.fault(dump["name"], "", text, relation)
    match = _named(words)
    if match is None:
        return draft.fault("", words, text, relation)
    return draft.fault(match["kind"], (match["message"] or "").strip(), text, relation)


def _linked(draft: Draft, match: re.Match[str], line: str) -> None:
    link = match["link"].lower()
    if link.startswith("[circ") and draft.faults:
        draft.faults[-1].note(line.strip())
        draft.understood += 1
        return
    fault = _fault(draft, match["rest"], line.strip(), _RELATIONS.get(link, "cause"))
    if not fault.kind:
        kind, _, message = match["rest"].partition(": ")
        fault.kind, fault.message = (kind, message) if " " not in kind else ("", match["rest"])


def _frame(match: re.Match[str]) -> Frame:
    name, method = match["class"], match["method"]
    where = _WHERE.match(match["where"])
    file, line = (where["file"], int(where["line"] or 0)) if where is not None else ("", 0)
    package, _, short = name.rpartition(".")
    path = f"{package.replace('.', '/')}/{file}".lstrip("/") if "." in file else ""
    library = library_of_name(name) or (library_of(path) if path else "") or _jar(match["jar"])
    if not library and (short.startswith(("$Proxy", "GeneratedMethodAccessor")) or file == "<generated>"):
        library = "generated"
    return Frame(
        path=path,
        line=line,
        function=f"{name}.{method}",
        library=library,
        text=f"at {name}.{method}({match['where']})",
    )


def _jar(jar: str | None) -> str:
    """The versioned library that a logger names behind a frame; the program itself has none of that kind."""
    match = _JAR.search(jar) if jar else None
    return match["name"] if match is not None and match["version"] else ""

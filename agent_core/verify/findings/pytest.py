"""pytest: its JUnit report, written to a file, and its own text where there is no report.

The report is asked for rather than a plugin of ours: it exists in every version, needs nothing of ours inside
of the project's interpreter, has each test apart from what was printed, and is not disturbed by the project's
own options for the output. `--tb=short` makes what is in it short, and `xunit1` adds the file of each test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from agent_core.verify.api import Finding, State
from agent_core.verify.findings.model import Parsed, Places, Raw, finding, is_library, unique

_FRAME = re.compile(
    r"(?P<path>[^\s:][^:\n]{0,400}):(?P<line>\d{1,7}): ?(?:in (?P<function>.{1,200})|(?P<kind>[\w.]{0,200}))$"
)
_SYNTAX = re.compile(r'E\s+File "(?P<path>[^"]{1,400})", line (?P<line>\d{1,7})')
_RAISED = re.compile(r"E {2,}(?P<text>\S.*)$")
_HEAD = re.compile(r"_{3,} (?P<title>\S.{0,400}?) _{3,}$")
_BANNER = re.compile(r"={3,} (?P<title>.{1,200}?) ={3,}$")
_SUMMARY = re.compile(r"(?P<how>FAILED|ERROR|SUBFAILED\S*) (?P<id>\S.*?)(?: - (?P<message>.*))?$")
_COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")
_COLLECTING = "collection failure"
_ENDS: dict[int, tuple[State, str]] = {
    2: ("broken", "pytest was interrupted"),
    3: ("broken", "pytest itself broke"),
    4: ("broken", "pytest does not take these arguments, or a path is missing"),
    5: ("broken", "no tests were collected"),
}


def ask(argv: tuple[str, ...], report: str) -> tuple[str, ...]:
    """The call, with a short and whole report into a file, and with all tests that can be collected."""
    options = ("--tb=short", "--color=no", "--continue-on-collection-errors")
    return (*argv, *options, "-o", "junit_family=xunit1", f"--junitxml={report}")


def read(raw: Raw) -> Parsed:
    """The findings of a run: one for each failure of a test, and for each module that cannot be imported."""
    parsed = _read_report(raw.report, raw.places) if raw.report else None
    if parsed is None:
        parsed = read_text(raw.output, raw.places)
    state, note = _ENDS.get(raw.exit or 0, (None, ""))
    if state is not None and not parsed.findings:
        return Parsed(parsed.findings, parsed.passed, parsed.failed, state, note)
    return parsed


def _read_report(report: str, places: Places) -> Parsed | None:
    if "<!DOCTYPE" in report or "<!ENTITY" in report:  # pytest writes none
        return None
    try:
        tree = ElementTree.fromstring(report)
    except ElementTree.ParseError:
        return None
    found: list[Finding] = []
    passed = failed = 0
    for case in tree.iter("testcase"):
        faults = [*case.iter("failure"), *case.iter("error")]
        found += [_fault(case, fault, places) for fault in faults]
        failed += bool(faults)
        passed += not faults and case.find("skipped") is None
    return Parsed(unique(found), passed, failed)


def _fault(case: ElementTree.Element, fault: ElementTree.Element, places: Places) -> Finding:
    text = fault.text or ""
    message = fault.get("message", "")
    path = places.relative(case.get("file", "")) or _path_of(case.get("name", ""), places)
    line = int(case.get("line") or -1) + 1
    collecting = message == _COLLECTING
    name = path if collecting else f"{path}::{_name(case)}"
    return _told(text.split("\n"), "" if collecting else message, path, line, name, places)


def _path_of(dotted: str, places: Places) -> str:
    """The file of a module that could not be collected, which older versions name by its dotted name only."""
    return places.relative(dotted.replace(".", "/") + ".py")


def _name(case: ElementTree.Element) -> str:
    module = re.sub(r"\.py$", "", case.get("file", "")).replace("/", ".")
    scope = case.get("classname", "").removeprefix(module).strip(".")
    return "::".join([*filter(None, scope.split(".")), case.get("name", "")])


def _told(lines: list[str], message: str, path: str, line: int, name: str, places: Places) -> Finding:
    """A finding at the innermost frame that lies in the workspace, else at the test."""
    raised = [match["text"] for text in lines if (match := _RAISED.match(text))]
    frames = list(_frames(lines, places))
    if frames:
        path, line = frames[-1]
    if not message and raised:
        message = raised[-1] if _SYNTAX.search("\n".join(lines)) else raised[0]
    return finding(
        path, line, message or next(filter(str.strip, lines), name), code=name, excerpt=_own(lines)
    )


def _frames(lines: list[str], places: Places) -> Iterator[tuple[str, int]]:
    for text in lines:
        match = _FRAME.match(text) or _SYNTAX.match(text)
        if match and not is_library(match["path"]) and (path := places.relative(match["path"])):
            yield path, int(match["line"])


def _own(lines: list[str]) -> list[str]:
    """The lines without those of frames in libraries."""
    kept: list[str] = []
    foreign = False
    for text in lines:
        match = _FRAME.match(text)
        if match:
            foreign = is_library(match["path"])
        if not foreign or text.startswith("E "):
            kept.append(text)
    return kept


def read_text(text: str, places: Places) -> Parsed:
    """The findings in what pytest prints, whatever its options for tracebacks."""
    names = {match["id"]: match for line in text.split("\n") if (match := _SUMMARY.match(line))}
    found: list[Finding] = []
    told: set[str] = set()
    for title, body in _sections(text):
        name = _id_of(title, names)
        path = places.relative(name.partition("::")[0])
        found.append(_told(body, "", path, 0, name or title, places))
        told.add(name)
    for name, match in names.items():
        path = places.relative(name.partition("::")[0])
        if path and name not in told:
            found.append(finding(path, 0, match["message"] or match["how"].lower(), code=name))
    last = next((line for line in reversed(text.split("\n")) if _COUNT.search(line)), "")
    counts = (
        {word.rstrip("s"): int(number) for number, word in _COUNT.findall(last)} if " in " in last else {}
    )
    if not counts:
        return Parsed(unique(found))
    return Parsed(unique(found), counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0))


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Title and lines of each failure."""
    title = ""
    body: list[str] = []
    inside = False
    for line in [*text.split("\n"), "=== end ==="]:
        banner, head = _BANNER.match(line), _HEAD.match(line)
        if (banner or head) and title:
            yield title, body
            title, body = "", []
        if banner:
            inside = banner["title"] in ("FAILURES", "ERRORS")
        elif head and inside:
            title = head["title"]
        elif title:
            body.append(line)


def _id_of(title: str, names: dict[str, re.Match[str]]) -> str:
    """The id of the test that a section is headed by: the summary has it, the title its last part only."""
    bare = re.sub(r"^ERROR (?:collecting|at setup of|at teardown of) ", "", title)
    if bare in names:
        return bare
    for wanted in (bare, re.sub(r" \(.*\)$", "", bare)):  # a part of a test is headed by its parameters
        dotted = wanted.replace("::", ".")
        found = next((name for name in names if name.partition("::")[2].replace("::", ".") == dotted), "")
        if found:
            return found
    return ""

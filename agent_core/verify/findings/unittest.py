"""unittest: the text that it prints on standard error."""

from __future__ import annotations

import re

from agent_core.verify.api import Finding
from agent_core.verify.findings.model import Parsed, Places, Raw, finding, is_library, unique

_SECTION = re.compile(r"^={60,}$", re.M)
_TITLE = re.compile(r"(?P<how>ERROR|FAIL|UNEXPECTED SUCCESS): (?P<title>.+)$", re.M)
_FRAME = re.compile(r'^ {2}File "(?P<path>[^"\n]{1,400})", line (?P<line>\d{1,7})', re.M)
_RAISED = re.compile(r"^(?P<text>[A-Za-z_][\w.]*(?::.*)?)$")
_RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
_COUNTS = re.compile(r"(failures|errors|skipped|expected failures|unexpected successes)=(\d+)")


def read(raw: Raw) -> Parsed:
    """The findings of a run, one for each test (or part of a test) that failed."""
    return read_text(raw.output, raw.places)


def read_text(text: str, places: Places) -> Parsed:
    """The findings in what unittest prints."""
    found = [told for section in _SECTION.split(text)[1:] if (told := _told(section, places)) is not None]
    ran = list(_RAN.finditer(text))
    if not ran:
        return Parsed(unique(found))
    counts = {name: int(number) for name, number in _COUNTS.findall(text[ran[-1].start() :])}
    failed = sum(counts.get(name, 0) for name in ("failures", "errors", "unexpected successes"))
    total = int(ran[-1][1])
    if total == 0 and not found:
        return Parsed((), 0, 0, "broken", "no tests were found")
    rest = counts.get("skipped", 0) + counts.get("expected failures", 0)
    return Parsed(unique(found), max(total - failed - rest, 0), failed)


def _told(section: str, places: Places) -> Finding | None:
    title = _TITLE.search(section)
    if title is None:
        return None
    body = (
        re.split(r"^-{60,}\n?", section, maxsplit=1, flags=re.M)[-1]
        if title["how"] != "UNEXPECTED SUCCESS"
        else ""
    )
    body = re.split(r"^(?:-{60,}|Stdout:|Stderr:)$", body, maxsplit=1, flags=re.M)[0]
    own = [
        (path, int(match["line"]))
        for match in _FRAME.finditer(body)
        if not is_library(match["path"]) and (path := places.relative(match["path"]))
    ]
    path, line = own[-1] if own else ("", 0)
    name = title["title"].strip()
    unindented = [
        line for line in body.rstrip().split("\n") if line and not line.startswith((" ", "Traceback"))
    ]
    raised = next((line for line in reversed(unindented) if _RAISED.match(line)), "")
    message = raised or (
        "it was expected to fail" if not body.strip() else unindented[-1] if unindented else name
    )
    return finding(path, line, message, code=_id(name), excerpt=_without_libraries(body))


def _id(title: str) -> str:
    """A dotted name of `test_total (t.Cart.test_total) (n=1)`, in old versions `test_total (t.Cart)`."""
    match = re.match(r"(?P<name>\w+) \((?P<where>[\w.]+)\)(?P<rest>.*)$", title)
    if match is None:
        return title
    where = match["where"]
    dotted = where if where.endswith(f".{match['name']}") else f"{where}.{match['name']}"
    return f"{dotted}{match['rest']}".replace("unittest.loader._FailedTest.", "")


def _without_libraries(body: str) -> list[str]:
    kept: list[str] = []
    foreign = False
    for line in body.split("\n"):
        match = _FRAME.match(line)
        if match:
            foreign = is_library(match["path"])
        elif not line.startswith("   "):
            foreign = False
        if not foreign:
            kept.append(line)
    return kept

"""What a command is called aloud while it runs, and its result: rows as sentences, no columns of symbols.

What quotes files, programs or models stays as they wrote it, but for the marks before our own lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from agent_core.events import ToolFinished, ToolStarted
from agent_core.plain import in_words, indented, unmarked
from agent_core.text import human_size, one_line, plural, printable

_VERBS = {
    "cat": "Reading", "grep": "Searching for", "tree": "Listing", "ls": "Listing", "shell": "Running",
    "esearch": "Searching the code for", "vretr": "Searching the code for", "intel": "Looking up",
    "codectx": "Looking at", "edit": "Working on the change of", "plan": "Planning",
}  # fmt: skip
"""What is said before the words behind the command's name."""
_WHOLE = {
    "ctx": "Reading the logs", "index": "Indexing the code", "emb-index": "Making vectors of the code",
    "review": "The model reviews the change",
}  # fmt: skip
_CHECKS = {"run_tests": "Running the tests", "lint": "Running the linter", "build": "Building"}
_OURS = frozenset(
    {
        *(
            "auth",
            "bus",
            "codectx",
            "config",
            "doctor",
            "emb-index",
            "fork",
            "help",
            "hooks",
            "index",
            "logs",
            "lsp",
        ),
        *("mcp", "model", "permissions", "plugins", "redo", "resume", "rl", "sessions", "skills", "stack"),
        *("undo", "window"),
    }
)
"""Commands whose texts are ours: columns become sentences."""
_QUOTED = re.compile(r"(?:sessions|skills) (?:show|summary|prompt)\b|stack (?:logs|tail|init)\b|mcp show\b")
_GAP = re.compile(r" {2,}")
_GAP_BEHIND = re.compile(r"(?<=\S) {2,}")
_HEAD = re.compile(r"^\[\d+\] .*$|^ {4}→ .*$", re.M)
_SEARCHES = ("esearch", "intel", "vretr")
_BETWEEN = re.compile(r"^( +)…$", re.M)
_NONE = ("0", "-")
_FIGURE = re.compile(r"[-+<]?\d")
_GIT = {"M": "changed", "A": "added", "D": "deleted", "R": "renamed", "?": "not in git", "U": "in conflict"}


def started_in_words(event: ToolStarted) -> str:
    """What begins, such as `Reading src/app.py`."""
    command = one_line(event.command)
    if event.name in _WHOLE:
        return _WHOLE[event.name]
    if event.name in _CHECKS:
        return f"{_CHECKS[event.name]}: {command}"
    rest = command.removeprefix("!") if event.name == "shell" else command.partition(" ")[2]
    verb = _VERBS.get(event.name)
    return f"{verb} {rest}".strip() if verb and rest else f"Running {command}"


def result_in_words(event: ToolFinished, command: str = "") -> str:
    """The result's text to be read aloud; `command` is the line that it is of."""
    return text_in_words(event.name, command, event.text, event.data if event.error is None else {})


def text_in_words(name: str, command: str, text: str, data: Mapping[str, Any]) -> str:
    """The same of a result that is no event; without its data where it is not whole."""
    speak = _SPOKEN.get(name) or _SPOKEN.get(" ".join(command.split()[:2]))
    if speak is not None and data and (said := speak(data)):
        return said
    text = printable(text)
    if name == "tree":
        return _GAP_BEHIND.sub(", ", indented(text))
    if name in _OURS and not _QUOTED.match(command):
        return "\n".join(rows_in_words(in_words(text).split("\n")))
    return piece_in_words(name, text)


def piece_in_words(name: str, text: str) -> str:
    """A piece of a result that quotes others: only our own lines change."""
    if name in _SEARCHES:
        text = _BETWEEN.sub(r"\1and further on:", text)
    if name == "ctx":
        text = _HEAD.sub(lambda match: in_words(match[0]), text)
    return unmarked(text)


def rows_in_words(lines: Sequence[str]) -> list[str]:
    """Rows as sentences; those below a heading of columns with the names of their columns."""
    out: list[str] = []
    head: list[str] = []
    for number, line in enumerate(lines):
        row = _GAP.split(line.strip())
        below = _GAP.split(lines[number + 1].strip()) if number + 1 < len(lines) else []
        if len(row) != len(head):
            is_head = (
                len(row) > 2 and len(below) == len(row) and _has_figures(below) and not _has_figures(row)
            )
            head = row if is_head else []
            out += [] if is_head else [sentence_of(line)]
        else:
            named = (
                f"{name} {cell}" for name, cell in zip(head[1:], row[1:], strict=True) if cell not in _NONE
            )
            out.append(f"{row[0]}: {', '.join(named)}")
    return out


def _has_figures(row: Sequence[str]) -> bool:
    """Whether a column of it has a number: those of a heading have none, and the rows below it do."""
    return any(map(_FIGURE.match, row[1:]))


def sentence_of(line: str) -> str:
    """A row of columns as a sentence: `policy: thompson, learning`."""
    if line.startswith("* "):
        line = f"current, {line[2:]}"
    indent = line[: len(line) - len(line.lstrip())]
    first, *rest = _GAP.split(line.strip())
    if not rest or first.endswith((":", ".")):
        return indent[:2] + " ".join((first, *rest))
    return f"{indent[:2]}{first}: {', '.join(rest)}"


def _rows(data: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", data.get(key) or ())


def _services(data: Mapping[str, Any]) -> str:
    return "\n".join(line for service in _rows(data, "services") for line in service_in_words(service))


def service_in_words(service: Mapping[str, Any]) -> list[str]:
    """Such as `Service kafka: healthy, 1 of 1 running, port 9092`, and what is wrong with it."""
    containers = service["containers"]
    standing = "off" if service["standing"] == "absent" else service["standing"]
    said = [standing]
    if containers and standing != "done":
        said.append(f"{service['running']} of {len(containers)} running")
    ports = dict.fromkeys(
        f"port {port['host']}" + ("" if port["protocol"] == "tcp" else f" {one_line(port['protocol'])}")
        for port in service["ports"]
    )
    said += ports
    if service.get("cpu") is not None:
        said.append(f"processor {service['cpu']:.0%}")
    if service.get("memory") is not None:
        said.append(f"memory {human_size(service['memory'])}")
    lines = [f"Service {one_line(service['name'])}: {', '.join(said)}"]
    if service.get("trouble"):
        lines.append(f"  Trouble: {one_line(service['trouble'])}. {one_line(service['hint'])}".rstrip())
    return lines


def _topics(data: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for topic in _rows(data, "topics"):
        said = [plural(len(topic["partitions"]), "partition"), plural(topic["messages"], "message")]
        if topic.get("rate") is not None:
            said.append(f"{topic['rate']:,.1f} messages per second")
        lines.append(f"Topic {one_line(topic['name'])}: {', '.join(said)}")
    for group in _rows(data, "groups"):
        members = "" if group["members"] is None else f", {plural(group['members'], 'member')}"
        state = one_line(group["state"]).lower()
        behind = f"{plural(group['lag'], 'message')} behind"
        lines.append(f"Group {one_line(group['name'])}: {state}{members}, {behind}")
    if data.get("note"):
        lines.append(one_line(data["note"]))
    return "\n".join(lines) if lines or "topics" not in data else "There are no topics."


def _listing(data: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for entry in _rows(data, "entries"):
        name = one_line(str(entry["path"])).rpartition("/")[2]
        said = [] if entry["kind"] == "file" else [str(entry["kind"])]
        said += [human_size(entry["size"])] if entry["kind"] == "file" and entry["size"] is not None else []
        said += [_GIT.get(str(entry["git"])[:1], str(entry["git"]))] if entry["git"] else []
        said += ["ignored"] if entry["ignored"] else []
        lines.append(", ".join((name, *said)))
    lines += [f"{one_line(str(name))}, deleted" for name in data.get("deleted", ())]
    more = data.get("total", 0) - len(_rows(data, "entries"))
    return "\n".join([*lines, *([f"{more:,} more not shown"] if more > 0 else [])])


def _settings(data: Mapping[str, Any]) -> str:
    """Those that somebody set, then the others; one alone is told by the command itself."""
    rows = _rows(data, "settings")
    if len(rows) < 2:
        return ""
    own = [row for row in rows if row["origin"] != "default"]
    lines = [
        f"{plural(len(own), 'setting')} set by somebody:",
        *map(_setting, own),
        "All others, by default:",
    ]
    lines += [_setting(row) for row in rows if row["origin"] == "default"]
    return "\n".join([*lines, *(f"Warning: {one_line(str(each))}" for each in data.get("warnings", ()))])


def _setting(row: Mapping[str, Any]) -> str:
    value = row["value"]
    shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    empty = value in (None, "", [], (), {})
    whence = (
        ""
        if row["origin"] == "default"
        else f", from {row['origin']} {one_line(str(row['detail']))}".rstrip()
    )
    return f"{row['name']}: {'empty' if empty else in_words(one_line(shown))}{whence}"


_SPOKEN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "stack ps": _services,
    "stack topics": _topics,
    "ls": _listing,
    "config": _settings,
}

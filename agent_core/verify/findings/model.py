"""What a reader of output gets and gives."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_core.text import one_line, printable, shorten
from agent_core.verify.api import Finding, Severity, State

MOST = 1000
"""Findings that a report holds at most."""
_MESSAGE = 600
_EXCERPT_LINES, _EXCERPT_CHARS = 24, 3000
_LIBRARY = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|\.cargo/registry|\.rustup|rustc/[0-9a-f]{6,}|go/pkg/mod)/"
    r"|^<|^node:|^/usr/|^/opt/|/lib/python3\.\d+/"
)
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[ -/]{1,4}[0-~])"
)


@dataclass(frozen=True, slots=True)
class Places:
    """Turns the paths that a tool names into paths of the workspace.

    `roots` are the folders that stand for the workspace's root: a copy, and what it is a copy of; files are
    looked for in the first. `cwd` is the folder that the tool ran in, relative to the root.
    """

    roots: tuple[Path, ...]
    cwd: str = "."

    def inside(self, path: str) -> str:
        """The path relative to the root, posix, where it names a file in the workspace; else ""."""
        path = path.strip().removeprefix("file://")
        if not path or "\0" in path or len(path) > 1000:
            return ""
        if not path.startswith("/"):
            return self._existing(os.path.normpath(f"{self.cwd}/{path}"))
        for root in self.roots:
            if path.startswith(f"{root}/"):
                return self._existing(os.path.normpath(path[len(str(root)) + 1 :]))
        return ""

    def relative(self, path: str) -> str:
        """As `inside`, and where the tool's working folder is not known also seen from the root."""
        found = self.inside(path)
        if not found and self.cwd != "." and not path.startswith("/"):
            found = self._existing(os.path.normpath(path))
        return found

    def _existing(self, path: str) -> str:
        if path.startswith("..") or not (self.roots[0] / path).is_file():
            return ""
        return path.replace(os.sep, "/")


@dataclass(frozen=True, slots=True)
class Raw:
    """What a run left: its output, its report, its exit code.

    Standard error is within the output, or apart in `errors`. Escape sequences are removed from both. `exit`
    is None where it was ended.
    """

    output: str
    errors: str
    report: str
    exit: int | None
    places: Places


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read. `state` is None where the exit code and the findings say it well enough."""

    findings: tuple[Finding, ...] = ()
    passed: int | None = None
    failed: int | None = None
    state: State | None = None
    note: str = ""


Read = Callable[[Raw], Parsed]
Ask = Callable[[tuple[str, ...], str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool is asked for a form that can be read, and how it is read.

    `ask` adds words to its arguments, which it gets with the path of a file that a report may be written to.
    `merged`: standard error comes within the output, as is right for texts and wrong for JSON. `told` are the
    exit codes that say something of the project, where the tool's makers name them; with any other one, and
    without findings, the tool itself broke (its configuration, a file name, a plugin).
    """

    read: Read
    ask: Ask | None = None
    merged: bool = True
    told: frozenset[int] | None = None


def is_library(path: str) -> bool:
    """Whether a path lies in what was installed, not written, for the project."""
    return _LIBRARY.search(path.replace("\\", "/")) is not None


def plain(text: str) -> str:
    """The text without colours and cursor movements, with plain line ends."""
    return _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def finding(
    path: str,
    line: int,
    message: str,
    *,
    column: int = 0,
    severity: Severity = "error",
    code: str = "",
    excerpt: str | Sequence[str] = "",
) -> Finding:
    """A finding with its texts made printable and bounded."""
    return Finding(
        path=path,
        line=max(line, 0),
        message=shorten(one_line(message), _MESSAGE),
        column=max(column, 0),
        severity=severity,
        code=shorten(one_line(code), 300),
        excerpt=bounded(excerpt),
    )


def bounded(excerpt: str | Sequence[str]) -> str:
    """The excerpt's first and last lines, printable, without empty lines at its ends."""
    lines = excerpt.split("\n") if isinstance(excerpt, str) else list(excerpt)
    text = printable("\n".join(line.rstrip() for line in lines)).strip("\n")
    lines = [shorten(line, 400) for line in text.split("\n")]
    if len(lines) > _EXCERPT_LINES:
        half = _EXCERPT_LINES // 2
        lines = [*lines[:half], f"… {len(lines) - 2 * half} lines …", *lines[-half:]]
    return "\n".join(lines)[:_EXCERPT_CHARS]


def unique(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without those that are said twice, bounded in number."""
    seen: dict[tuple[object, ...], Finding] = {}
    for each in findings:
        seen.setdefault((each.path, each.line, each.column, each.code, each.message), each)
    return tuple(seen.values())[:MOST]

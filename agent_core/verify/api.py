"""The vocabulary of checks: a verifier, what it found, how it ended."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["run_tests", "lint", "build"]
State = Literal["passed", "failed", "timed-out", "missing", "broken"]
Severity = Literal["error", "warning", "note"]


class Verifier(msgspec.Struct, frozen=True, kw_only=True):
    """One program that checks the project.

    `name` is short and stable (pytest, ruff, cargo-test); `argv` is run in the folder `cwd`, relative to the
    root, with the variables `env`. `executes` says that it runs code of the workspace (tests, builds,
    plugins), so that it asks first where a model wrote some of it. `origin` says what it was detected by, or
    that it was configured. `ecosystem` is python, node, rust, go, make or configured; `tool` says in which
    form its output comes (an entry of `findings/`; "" is plain text of any tool). `found` is False where the
    program is not installed.
    """

    name: str
    kind: Kind
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = "."
    executes: bool = True
    origin: str = ""
    ecosystem: str = ""
    tool: str = ""
    found: bool = True


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a verifier complained of.

    `path` is relative to the root ("" when it names none), `line` and `column` count from 1 (0: unknown).
    `code` is the rule or the id of the test; `message` is printable and bounded; `excerpt` what helps to
    repair it, such as the failing assertion with its values; `source` is the line, without its indentation.
    """

    path: str
    line: int
    message: str
    column: int = 0
    severity: Severity = "error"
    code: str = ""
    excerpt: str = ""
    source: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How one run of a verifier ended.

    `missing`: its program is not installed; `broken`: it ended in a way that says nothing about the project
    (no tests collected, a usage error, killed). `exit` is None when it never ran. `tail` is the end of its
    output, printable. `known` counts findings that were there before and are left out of `findings`; these
    are in `remaining`. `origin` is the file that the check was detected from, relative to the root, ""
    for none there. `sandboxed` says that it ran without network and without the user's files. `advisory`
    is what a language server says, which the project did not choose as its judge.
    """

    verifier: str
    kind: Kind
    command: str
    state: State
    findings: tuple[Finding, ...] = ()
    known: int = 0
    remaining: tuple[Finding, ...] = ()
    passed: int | None = None
    failed: int | None = None
    exit: int | None = None
    seconds: float = 0.0
    tail: str = ""
    note: str = ""
    sandboxed: bool = False
    advisory: bool = False
    origin: str = ""

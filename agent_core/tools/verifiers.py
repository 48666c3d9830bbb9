"""`run_tests`, `lint` and `build`: the project's own checks, found, run, and read into places."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, ErrorInfo, ToolError, UsageError
from agent_core.events import ActionClass, Hit
from agent_core.masking import masker
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.shell_output import Pace
from agent_core.verify.api import Kind, Report, Verifier
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.verify.sandbox import Sandbox

_SHOWN_PER_S = 32_000
_PLAIN = re.compile(r"[a-z]+")
"""A word as in "build fails", which is hardly one for the program."""
_EXAMPLE: dict[Kind, str] = {
    "run_tests": 'test_cmd = "make test"',
    "lint": 'lint_cmd = "make lint"',
    "build": 'build_cmd = "make"',
}


class CheckArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `run_tests`, `lint` and `build`."""

    words: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Files or folders to check, and further words for the program (options after --).",
            extra={"path": True},
        ),
    ] = ()
    check: Annotated[
        str,
        msgspec.Meta(
            description="Run this one of the detected checks.", extra={"flag": "--check", "metavar": "NAME"}
        ),
    ] = ""
    detected: Annotated[
        bool,
        msgspec.Meta(description="Only list what is detected.", extra={"flag": "--list", "for_people": True}),
    ] = False


class CheckTool:
    """Runs the checks of one kind and shows their output as it comes.

    What is found becomes the hits; a check that fails makes the result one with an error (`checks-failed`).
    What a person types runs as the user's own program does; what the agent calls runs in the sandbox where
    there is one, since a model may have written some of it.
    """

    kind: ClassVar[Kind]
    aliases: ClassVar[tuple[str, ...]] = ()
    action: ClassVar[ActionClass] = "run"
    args_type: ClassVar[type[msgspec.Struct]] = CheckArgs
    positional: ClassVar[tuple[str, ...]] = ("words",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def plan(
        self, args: CheckArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """The command lines that would be run; None for a mere list. Raises `ToolError` without any."""
        from agent_core.verify.detect import command_line

        if args.detected:
            return None
        _, chosen = await asyncio.to_thread(self._checks, args, workspace, settings)
        reason = "It runs a program of the project"
        if not typed:
            sandbox, why_not = await _sandbox()
            reason += ", without network (bubblewrap)" if sandbox else f", with your rights ({why_not})"
        return Planned(tuple(dict.fromkeys(map(command_line, chosen))), f"{reason}.")

    async def run(self, args: CheckArgs, context: ToolContext) -> ToolResult:
        """Run them to their ends; raises `ToolError` when there are none, or none is installed."""
        listed, chosen = await asyncio.to_thread(self._checks, args, context.workspace, context.settings)
        if args.detected:
            return _list(listed, chosen)
        sandbox = None if context.turn is not None else (await _sandbox())[0]
        mask = masker(context.settings)
        show = _paced(context.progress)
        from agent_core.verify.running import run_verifier

        reports = [
            await run_verifier(
                verifier,
                root=context.workspace.root,
                timeout=context.settings.check_timeout,
                progress=show,
                sandbox=sandbox,
                mask=mask,
            )
            for verifier in chosen
        ]
        return _result(reports)

    def _checks(
        self, args: CheckArgs, workspace: Workspace, settings: Settings
    ) -> tuple[tuple[Verifier, ...], tuple[Verifier, ...]]:
        """All checks of this kind, and those that are run."""
        from agent_core.verify.detect import chosen, detect
        from agent_core.verify.restrict import restricted

        paths = tuple(path for word in args.words if (path := _path(workspace, word)))
        words = [word for word in args.words if not _path(workspace, word)]
        if words and _PLAIN.fullmatch(words[0]) and not any(word.startswith("-") for word in words):
            raise UsageError(
                f"{words[0]} is no file or folder of the workspace",
                hint="A space before the line makes it a question.",
            )
        found = detect(workspace, settings, paths=paths)
        listed = tuple(verifier for verifier in found if verifier.kind == self.kind)
        if args.check:
            picked = tuple(verifier for verifier in listed if verifier.name == args.check)[:1]
        else:
            picked = chosen(listed, self.kind, paths=paths)
        if not picked:
            raise self._none(listed, args.check)
        run = tuple(restricted(each, paths, words, root=workspace.root) for each in picked)
        return listed, run

    def _none(self, listed: tuple[Verifier, ...], name: str) -> ToolError:
        from agent_core.verify.saying import WHAT

        if name and listed:
            names = ", ".join(dict.fromkeys(verifier.name for verifier in listed))
            return ToolError(f"No check of this project is called {name!r}", hint=f"There are: {names}.")
        were = "were" if self.kind == "run_tests" else "was"
        return ToolError(
            f"No {WHAT[self.kind]} of this project {were} detected",
            hint=f"Set it in .dspy_tui/config.toml, such as {_EXAMPLE[self.kind]}.",
        )


class RunTestsTool(CheckTool):
    """`run_tests`."""

    name: ClassVar[str] = "run_tests"
    aliases: ClassVar[tuple[str, ...]] = ("run-tests",)
    summary: ClassVar[str] = "run the project's tests (pytest, unittest, jest, vitest, cargo, go, make …)"
    kind: ClassVar[Kind] = "run_tests"


class LintTool(CheckTool):
    """`lint`."""

    name: ClassVar[str] = "lint"
    summary: ClassVar[str] = "run the project's linter and type checker (ruff, mypy, eslint, tsc, clippy …)"
    kind: ClassVar[Kind] = "lint"


class BuildTool(CheckTool):
    """`build`."""

    name: ClassVar[str] = "build"
    summary: ClassVar[str] = "build the project (its build script, cargo check, go build, make …)"
    kind: ClassVar[Kind] = "build"


async def _sandbox() -> tuple[Sandbox | None, str]:
    from agent_core.verify.sandbox import find_sandbox

    return await find_sandbox()


def _path(workspace: Workspace, word: str) -> str:
    """The word as a path of the workspace; "" when it names nothing there. A test's id names its file."""
    if not word or word.startswith("-") or "::" in word:
        return ""
    try:
        resolved = workspace.resolve(word)
        return workspace.relative(resolved) if resolved.exists() else ""
    except (AgentError, OSError):
        return ""


def _paced(show: Callable[[str], None]) -> Callable[[str], None]:
    pace = Pace(_SHOWN_PER_S)

    def shown(text: str) -> None:
        if part := pace.let(text, time.monotonic()):
            show(part)

    return shown


def _list(listed: tuple[Verifier, ...], run: tuple[Verifier, ...]) -> ToolResult:
    from agent_core.text import plural
    from agent_core.verify.saying import listing

    return ToolResult(
        text=listing(listed, run),
        summary=f"{plural(len(listed), 'check')} detected",
        data={
            "verifiers": [msgspec.to_builtins(each) for each in listed],
            "run": [each.name for each in run],
        },
    )


def _result(reports: list[Report]) -> ToolResult:
    from agent_core.verify.saying import as_text, headline

    heads = [headline(report) for report in reports]
    if all(report.state == "missing" for report in reports):
        raise ToolError("; ".join(heads), hint="Install it, or set another command in .dspy_tui/config.toml.")
    bad = [report for report in reports if report.state != "passed"]
    error = None
    if bad:
        message = "; ".join(headline(report) for report in bad)
        error = ErrorInfo("checks-failed", message, "The places are in the result." if _hits(bad) else "")
    data: dict[str, Any] = {"reports": [msgspec.to_builtins(report) for report in reports]}
    return ToolResult(
        text="\n".join(as_text(report) for report in reports),
        summary="; ".join(heads),
        hits=_hits(reports),
        data=data,
        note="; ".join(report.note for report in reports if report.note),
        error=error,
    )


def _hits(reports: list[Report]) -> tuple[Hit, ...]:
    return tuple(
        Hit(path=each.path, start=max(each.line, 1), end=max(each.line, 1), why=each.code, text=each.message)
        for report in reports
        for each in report.findings
        if each.path
    )

"""`stack …` on the command line: the words, the question before a loss, and both forms of what comes out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import msgspec

from agent_core.batch_formats import error_lines, to_json
from agent_core.config import refuse_in_doubt
from agent_core.errors import AgentError, ErrorInfo, Interrupted, UsageError
from agent_core.output import Writer
from agent_core.permissions import Permissions
from agent_core.plain import is_wanted
from agent_core.text import one_line
from agent_core.workspace import Workspace
from stack.commands.asked import Asked, What
from stack.commands.autoscaling import rounds
from stack.commands.changing import Change, change_of, interrupted, perform
from stack.commands.looking import doctor, ps, topics
from stack.commands.outcome import Outcome
from stack.commands.said import Said, log_lines, messages
from stack.commands.secrets import Mask, stack_masker
from stack.running import Running, open_stack
from tui.arguments import config_of, root_of
from tui.cli import interruptible
from tui.ending import Ending, closed, end_like_an_interruption
from tui.stack_lines import Gathering, JsonDocument, JsonLines, Lines, TextLines
from tui.stack_permission import permitting
from tui.stack_progress import Progress

if TYPE_CHECKING:
    from tui.options import Parsed

_SECONDS = ("cooldown", "every")
_AT_ONCE = 500
"""Lines that are written before anything else has its turn."""


def stack_command(parsed: Parsed) -> int:
    """Run one command of the stack; returns the exit code."""
    what = cast(What, parsed.command.words[1])
    as_json = parsed.one("format") == "json"
    ending = Ending()
    writer = Writer(on_lost=ending.lose)
    edge = _Edge(writer=writer, ending=ending, as_json=as_json)
    try:
        interruptible()
        end_like_an_interruption()
        code = _run(what, parsed, edge)
    except AgentError as error:
        edge.failed(what, error)
        code = error.exit_code
    except KeyboardInterrupt:
        edge.failed(what, Interrupted("It was interrupted"))
        code = Interrupted.exit_code
    code = closed(writer, code)
    goes_on = what == "autoscale" and not parsed.has("once")
    return 0 if goes_on and ending.is_told and code == Interrupted.exit_code else code


def _run(what: What, parsed: Parsed, edge: _Edge) -> int:
    asked = _asked(what, parsed)
    asked.check()
    workspace = Workspace.open(root_of(parsed))
    config = config_of(parsed, workspace.root)
    settings = config.settings
    if out_dir := parsed.one("out-dir"):
        settings = msgspec.structs.replace(settings, stack_dir=out_dir)
    if what == "doctor":
        return edge.came_to(what, asyncio.run(doctor(workspace.root, settings)))
    mask = stack_masker(settings, workspace.root / settings.stack_dir)
    if what == "topics":
        return edge.came_to(what, asyncio.run(topics(settings, asked.names)))
    if what == "tail":
        return asyncio.run(edge.lines(messages(settings, asked, mask=mask), asked))
    stack = asyncio.run(open_stack(workspace.root, stack_dir=settings.stack_dir))
    if what == "ps":
        return edge.came_to(what, asyncio.run(ps(stack)))
    if what == "logs":
        return asyncio.run(edge.lines(log_lines(stack, asked, mask=mask), asked))
    refuse_in_doubt(config)
    rules = Permissions(
        workspace=workspace.root, allow=(*settings.allow, *parsed.all("allow")), deny=settings.deny
    )
    permit = permitting(rules, edge.writer)
    if what == "autoscale":
        said = rounds(
            stack, settings, workspace, asked,
            permit=permit, audience=edge.steps(), mask=mask,
        )  # fmt: skip
        return asyncio.run(edge.lines(said, asked))
    change = asyncio.run(change_of(stack, asked))
    permit(change)
    return edge.came_to(what, asyncio.run(edge.perform(stack, change, mask)))


def _asked(what: What, parsed: Parsed) -> Asked:
    lines = parsed.one("lines")
    if lines and not (lines.isascii() and lines.isdigit()):
        raise UsageError(f"--lines is a number, not {lines!r}")
    least, most, share, cooldown, every, port = (
        _number(parsed, key) for key in ("min", "max", "per-replica", "cooldown", "every", "port")
    )
    return Asked(
        what=what,
        names=parsed.words,
        build=parsed.has("build"),
        profiles=tuple(parsed.all("profile")),
        volumes=parsed.has("volumes"),
        follow=parsed.has("follow"),
        lines=int(lines) if lines else None,
        grep=parsed.one("grep"),
        since=parsed.one("since"),
        least=least if least is None else int(least),
        most=most if most is None else int(most),
        per_replica=share if share is None else int(share),
        cooldown=cooldown,
        every=every,
        port=port if port is None else int(port),
        dry_run=parsed.has("dry-run"),
        once=parsed.has("once"),
    )


def _number(parsed: Parsed, key: str) -> float | None:
    """The number of an option, None where it was not given; only those of seconds may have a fraction."""
    text = parsed.one(key)
    whole, dot, rest = text.partition(".")
    if not parsed.has(key):
        return None
    if not (whole + rest).isascii() or not (whole + rest).isdigit() or (dot and key not in _SECONDS):
        raise UsageError(f"--{key} is a number, not {one_line(text)!r}")
    return float(text)


class _Edge:
    """Where results and diagnostics go."""

    def __init__(self, *, writer: Writer, ending: Ending, as_json: bool) -> None:
        self.writer = writer
        self._ending, self._as_json = ending, as_json

    def came_to(self, what: What, outcome: Outcome) -> int:
        """Write what it came to; returns the exit code."""
        if self._as_json:
            self._document(what, outcome.data, outcome.error)
        elif outcome.text:
            self.writer.out(_said(what, outcome).encode("utf-8", "replace") + b"\n")
        self._complain(outcome.error)
        return outcome.exit

    def failed(self, what: What, error: AgentError) -> None:
        """Write why there is nothing to tell."""
        if self._as_json:
            self._document(what, {}, error.info)
        self._complain(error.info)

    async def perform(self, stack: Running, change: Change, mask: Mask) -> Outcome:
        """Do it, telling its steps; an interruption ends compose in good order and says what is there."""
        progress = Progress(self.writer.err, terminal=_is_terminal(2))
        work = asyncio.ensure_future(perform(stack, change, progress, mask=mask))
        self._ending.begin(work.cancel)
        try:
            return await work
        except asyncio.CancelledError:
            progress.end()
            return await interrupted(stack, change)

    def steps(self) -> Progress:
        """Tells commands and their steps between lines of results."""
        return Progress(self.writer.err, terminal=False)

    async def lines(self, said: AsyncGenerator[Said], asked: Asked) -> int:
        """Write lines as they come; returns the exit code."""
        gathering = Gathering(self.writer)
        out = self._lines(asked, gathering)

        async def pump() -> None:
            count = 0
            async with aclosing(said):
                async for line in said:
                    out.line(line)
                    count += 1
                    if count % _AT_ONCE == 0:  # what was read already comes without a pause
                        gathering.flush()
                        await self.writer.room()
                        await asyncio.sleep(0)

        work = asyncio.ensure_future(pump())
        self._ending.begin(work.cancel)
        error: AgentError | None = None
        try:
            await work
        except asyncio.CancelledError:
            return Interrupted.exit_code
        except AgentError as failure:
            error = failure
        finally:
            out.close(error.info if error is not None else None)
            gathering.flush()
        self._complain(error.info if error is not None else None)
        return error.exit_code if error is not None else 0

    def _lines(self, asked: Asked, out: Gathering) -> Lines:
        if not self._as_json:
            return TextLines(out, colours=_is_terminal(1) and not os.environ.get("NO_COLOR"))
        if asked.follow or (asked.what == "autoscale" and not asked.once):
            return JsonLines(out)
        what = "decisions" if asked.what == "autoscale" else "lines"
        return JsonDocument(out, _schema(asked.what), what=what)

    def _document(self, what: What, data: dict[str, Any], error: ErrorInfo | None) -> None:
        document = {"schema": _schema(what), **data}
        if error is not None:
            document["error"] = msgspec.to_builtins(error)
        self.writer.out(msgspec.json.format(to_json(document), indent=2) + b"\n")

    def _complain(self, error: ErrorInfo | None) -> None:
        for line in error_lines(error) if error is not None else ():
            self.writer.diagnose(line)


def _schema(what: What) -> str:
    return f"dspy-tui.stack-{what}/1"


def _said(what: What, outcome: Outcome) -> str:
    if not is_wanted(os.environ):
        return outcome.text
    from tui.plain.results import text_in_words

    return text_in_words("stack", f"stack {what}", outcome.text, outcome.data)


def _is_terminal(fd: int) -> bool:
    """Whether something can be drawn there, and may be."""
    try:
        return os.isatty(fd) and os.environ.get("TERM") != "dumb" and not is_wanted(os.environ)
    except OSError:
        return False

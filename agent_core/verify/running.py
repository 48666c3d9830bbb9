"""Running one check and reading what it found."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from agent_core.draining import drain
from agent_core.files import read_bounded
from agent_core.process import NotStarted, stream_process
from agent_core.text import human_duration, one_line
from agent_core.verify.api import Finding, Report, State, Verifier
from agent_core.verify.copying import remove_tree
from agent_core.verify.detect import command_line
from agent_core.verify.environment import check_environment, own_variables, without_own_secrets
from agent_core.verify.findings.model import MOST, Parsed, Places, Raw, plain
from agent_core.verify.findings.tools import tool_named
from agent_core.verify.origin import origin_file
from agent_core.verify.output import Mask, Spool, tail_of
from agent_core.verify.sandbox import Sandbox
from agent_core.verify.sources import with_sources

Progress = Callable[[str], None]
_REPORT_LIMIT = 64 * 1024 * 1024
_GRACE_S = 0.5
_NO_MODULE = "No module named "
_TRACEBACK = "Traceback (most recent call last):\n"


def silent(_: str) -> None:
    """Tells nobody."""


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a check runs.

    `root` is the folder that it runs in as the workspace, a copy perhaps; `stands_for` the workspace itself,
    whose paths then mean the same files. `env` is laid over the environment. `home` is the home folder inside
    of a sandbox, kept for the next run; None makes one for this run alone.
    """

    root: Path
    stands_for: Path
    env: Mapping[str, str]
    home: Path | None = None

    @property
    def is_copy(self) -> bool:
        """Whether it is not the workspace itself."""
        return self.root != self.stands_for


async def run_verifier(
    verifier: Verifier,
    *,
    root: Path,
    timeout: float,  # noqa: ASYNC109 - a bound of the program's time, which ends as a report
    progress: Progress = silent,
    sandbox: Sandbox | None = None,
    seat: Seat | None = None,
    mask: Mask = _as_it_is,
) -> Report:
    """Run a check to its end and say what it found.

    Cancelling leaves nothing of it running, and so does its own end for whatever it left behind.

    Args:
        verifier: The check.
        root: The workspace's root.
        timeout: Seconds that it may take; then it is ended, and what it said so far is read.
        progress: Takes pieces of its output as they come, printable.
        sandbox: Where given, it runs in there.
        seat: Where given, it runs in a copy instead.
        mask: Replaces secrets in texts.

    Raises:
        OSError: There is no room for what it prints.
    """
    seat = seat or Seat(root=root, stands_for=root, env={})
    scratch = Path(mkdtemp(prefix="dspy-tui-check-"))
    try:
        run = _Run(verifier, seat=seat, sandbox=sandbox, scratch=scratch, progress=progress, mask=mask)
        began = time.monotonic()
        try:
            await run.follow(timeout)
        except NotStarted as error:
            run.not_started = error.strerror or "it cannot be started"
        finally:
            if rest := run.spool.close():
                progress(rest)
        seconds = time.monotonic() - began
        report = await asyncio.to_thread(run.report, timeout)
    finally:
        await asyncio.shield(asyncio.to_thread(remove_tree, scratch))
    masked = tuple(_masked(each, mask) for each in report.findings)
    return msgspec.structs.replace(
        report,
        findings=masked,
        tail=mask(report.tail),
        seconds=seconds,
        sandboxed=sandbox is not None,
        origin=origin_file(verifier, seat.root),
    )


def _masked(each: Finding, mask: Mask) -> Finding:
    texts = (each.message, each.excerpt, each.source)
    message, excerpt, source = map(mask, texts)
    if (message, excerpt, source) == texts:
        return each
    return msgspec.structs.replace(each, message=message, excerpt=excerpt, source=source)


class _Run:
    """One run of a check."""

    def __init__(
        self,
        verifier: Verifier,
        *,
        seat: Seat,
        sandbox: Sandbox | None,
        scratch: Path,
        progress: Progress,
        mask: Mask,
    ) -> None:
        self._verifier, self._seat, self._sandbox = verifier, seat, sandbox
        self._scratch, self._progress = scratch, progress
        self._tool = tool_named(verifier.tool)
        self._report = scratch / "report"
        self.spool = Spool(scratch / "output", mask)
        self.not_started = ""
        self._exit: int | None = None
        self._errors = ""

    async def follow(self, timeout: float) -> None:  # noqa: ASYNC109
        """Run it, show what it says, and end all of it."""
        verifier, seat = self._verifier, self._seat
        argv = verifier.argv
        if self._tool.ask is not None:
            argv = self._tool.ask(argv, str(self._report))
        folder = seat.root / verifier.cwd
        env = check_environment(
            {**without_own_secrets(os.environ), **seat.env, **own_variables(verifier.env, seat.env)},
            argv=argv,
            folder=(seat.stands_for if self._sandbox else seat.root) / verifier.cwd,
            ecosystem=verifier.ecosystem,
            in_copy=seat.is_copy,
        )
        if self._sandbox is not None:
            home = seat.home or self._scratch / "home"
            await asyncio.to_thread(home.mkdir, exist_ok=True)
            argv, env = self._sandbox.wrap(
                argv,
                env=env,
                root=seat.root,
                stands_for=seat.stands_for,
                cwd=verifier.cwd,
                scratch=self._scratch,
                home=home,
            )
        errors = "merged" if self._tool.merged else "apart"
        async with stream_process(argv, cwd=folder, env=env, errors=errors, grace=_GRACE_S) as process:
            try:
                async with asyncio.timeout(timeout):
                    await drain(process, self._take)
                    self._exit = await process.wait()
            except TimeoutError:
                self._exit = None
            if seat.is_copy:  # which goes away: what would go on in there goes too
                process.kill()
            self._errors = plain(process.errors)

    def _take(self, chunk: bytes) -> None:
        if shown := self.spool.feed(chunk):
            self._progress(shown)

    def report(self, timeout: float) -> Report:
        """Read what it left; for a thread."""
        verifier, seat = self._verifier, self._seat
        line = command_line(verifier)
        if self.not_started:
            return self._empty(line, "missing", f"{verifier.argv[0]}: {self.not_started}")
        roots = tuple(dict.fromkeys((seat.root, seat.stands_for, seat.root.resolve())))
        raw = Raw(
            output=self.spool.text(),
            errors=self._errors,
            report=_text_of(self._report),
            exit=self._exit,
            places=Places(roots=roots, cwd=verifier.cwd),
        )
        missing = self._missing(raw)
        tail = tail_of(raw.output if self._tool.merged else f"{raw.errors}\n{raw.output}")
        if missing:
            return msgspec.structs.replace(self._empty(line, "missing", missing), tail=tail, exit=raw.exit)
        parsed = self._tool.read(raw)
        state, note = self._state(parsed, timeout)
        found = with_sources(parsed.findings, seat.root)
        notes = [
            note,
            parsed.note,
            f"only the first {MOST:,} findings are told" if len(found) == MOST else "",
        ]
        return Report(
            verifier=verifier.name,
            kind=verifier.kind,
            command=line,
            state=state,
            findings=found,
            passed=parsed.passed,
            failed=parsed.failed,
            exit=self._exit,
            tail=tail,
            note="; ".join(filter(None, notes)),
        )

    def _empty(self, line: str, state: State, note: str) -> Report:
        kind, name = self._verifier.kind, self._verifier.name
        return Report(verifier=name, kind=kind, command=line, state=state, note=one_line(note))

    def _missing(self, raw: Raw) -> str:
        """Why the program could not be run at all; "" when it was."""
        words = list(self._verifier.argv)
        said = (raw.output + raw.errors)[-4000:]
        if self._sandbox is not None and raw.exit == 1 and f"bwrap: execvp {words[0]}" in said:
            return f"{words[0]} is not installed"
        if (
            len(words) > 2
            and words[1] == "-m"
            and raw.exit == 1
            and f"{_NO_MODULE}{words[2]}\n" in f"{said}\n"
        ):
            return f"{words[2]} is not installed for {words[0]}"
        if raw.exit == 127 and self._verifier.ecosystem != "make":
            return one_line(said.strip().rpartition("\n")[2]) or f"{words[0]} is not installed"
        return ""

    def _state(self, parsed: Parsed, timeout: float) -> tuple[State, str]:
        code = self._exit
        if code is None:
            return "timed-out", f"it was ended after {human_duration(timeout)}"
        if parsed.state is not None:
            return parsed.state, ""
        if code < 0:
            return "broken", f"it was killed by {_signal_name(-code)}"
        if code == 0:
            return "passed", ""
        if parsed.findings or parsed.failed:
            return "failed", ""
        told = self._tool.told
        broke = code in (126, 127) or (
            told is not None and (code not in told or _TRACEBACK in self.spool.text())
        )
        return ("broken" if broke else "failed"), f"exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text_of(path: Path) -> str:
    try:
        return read_bounded(path, _REPORT_LIMIT, follow=False).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""

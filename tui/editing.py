"""The prompt in the person's own editor, with the terminal for as long as that takes.

    $VISUAL, else $EDITOR, else the first of sensible-editor, nano, vim, vi

What goes on behind it goes on: an answer streams into the conversation, and shows when the editor has ended.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from agent_core.errors import AgentError, ConfigError
from agent_core.text import one_line

if TYPE_CHECKING:
    from tui.app import DspyApp
    from tui.widgets.prompt import Prompt

_FALLBACKS = ("sensible-editor", "nano", "vim", "vi")
_MOST = 1 << 20
"""Bytes of a prompt that come back at most."""
_NEXT = "Set VISUAL or EDITOR to one, such as `export EDITOR=nano`."


async def edit_prompt(app: DspyApp, prompt: Prompt, folder: Path) -> None:
    """Have the prompt edited, and take what comes back; on any failure it stays as it was.

    Args:
        app: Gives the terminal away meanwhile.
        prompt: What is edited.
        folder: Where the editor runs.
    """
    driver = app.driver
    if driver is None or not driver.can_suspend:
        app.notify("There is no terminal for an editor here, as in a browser", severity="warning", timeout=5)
        return
    if app.is_away:
        return
    before = after = prompt.text
    problem: AgentError | None = None
    with app.away():
        try:
            after = await _edited(editor(os.environ), before, folder)
        except AgentError as error:
            problem = error  # told once there is a screen again
    if after != before:
        prompt.put(after)
    prompt.focus()
    if problem is not None:
        app.notify(f"{problem.message}. {problem.hint}", severity="warning", timeout=8, markup=False)


def editor(env: Mapping[str, str]) -> list[str]:
    """The command of the editor, without the file. Raises ConfigError."""
    for variable in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(env.get(variable, ""))
        except ValueError as error:
            raise ConfigError(f"{variable} is no command: {error}", hint=_NEXT) from error
        if words:
            return words
    for name in _FALLBACKS:
        if found := shutil.which(name, path=env.get("PATH")):
            return [found]
    raise ConfigError("There is no editor", hint=_NEXT)


async def _edited(command: list[str], text: str, folder: Path) -> str:
    """The text as the editor left it. Raises ConfigError where it could not be run, or failed."""
    place = await asyncio.to_thread(
        tempfile.TemporaryDirectory, prefix="dspy-tui-", ignore_cleanup_errors=True
    )
    try:  # in a folder of its own: swap files and backups of editors go with it
        path = Path(place.name) / "prompt.md"
        await asyncio.to_thread(_write, path, text)
        await _run([*command, str(path)], folder)
        return await asyncio.to_thread(_read, path)
    finally:
        place.cleanup()


async def _run(command: list[str], folder: Path) -> None:
    """Run the editor in the terminal, in this program's process group, so that Ctrl+Z stops both."""
    name = one_line(command[0])
    try:
        process = await asyncio.create_subprocess_exec(*command, cwd=folder)
    except OSError as error:
        raise ConfigError(f"{name} cannot be run: {error.strerror}", hint=_NEXT) from error
    try:
        with _unmoved(signal.SIGQUIT):
            code = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    if code:
        raise ConfigError(f"{name} ended with {code}", hint="The prompt is as it was.")


@contextmanager
def _unmoved(number: signal.Signals) -> Generator[None]:
    """A signal that the keyboard sends to both is the editor's alone."""
    before = signal.signal(number, _nothing)
    try:
        yield
    finally:
        signal.signal(number, before)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Unlike an ignored signal, it is not handed down to the editor."""


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)


def _read(path: Path) -> str:
    """What the editor left; the line end that editors put behind the last line is not part of it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise ConfigError(
            f"The edited prompt is gone: {error.strerror}", hint="The prompt is as it was."
        ) from error
    if len(data) > _MOST:
        raise ConfigError("The edited prompt is longer than 1 MiB", hint="The prompt is as it was.")
    return data.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")

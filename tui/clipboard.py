"""Putting text on the clipboard of whoever looks at the screen, wherever the program runs.

    told = await put(text, write=driver.write, env=os.environ)

Over SSH only the terminal knows that clipboard: OSC 52 asks it. tmux has a buffer of its own and hands it on
to the terminal; GNU screen hands on what is wrapped for it. On this machine the desktop's own tool is the
surest; without one, again OSC 52. A terminal answers nothing: what it took is not known, and nothing is
promised.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from tui.passing import between, passed_on

Mode = Literal["auto", "osc52", "off"]
TIMEOUT_S = 2.0
"""How long a program may take that is handed the text."""
SAFE = 74_994
"""Bytes of base64 that every terminal takes which takes any; some cut or drop what is longer."""
_TOOLS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("WSL_DISTRO_NAME", ("clip.exe",)),
)
"""The desktops' own, each with the variable that says that there is such a desktop."""
_TMUX = ("tmux", "load-buffer", "-w", "-", ";", "show-options", "-sv", "set-clipboard")


class Told(NamedTuple):
    """What was done with a text: `how`, "" where nothing was; `remark` is what to know or do next."""

    how: str
    remark: str = ""


async def put(
    text: str,
    *,
    write: Callable[[str], None],
    env: Mapping[str, str],
    mode: Mode = "auto",
    timeout_s: float = TIMEOUT_S,
) -> Told:
    """Put a text on the clipboard.

    Args:
        text: What is copied.
        write: Writes to the terminal.
        env: This process's environment.
        mode: `auto` takes what fits; `osc52` always asks the terminal; `off` nothing.
        timeout_s: Seconds until a program is given up, and killed.
    """
    if mode == "off":
        return Told("", 'copying is off: `copy = "auto"` in your config.toml turns it on')
    in_tmux = bool(env.get("TMUX"))
    remote = bool(env.get("SSH_TTY") or env.get("SSH_CONNECTION"))
    done: list[str] = []
    remarks: list[str] = []
    if mode == "auto":
        if in_tmux and (said := await _run(_TMUX, text, env, timeout_s)) is not None:
            done.append("tmux")
            if said.strip() == "off" and remote:
                remarks.append(
                    "tmux keeps it: `tmux set -s set-clipboard external` lets the terminal have it"
                )
        if not remote and (tool := native(env)) and await _run(tool, text, env, timeout_s) is not None:
            done.append(tool[0])
            remarks.clear()
    if not done:
        encoded = osc52(text)
        write(passed_on(encoded, between(env)))
        done.append("terminal")
        if in_tmux:
            remarks.append("if nothing arrives: `tmux set -g allow-passthrough on`")
    if len(text.encode()) * 4 / 3 > SAFE and not set(done) - {"terminal", "tmux"}:
        remarks.append("many terminals cut or drop what is longer than 56 KB: look at its end, or export it")
    return Told(", ".join(done), "; ".join(remarks))


def native(env: Mapping[str, str]) -> tuple[str, ...]:
    """The command that takes the desktop's clipboard on standard input; () where there is none."""
    if sys.platform == "darwin":
        return ("pbcopy",)
    for variable, command in _TOOLS:
        if env.get(variable) and shutil.which(command[0], path=env.get("PATH")):
            return command
    return ()


def osc52(text: str) -> str:
    """What asks a terminal to put a text on the clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\x07"


async def _run(command: Sequence[str], text: str, env: Mapping[str, str], timeout_s: float) -> str | None:
    """Hand a text to a program; what it said, or None where it failed, took too long or is not there.

    Nothing but its own output is waited for: tools of X11 leave a process behind that serves the clipboard.
    """
    encoding = "utf-16-le" if command[0] == "clip.exe" else "utf-8"
    asks = command[0] == "tmux"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if asks else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(env),
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate(text.encode(encoding, "replace"))
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return (said or b"").decode("utf-8", "replace") if process.returncode == 0 else None

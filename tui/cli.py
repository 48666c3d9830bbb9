"""The command `dspy-tui`. Each subcommand loads what it needs; Textual comes with the screen only."""

from __future__ import annotations

import os
import sys

from agent_core import __version__
from agent_core.errors import AgentError, Interrupted, UsageError
from tui.options import SCREEN, Option, Parsed, help_text, parse

PROGRAM = "dspy-tui"
_BATCH_ONLY = ("command", "file", "format", "keep-going")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from agent_core.output import open_missing_streams

    open_missing_streams()
    given = sys.argv[1:] if argv is None else argv
    try:
        return _dispatch(parse(given))
    except AgentError as error:
        complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return Interrupted.exit_code
    except BrokenPipeError:
        _forget_stdout()
        return 0


def complain(error: AgentError) -> None:
    """Show an error and its next step on standard error."""
    from agent_core.batch_formats import error_lines

    sys.stderr.write("\n".join(error_lines(error.info)) + "\n")


def show(text: str) -> None:
    """Write a result; raises BrokenPipeError when nobody reads it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _forget_stdout() -> None:
    """Keep the interpreter from flushing into a closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _dispatch(parsed: Parsed) -> int:
    if parsed.has("help"):
        show(help_text(PROGRAM, parsed.command))
        return 0
    match parsed.command.words:
        case ("config", "show"):
            from tui.reports import config_show

            return config_show(parsed)
        case ("doctor",):
            from tui.reports import doctor

            return doctor(parsed)
        case ("completion",):
            from tui.completion import script

            show(script(parsed.positional))
            return 0
        case (what, "install"):
            from tui.installs import install

            return install(what)
        case _:
            return _main_command(parsed)


def _main_command(parsed: Parsed) -> int:
    if parsed.has("version"):
        show(f"{PROGRAM} {__version__}")
        return 0
    if parsed.has("workspace") and parsed.positional:
        raise UsageError("the folder is given twice", hint="Give it once, as --workspace DIR or alone.")
    if parsed.has("batch"):
        from tui.headless import batch

        return batch(parsed)
    for key in _BATCH_ONLY:
        if parsed.has(key):
            raise UsageError(f"{_spelled(key)} belongs to --batch")
    from tui.fullscreen import open_screen

    return open_screen(parsed)


def _spelled(key: str) -> str:
    option: Option = next(option for option in SCREEN.options if option.key == key)
    return option.names[0]

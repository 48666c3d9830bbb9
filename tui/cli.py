"""The command `dspy-tui`: from the arguments to the subcommand that they name.

Each subcommand loads what it needs when it runs; Textual comes with the screen only.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_core.errors import AgentError
    from tui.options import Parsed

PROGRAM = "dspy-tui"
_INTERRUPTED = 130
_BATCH_ONLY = ("command", "file", "format", "keep-going")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if argv is None:
        # An exception in the middle of an import leaves half-made modules behind; until a subcommand is
        # ready for Ctrl-C (`interruptible`), it ends the process as it ends any other.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        gc.disable()  # what the imports make is no garbage; batch and screen switch it on once they are ready
    from agent_core.errors import AgentError
    from agent_core.output import open_missing_streams
    from tui.options import parse

    open_missing_streams()
    words = sys.argv[1:] if argv is None else argv
    parsed: Parsed | None = None
    try:
        parsed = parse(words)
        if parsed.has("plain"):
            from agent_core.plain import VARIABLE

            os.environ[VARIABLE] = "true"  # for whatever runs on behalf of this, too
        return _dispatch(parsed)
    except AgentError as error:
        complain(error)
        _tell_programs(words, error, parsed=parsed is not None)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0


def _tell_programs(words: list[str], error: AgentError, *, parsed: bool) -> None:
    """The error once more, as the document that was asked for."""
    from agent_core.errors import ToolError
    from tui.refused import refused

    with suppress(BrokenPipeError, ToolError):  # nobody reads it
        refused(words, error, parsed=parsed)


def interruptible() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt; to be called once everything is imported."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def complain(error: AgentError) -> None:
    """Show an error and its next step on standard error."""
    from agent_core.batch_formats import error_lines

    with suppress(OSError):  # nobody can be told
        sys.stderr.write("\n".join(error_lines(error.info)) + "\n")


def say(line: str) -> None:
    """A line beside the results, on standard error."""
    with suppress(OSError):  # nobody can be told
        sys.stderr.write(line + "\n")


def show(text: str) -> None:
    """Write a result; raises BrokenPipeError when nobody reads it, `ToolError` when it cannot be written."""
    from agent_core.errors import ToolError

    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget_stdout()
        raise ToolError(f"the results could not be written: {error.strerror}") from None


def show_text(name: str, text: str, data: dict[str, Any] | None = None) -> None:
    """Write a result of ours, in words where that is wanted; raises as `show` does.

    Args:
        name: The command that it is of.
        text: It.
        data: The same as plain values, for those that are told from these.
    """
    from agent_core.plain import is_wanted

    if is_wanted(os.environ):
        from tui.plain.results import text_in_words

        text = text_in_words(name, name, text, data or {})
    show(text)


def _forget_stdout() -> None:
    """Keep the interpreter from flushing into a closed pipe or a full disk when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _dispatch(parsed: Parsed) -> int:
    if parsed.has("help"):
        from tui.options import help_text

        show(help_text(PROGRAM, parsed.command))
        return 0
    match parsed.command.words:
        case ("config", "show"):
            from tui.reports import config_show

            return config_show(parsed)
        case ("config", _):
            from tui.config_command import config_change

            return config_change(parsed)
        case ("doctor",):
            from tui.reports import doctor

            return doctor(parsed)
        case ("completion",):
            from tui.completion import script

            show(script(parsed.positional))
            return 0
        case ("logs", "ship"):
            from tui.logs_ship import logs_ship

            return logs_ship(parsed)
        case ("stack", "init") | ("lightweight_init",):
            from tui.stack_init import stack_init

            return stack_init(parsed)
        case ("stack", _):
            from tui.stack_commands import stack_command

            return stack_command(parsed)
        case ("ctx",):
            from tui.ctx_command import ctx

            return ctx(parsed)
        case ("auth", _):
            from tui.auth_command import auth

            return auth(parsed)
        case ("dispatch",):
            from tui.dispatching import dispatch

            return dispatch(parsed)
        case ("serve",):
            from tui.serve_command import serve_command

            return serve_command(parsed)
        case ("mcp", "servers"):
            from tui.mcp_command import servers

            return servers(parsed)
        case ("plugins",):
            from tui.plugins_command import plugins

            return plugins(parsed)
        case ("mcp",):
            from tui.mcp_command import mcp

            return mcp(parsed)
        case (what, "install"):
            from tui.installs import install

            return install(what)
        case ("rl", _):
            from tui.rl_commands import rl

            return rl(parsed)
        case _:
            return _main_command(parsed)


def _main_command(parsed: Parsed) -> int:
    if parsed.has("version"):
        from agent_core import __version__

        show(f"{PROGRAM} {__version__}")
        return 0
    if parsed.has("batch"):
        _once(parsed)
        from tui.headless import batch

        return batch(parsed)
    _nothing_of_a_batch(parsed)
    _once(parsed)
    from tui.fullscreen import open_screen

    return open_screen(parsed)


def _once(parsed: Parsed) -> None:
    from agent_core.errors import UsageError

    if parsed.has("workspace") and parsed.positional:
        raise UsageError("the folder is given twice", hint="Give it once, as --workspace DIR or alone.")


def _nothing_of_a_batch(parsed: Parsed) -> None:
    from agent_core.errors import UsageError

    for option in parsed.command.options:
        if option.key in _BATCH_ONLY and parsed.has(option.key):
            raise UsageError(f"{option.names[0]} belongs to --batch")

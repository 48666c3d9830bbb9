"""The pages of the documents that are made from the program: commands, keys, settings.

    python scripts/reference.py          write them
    python scripts/reference.py --check  say which of them are not as the program is

They are read in the repository as well as on the site, so they are kept there; a test compares them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_core.config import Settings
from agent_core.config_said import limits
from agent_core.config_sources import Field, fields
from tui.action import PLACES
from tui.chords import GROUPS
from tui.keynames import spell
from tui.keys import TABLE
from tui.keysets import VIM
from tui.manpage import BESIDE
from tui.option import Command, Option
from tui.options import COMMANDS
from tui.places import TOLD
from tui.symbols import TABLE as TABLE_OF_SYMBOLS

DOCS = Path(__file__).parent.parent / "docs"
_MADE = "<!-- Made by scripts/reference.py: change what it reads, not this page. -->"
_BY_ID = {action.id: action for action in TABLE}
_ASKS = {
    "read": "",
    "write": "asks before it writes",
    "run": "asks before it runs the project's programs",
    "shell": "asks, with the command",
    "network": "asks before it sends anything",
    "heavy": "takes long; not twice within its cooldown",
}


def pages() -> dict[str, str]:
    """The text of each page by the name of its file."""
    return {
        "commands.md": _page("Commands", _commands()),
        "keys.md": _page("Keys", _keys()),
        "configuration.md": _page("Configuration", _settings()),
        "design.md": _design(_kept(DOCS / "design.md")),
    }


def outdated() -> list[str]:
    """The pages that are not as the program is."""
    return [name for name, text in pages().items() if _kept(DOCS / name) != text]


def _kept(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join((_MADE, "", f"# {title}", "", *lines)).rstrip() + "\n"


def _commands() -> Iterator[str]:
    yield "## At the prompt, in the palette and in batches"
    yield ""
    yield "Typed with or without a `/`; in a batch behind `-c`. The same words mean the same everywhere."
    yield "What asks, and how to answer once and for all, is told in [Security](security.md#what-asks)."
    yield ""
    for each in _typed():
        yield f"### {each['name']}"
        yield ""
        first, _, rest = each["usage"].partition("\n")
        summary = each["summary"]
        asks = _ASKS[each["action"]]
        yield f"{summary[:1].upper()}{summary[1:]}." + (f" *It {asks}.*" if asks else "")
        yield ""
        yield "```text"
        yield first
        yield from rest.removeprefix(summary).rstrip("\n").split("\n")[1:]
        yield "```"
        yield ""
    yield "## In a shell"
    yield ""
    for command in COMMANDS:
        yield from _shell(command)


def _typed() -> list[dict[str, Any]]:
    """The commands as `help` tells them, in an empty folder, without what is installed beside the program."""
    with tempfile.TemporaryDirectory() as folder:
        home = {"HOME": folder, "XDG_CONFIG_HOME": f"{folder}/config", "XDG_DATA_HOME": f"{folder}/data"}
        words = ("--batch", "--workspace", folder, "--format", "json", "-c", "help")
        done = subprocess.run(
            (sys.executable, "-c", "from tui.cli import main; raise SystemExit(main())", *words),
            env={**os.environ, **home, "DSPY_TUI_PLUGINS_OFF": "*"},
            cwd=DOCS.parent,
            check=True,
            capture_output=True,
        )
    return json.loads(done.stdout)["results"][0]["data"]["commands"]


def _shell(command: Command) -> Iterator[str]:
    words = " ".join(("dspy-tui", *command.words))
    yield f"### {words}"
    yield ""
    yield f"{command.help[:1].upper()}{command.help[1:]}."
    yield ""
    yield "```text"
    yield f"{words} {_taken(command)}".rstrip()
    yield ""
    width = max(len(_named(option)) for option in command.options)
    yield from (f"  {_named(option):<{width}}  {option.help}" for option in command.options)
    yield "```"
    yield ""


def _taken(command: Command) -> str:
    if not command.positional:
        return ""
    word = command.positional + (" …" if command.several else "")
    return f"[{word}]" if command.optional else word


def _named(option: Option) -> str:
    return ", ".join(option.names) + (f" {option.value}" if option.value else "")


def _keys() -> Iterator[str]:
    yield "`F1` shows the same in the app, on every screen, the place that you are in first."
    yield "`Ctrl+X` and a [letter](#behind-the-leader-key) do what holds anywhere, also where a"
    yield "terminal, tmux or a browser keeps F-keys and `Alt` for itself: wait a moment, and the"
    yield "letters show. Another key for an action is set in your own configuration: `keys = {"
    yield '"palette" = "ctrl+k" }`, written as here, over the keys of the set that `key_set` names'
    yield '(["vim"](#the-set-vim)); what conflicts is left out, and told.'
    yield ""
    for place in PLACES:
        yield f"## {place}"
        yield ""
        yield f"{TOLD[place]}"
        yield ""
        yield "| key | action | what it does | id |"
        yield "| --- | --- | --- | --- |"
        for action in TABLE:
            if action.where == place:
                said = f"{_cell(action.title)} | {_cell(action.help)}"
                yield f"| {_spelt(action.key)} | {said} | `{action.id}` |"
        yield ""

    yield from _letters()
    yield from _vim()


def _letters() -> Iterator[str]:
    yield "## Behind the leader key"
    yield ""
    yield "`Ctrl+X`, then one of these. `.` shows the keys of the place that you are in,"
    yield "`Backspace` goes back, `Esc` ends it. A letter that comes at once needs no hint to be"
    yield "drawn; with `Ctrl` held it is the same letter. Where text is selected, `Ctrl+X` cuts"
    yield "it. In a conversation or a list, `Ctrl+W` and h, j, k, l go to the pane in that"
    yield "direction."
    yield ""
    yield "| group | letters |"
    yield "| --- | --- |"
    for group, letters in GROUPS.items():
        said = ", ".join(f"`{letter}` {_BY_ID[name].title}" for letter, name in letters.items())
        yield f"| {group} | {said} |"
    yield ""


def _vim() -> Iterator[str]:
    yield "## The set vim"
    yield ""
    yield '`key_set = "vim"`: the prompt inserts, and its edge says so; `Esc` leaves it for the'
    yield "conversation, where keys are commands, `i` goes back. `j` and `k` go through blocks and"
    yield "rows, `gg` and `G` to the ends, `Ctrl+D`, `Ctrl+U`, `Ctrl+F` and `Ctrl+B` scroll, `/`"
    yield "searches and `n` goes on, `:` is the palette and `Space` the leader key where nothing"
    yield "is typed. In the prompt, `Ctrl+W`, `Ctrl+U` and `Ctrl+D` edit as ever. Beside the keys"
    yield "above:"
    yield ""
    yield "| key | action | place | id |"
    yield "| --- | --- | --- | --- |"
    for name, key in VIM.items():
        action = _BY_ID[name]
        yield f"| {_spelt(key)} | {_cell(action.title)} | {action.where} | `{name}` |"
    yield ""


def _spelt(keys: str) -> str:
    return ", ".join(
        f"`` {spell(key)} ``" if "`" in spell(key) else f"`{_cell(spell(key))}`" for key in keys.split(",")
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _settings() -> Iterator[str]:
    yield "A setting is taken from, the first that has it: `--set NAME=VALUE`, its variable, the workspace's"
    yield "`.dspy_tui/config.toml`, your own `config.toml` (in `~/.config/dspy-tui` on Linux), the default."
    yield "`dspy-tui config show` says what is in force, and where each value came from;"
    yield "`dspy-tui config set theme dspy-light` writes one into your file, `--in-workspace` into the"
    yield "workspace's, and `config unset theme` takes it out again. In the app, the Settings screen (Alt+S)"
    yield "does the same. Other settings and their comments stay as they are; what runs keeps its values."
    yield ""
    yield "```toml"
    yield 'provider = "ollama"'
    yield 'ollama_model = "qwen3:8b"'
    yield 'allow = ["run:pytest *"]'
    yield "```"
    yield ""
    yield "A repository may be anybody's: settings that are *yours alone* are not taken from its file, and"
    yield "what it denies adds to what you deny. Your own file counts as the workspace's where it lies in the"
    yield "workspace, such as with `XDG_CONFIG_HOME=$PWD/cfg`; where you open your whole home folder, it"
    yield "stays yours."
    yield ""
    yield "What is wrong in a file is told and left out. A rule of `deny` that does not parse, one below a"
    yield "table's head, and your own file where it cannot be read or is for a newer version make nothing"
    yield "laxer: the rules that parse hold, and until it is mended no rule, setting or `--allow` grants"
    yield "anything. On screen everything asks, reading too; where nobody can be asked (`--batch`, `mcp`,"
    yield "`stack`, `dispatch`) nothing is run, exit code 2."
    yield ""
    yield "Beside the settings, a table for each server whose tools you use, `[mcp_servers.NAME]`, stands in"
    yield "the same files: [Other assistants](mcp.md#tools-of-other-programs). Programs that are asked before"
    yield "and after tools are set in a file of their own, `hooks.toml`, beside either `config.toml`:"
    yield "[Extending](extending.md)."
    yield ""
    yield "| setting | default | variable | what it is |"
    yield "| --- | --- | --- | --- |"
    for name, field in fields().items():
        default = _default(getattr(Settings(), name))
        variable = f"`{field.env}`" if field.env else ""
        yield f"| `{name}` | {default} | {variable} | {_cell(field.description)}{_limits(field)} |"
    variable, text = BESIDE
    yield f"|  |  | `{variable}` | {_cell(text)} |"


def _design(page: str) -> str:
    """The page as it is, with its table of symbols as the program has them."""
    begins, ends = "<!-- symbols: made by scripts/reference.py -->\n", "<!-- end of symbols -->"
    before, _, rest = page.partition(begins)
    rows = "\n".join(_symbols())
    return f"{before}{begins}\n{rows}\n\n{ends}{rest.partition(ends)[2]}"


def _symbols() -> Iterator[str]:
    """A row each, but for frames and bars, of which there are many."""
    yield "| mark | means | Linux console | ASCII |"
    yield "|---|---|---|---|"
    for each in TABLE_OF_SYMBOLS:
        if not each.means.startswith(("a frame", "how much", "the end of", "an edge", "half a line")):
            marks = (f"`{_cell(mark)}`" for mark in (each.console or each.shown, each.ascii))
            yield f"| `{each.shown}` | {_cell(each.means)} | {' | '.join(marks)} |"


def _default(value: object) -> str:
    match value:
        case "" | None | () | {}:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case _:
            return f"`{value}`"


def _limits(field: Field) -> str:
    """Where a setting may come from, and its bounds."""
    said = limits(field)
    return f" *({'; '.join(said)})*" if said else ""


def main() -> int:
    """Write the pages, or say which are outdated."""
    if "--check" in sys.argv[1:]:
        old = outdated()
        print("\n".join(f"docs/{name} is not as the program is: make reference" for name in old))
        return 1 if old else 0
    for name, text in pages().items():
        (DOCS / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

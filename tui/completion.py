"""Completion scripts for bash, zsh and fish, made from the table of options."""

from __future__ import annotations

from agent_core.config import Settings
from tui.options import COMMANDS, SCREEN, Command, Option
from tui.stack_completion import SERVICES

_NAMES = ("dspy-tui", "dspy-agent")
_RULES = ("write", "run", "shell", "network")


def script(shell: str) -> str:
    """The script for a shell; `shell` is bash, zsh or fish."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _words(option: Option) -> tuple[str, ...]:
    """The values that an option's value can be completed to."""
    match option.complete:
        case "setting":
            return tuple(f"{name}=" for name in Settings.__struct_fields__)
        case "rule":
            return _RULES
        case "command":
            return _tool_names()
        case _:
            return option.choices


def _tool_names() -> tuple[str, ...]:
    from agent_core.tools.auth import AuthTool
    from agent_core.tools.bus import BusTool
    from agent_core.tools.codectx import CodectxTool
    from agent_core.tools.commit import CommitTool
    from agent_core.tools.compact import CompactTool
    from agent_core.tools.config import ConfigTool
    from agent_core.tools.ctx import CtxTool
    from agent_core.tools.dispatch import DispatchTool
    from agent_core.tools.edit import EditTool
    from agent_core.tools.emb_index import EmbIndexTool
    from agent_core.tools.esearch import EsearchTool
    from agent_core.tools.export import ExportTool
    from agent_core.tools.fork import ForkTool
    from agent_core.tools.help import HelpTool
    from agent_core.tools.hooks import HooksTool
    from agent_core.tools.index import IndexTool
    from agent_core.tools.intel import IntelTool
    from agent_core.tools.logs import LogsTool
    from agent_core.tools.lsp import LspTool
    from agent_core.tools.mcp import McpTool
    from agent_core.tools.model import ModelTool
    from agent_core.tools.permissions import PermissionsTool
    from agent_core.tools.plan import PlanTool
    from agent_core.tools.plugins import PluginsTool
    from agent_core.tools.redo import RedoTool
    from agent_core.tools.registry import Registry, builtin_tools
    from agent_core.tools.resume import ResumeTool
    from agent_core.tools.rl import RlTool
    from agent_core.tools.sessions import SessionsTool
    from agent_core.tools.skills import SkillsTool
    from agent_core.tools.undo import UndoTool
    from agent_core.tools.verifiers import BuildTool, LintTool, RunTestsTool
    from agent_core.tools.vretr import VretrTool
    from agent_core.tools.window import WindowTool
    from stack.tool import StackTool

    index = (EsearchTool, IntelTool, VretrTool, CodectxTool, IndexTool, EmbIndexTool)
    talks = (SessionsTool, ResumeTool, ForkTool, ExportTool, WindowTool, CompactTool)
    checks = (RunTestsTool, LintTool, BuildTool, LspTool)
    changes = (PlanTool, EditTool, UndoTool, RedoTool, CommitTool)
    others = (SkillsTool, CtxTool, HelpTool, ModelTool, PermissionsTool, RlTool, AuthTool)
    beyond = (StackTool, PluginsTool, HooksTool, DispatchTool, LogsTool, McpTool, ConfigTool, BusTool)
    wired = (*index, *talks, *checks, *changes, *others, *beyond)
    names = [tool.name for tool in Registry(builtin_tools()).all()]
    return tuple(sorted({*names, *(tool.name for tool in wired)}))


def _flags(command: Command) -> list[str]:
    return [name for option in command.options for name in option.names]


def _starts() -> dict[str, list[str]]:
    """First words of the subcommands, each with the words that may follow."""
    starts: dict[str, list[str]] = {}
    for command in COMMANDS[1:]:
        starts.setdefault(command.words[0], []).extend(command.words[1:])
    return starts


_BASH = r"""# bash completion of dspy-tui: eval "$(dspy-tui completion bash)"
_dspy_tui_services() {
    local at folder before word file%(services)s}
_dspy_tui() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
        word=${COMP_WORDS[i]}
        case "$command $word" in
%(commands)s
            *) break ;;
        esac
    done
    case "$command:$prev" in
%(values)s
    esac
    if [[ $cur == -* ]]; then
        case "$command" in
%(flags)s
        esac
        return
    fi
    case "$command" in
%(words)s
    esac
}
complete -F _dspy_tui %(names)s"""


def _bash() -> str:
    commands = [f'            " {start}") command="{start}" ;;' for start in _starts()]
    flags: list[str] = []
    values: list[str] = []
    words: list[str] = []
    for command in COMMANDS:
        name = " ".join(command.words)
        if len(command.words) > 1:
            commands.append(f'            "{name}") command="{name}" ;;')
        flags.append(
            f'            "{name}") COMPREPLY=($(compgen -W "{" ".join(_flags(command))}" -- "$cur")) ;;'
        )
        for option in command.options:
            if option.value:
                pattern = " | ".join(f'"{name}:{flag}"' for flag in option.names)
                values.append(f"        {pattern}) {_bash_value(option)} return ;;")
        offered = " ".join(command.choices)
        if command.complete == "service":
            offered = '$(_dspy_tui_services "${COMP_WORDS[@]:1}")'
        if offered:
            words.append(f'        "{name}") COMPREPLY=($(compgen -W "{offered}" -- "$cur")) ;;')
    for start, second in _starts().items():
        if second:
            words.append(f'        "{start}") COMPREPLY=($(compgen -W "{" ".join(second)}" -- "$cur")) ;;')
    first = f'COMPREPLY=($(compgen -W "{" ".join(_starts())}" -- "$cur")); {_bash_paths("folder")}'
    words.append(f'        "") {first} ;;')
    return _BASH % {
        "commands": "\n".join(commands),
        "values": "\n".join(values),
        "flags": "\n".join(flags),
        "words": "\n".join(words),
        "services": SERVICES,
        "names": " ".join(_NAMES),
    }


def _bash_paths(kind: str) -> str:
    """Offers paths beside what is offered already; their names may hold spaces."""
    letter = "d" if kind == "folder" else "f"
    return f"local IFS=$'\\n'; compopt -o filenames; COMPREPLY+=($(compgen -{letter} -- \"$cur\"))"


def _bash_value(option: Option) -> str:
    if option.complete in ("folder", "file"):
        return f"{_bash_paths(option.complete)};"
    nospace = " compopt -o nospace;" if option.complete == "setting" else ""
    return f'COMPREPLY=($(compgen -W "{" ".join(_words(option))}" -- "$cur"));{nospace}'


_ZSH = r"""#compdef %(names)s
# zsh completion of dspy-tui: dspy-tui completion zsh > "${fpath[1]}/_dspy-tui"
_dspy_tui_services() {
    local at folder before word file%(services)s}
_dspy_tui_first() {
    _alternative "commands:command:(%(firsts)s)" "folders:folder:_files -/"
}
_dspy_tui() {
    local command=""
    if (( CURRENT > 2 )); then
        case "${words[2]} ${words[3]}" in
%(commands)s
        esac
        if [[ -z $command ]]; then
            case "${words[2]}" in
%(starts)s
            esac
        fi
    fi
    case "$command" in
%(cases)s
    esac
}
compdef _dspy_tui %(names)s
if [[ ${funcstack[1]} == _dspy-tui ]]; then _dspy_tui "$@"; fi"""


def _zsh() -> str:
    commands: list[str] = []
    starts: list[str] = []
    cases: list[str] = []
    for command in COMMANDS:
        name = " ".join(command.words)
        count = len(command.words)
        if count > 1:
            commands.append(f'            "{name}") command="{name}" ;;')
        elif count:
            starts.append(f'                "{name}") command="{name}" ;;')
        shift = f"shift {count} words; (( CURRENT -= {count} )); " if count else ""
        specs = [_zsh_option(option) for option in command.options]
        if command is SCREEN:
            specs.append("'1:command or folder:_dspy_tui_first'")
        elif command.complete == "service":
            specs.append(f"'*:{command.positional.lower()}:{{compadd -- $(_dspy_tui_services $words)}}'")
        elif command.choices:
            specs.append(f"'1:{command.positional.lower()}:({' '.join(command.choices)})'")
        joined = " \\\n                ".join(specs)
        cases.append(f'        "{name}")\n            {shift}_arguments \\\n                {joined} ;;')
    for start, second in _starts().items():
        if second:
            starts.append(f'                "{start}") command="{start}" ;;')
            cases.append(f'        "{start}") (( CURRENT == 3 )) && compadd -- {" ".join(second)} ;;')
    return _ZSH % {
        "services": SERVICES,
        "names": " ".join(_NAMES),
        "firsts": " ".join(_starts()),
        "commands": "\n".join(commands),
        "starts": "\n".join(starts),
        "cases": "\n".join(cases),
    }


def _zsh_option(option: Option) -> str:
    text = option.help.replace("'", "").replace("[", "(").replace("]", ")").replace(":", " -")
    value = ""
    if option.value:
        kinds = {"folder": "_files -/", "file": "_files"}
        words = " ".join(_words(option))
        plain = f'{{compadd -S "" -- {words}}}' if option.complete == "setting" else f"({words})"
        action = kinds.get(option.complete, plain)
        value = f":{option.value.lower()}:{action}"
    star = "*" if option.repeat else ""
    return " ".join(f"'{star}{name}[{text}]{value}'" for name in option.names)


def _fish() -> str:
    starts = " ".join(_starts())
    names = " ".join(f"-c {name}" for name in _NAMES)
    none = "__dspy_tui_first"
    lines = [
        "# fish completion of dspy-tui: dspy-tui completion fish | source",
        *("function __dspy_tui_services", f"    sh -c {_quoted(SERVICES)} _ (commandline -opc)", "end"),
        *(f"function {none}", f"    not __fish_seen_subcommand_from {starts}", "end"),
        f"complete {names} -f",
        f"complete {names} -n {none} -a '(__fish_complete_directories)'",
    ]
    for command in COMMANDS:
        seen = _fish_seen(command, none)
        if command.words:
            lines += _fish_word(names, command, none)
        if command.choices:
            lines.append(f"complete {names} -n {seen} -a '{' '.join(command.choices)}'")
        if command.complete == "service":
            lines.append(f"complete {names} -n {seen} -a '(__dspy_tui_services)'")
        lines += [f"complete {names} -n {seen} {_fish_option(option)}" for option in command.options]
    return "\n".join(lines)


def _fish_seen(command: Command, none: str) -> str:
    """The condition under which the words of a command stand before the cursor."""
    if not command.words:
        return none
    return f"'{'; and '.join(f'__fish_seen_subcommand_from {word}' for word in command.words)}'"


def _fish_word(names: str, command: Command, none: str) -> list[str]:
    """What offers the words of a command: the first where there is none yet, then the second."""
    first, *second = command.words
    told = f"-d {_quoted(command.help)}"
    if not second:
        return [f"complete {names} -n {none} -a {first} {told}"]
    others = " ".join(_starts()[first])
    seen = f"'__fish_seen_subcommand_from {first}; and not __fish_seen_subcommand_from {others}'"
    return [
        f"complete {names} -n {none} -a {first}",
        f"complete {names} -n {seen} -a {second[0]} {told}",
    ]


def _fish_option(option: Option) -> str:
    names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.names)
    if not option.value:
        return f"{names} -d {_quoted(option.help)}"
    values = {"folder": "-x -a '(__fish_complete_directories)'", "file": "-r -F"}
    taken = values.get(option.complete, f"-x -a '{' '.join(_words(option))}'")
    return f"{names} {taken} -d {_quoted(option.help)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

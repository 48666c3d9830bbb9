"""The subcommands of `stack`."""

from __future__ import annotations

from tui.option import ALLOW, COMMON, FORMAT, HELP, PLAIN, SET, WORKSPACE, Command, Complete, Option

_STACK_INIT = (
    Option(("--logs",), "the folder of logs (logs in the workspace by default)", "DIR", complete="folder"),
    Option(("--out-dir",), "where to write (the setting stack_dir by default)", "DIR", complete="folder"),
    Option(
        ("--install-source",),
        "pip, or local: a copy of the checkout that this runs from (the default in one)",
        "SOURCE",
        choices=("pip", "local"),
    ),
    Option(("--pip-spec",), "what pip installs (dspy-code by default)", "SPEC"),
    Option(
        ("--db",),
        "where the index is: auto (DSPY_TUI_DB_URI, else a volume), none, a URI or a folder",
        "URI",
    ),
    Option(
        ("--wheelhouse",), "a folder of wheels to build from, without a network", "DIR", complete="folder"
    ),
    Option(("--gpu",), "give Ollama the GPUs of this machine"),
    ALLOW,
    FORMAT,
)

_OUT_DIR = Option(
    ("--out-dir",), "where the stack's files are (the setting stack_dir by default)", "DIR", complete="folder"
)
_SHARED = (_OUT_DIR, FORMAT, WORKSPACE, SET, PLAIN, HELP)
_FOLLOW = Option(("-f", "--follow"), "go on with what comes from now on")
_GREP = Option(("--grep",), "only what matches", "REGEX")
_SINCE = Option(("--since",), "only what is newer: a span such as 10m, or a time", "TIME")


def _command(
    word: str,
    told: str,
    *options: Option,
    positional: str = "",
    complete: Complete = "",
    optional: bool = True,
) -> Command:
    return Command(
        ("stack", word),
        told,
        (*options, *_SHARED),
        positional=positional,
        complete=complete,
        optional=optional and bool(positional),
        several=True,
    )


def _of_services(word: str, told: str, *options: Option) -> Command:
    return _command(word, told, *options, positional="SERVICE", complete="service")


STACK_COMMANDS = (
    Command(("stack", "init"), "write the files of the services for a workspace", (*_STACK_INIT, *COMMON)),
    _of_services(
        "up",
        "start services and wait until they are healthy",
        Option(("--build",), "build our images first"),
        Option(("--profile",), "a profile to start, too, such as monitoring", "NAME", repeat=True),
    ),
    _command(
        "down",
        "stop and remove all containers; volumes stay",
        Option(("--volumes",), "remove the volumes, too, with all their data; asks first"),
        ALLOW,
    ),
    _of_services("stop", "stop services; their containers stay"),
    _of_services("restart", "restart services"),
    _command("ps", "how the services stand, and what they use"),
    _of_services(
        "logs",
        "what the containers wrote",
        _FOLLOW,
        Option(("-n", "--lines"), "the last lines of each container (all by default)", "N"),
        _GREP,
        _SINCE,
    ),
    _command(
        "scale",
        "bring services to so many containers",
        positional="SERVICE=N",
        complete="service",
        optional=False,
    ),
    _of_services(
        "autoscale",
        "keep as many containers of the workers as their tasks need",
        Option(("--min",), "containers of each at least (1)", "N"),
        Option(("--max",), "containers of each at most (4)", "N"),
        Option(("--per-replica",), "tasks, waiting and in work, that are one container's share (10)", "LAG"),
        Option(("--cooldown",), "seconds between two changes of a service (60)", "S"),
        Option(("--every",), "seconds between two looks (10)", "S"),
        Option(("--port",), "answer /health and /metrics at this port of 127.0.0.1", "N"),
        Option(("--dry-run",), "only say what would be done"),
        Option(("--once",), "look once, and end"),
    ),
    _of_services("build", "build our images"),
    _of_services("pull", "fetch the others' images"),
    _command("clean", "free what nothing uses any more; volumes stay; asks first", ALLOW),
    _command("topics", "the topics of the bus, and who reads them", positional="PATTERN"),
    _command(
        "tail",
        "what is on topics, or patterns of them",
        _FOLLOW,
        Option(("-n", "--lines"), "the last messages (10 by default)", "N"),
        _GREP,
        _SINCE,
        positional="TOPIC",
        optional=False,
    ),
    _command("doctor", "check what the stack needs here and say what to do"),
    Command(("lightweight_init",), "the older name of stack init", (*_STACK_INIT, *COMMON)),
)

"""The subcommand `ctx` of the command line."""

from __future__ import annotations

from tui.option import ALLOW, COMMON, Command, Option

CTX_OPTIONS = (
    Option(("-s", "--source"), "only this log; - is standard input", "S", repeat=True, complete="file"),
    Option(("--since",), "only from then on: a span such as 10m, or a time", "T"),
    Option(("--limit",), "how many events at most", "N"),
)
_FORMAT = Option(("--format",), "text, json or jsonl", "FORMAT", choices=("text", "json", "jsonl"))
CTX_COMMAND = Command(
    ("ctx",),
    "the key events of the logs, or of a pipe: ... | dspy-tui ctx --source -",
    (*CTX_OPTIONS, _FORMAT, ALLOW, *COMMON),
)

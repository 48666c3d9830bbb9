"""`.env`: the numbers and secrets of one stack. What is there stays; only what is missing is added."""

from __future__ import annotations

import os
import re
from secrets import token_urlsafe

from stack.compose.monitoring import PASSWORD
from stack.compose.options import StackOptions
from stack.compose.ours import URI_VARIABLE

_LINE = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*?)[ \t]*$")
_HEADER = """# Ports, profiles and secrets of the stack. Only you can read this file, and git ignores it.
# `dspy-tui stack init` adds what is missing and changes nothing that is here.
"""
_COMMENTS = {
    "COMPOSE_PROFILES": "cpu or gpu for Ollama; add monitoring, cluster: COMPOSE_PROFILES=cpu,monitoring",
    "KAFKA_PORT": "Ports on this machine's loopback",
    "OLLAMA_CPUS": "The most that each may use; Docker refuses more processors than the machine has",
    "OLLAMA_MODEL": "The model that the programs ask for",
    "SPARK_MASTER": "Where the job runs; with the profile cluster: spark://spark-master:7077",
    "RL_BACKGROUND_STEPS": "Records of learning that the trainer takes in at a time",
    PASSWORD: "Of the user admin",
    URI_VARIABLE: "Where the index is",
}


class Adding:
    """What `.env` becomes.

    Args:
        options: The options.
        present: The file's text; None where there is none.
    """

    def __init__(self, options: StackOptions, present: str | None) -> None:
        wanted = _wanted(options)
        found = variables(present or "")
        self.added = tuple(name for name in wanted if name not in found)
        """The variables that are missing."""
        self.differing = tuple(
            name
            for name in ("COMPOSE_PROFILES", URI_VARIABLE)
            if name in wanted and name in found and not _agrees(name, found[name], wanted[name])
        )
        """Those that are there and say something else than the options."""
        self.text = _joined(present, {name: wanted[name] for name in self.added})
        """The whole file."""


def variables(text: str) -> dict[str, str]:
    """What such a file sets; what is no assignment is left out."""
    return {name: _unquoted(value) for name, value in _LINE.findall(text)}


def _wanted(options: StackOptions) -> dict[str, str]:
    uri = options.database.uri
    return {
        "COMPOSE_PROFILES": "gpu" if options.gpu else "cpu",
        "KAFKA_PORT": "9092",
        "OLLAMA_PORT": "11434",
        "PROMETHEUS_PORT": "9090",
        "GRAFANA_PORT": "3000",
        "SPARK_UI_PORT": "8080",
        "OLLAMA_CPUS": str(processors()),
        "OLLAMA_MEMORY": f"{max(2, min(8, gigabytes() // 2))}g",  # so that a model cannot take all there is
        "SPARK_CPUS": str(min(processors(), 2)),
        "OLLAMA_MODEL": "qwen3:1.7b",
        "SPARK_MASTER": "local[2]",
        "RL_BACKGROUND_STEPS": "50",
        PASSWORD: token_urlsafe(18),
        **({URI_VARIABLE: uri} if "://" in uri else {}),
    }


def processors() -> int:
    """How many this machine has; Docker refuses to give a container more."""
    return os.cpu_count() or 1


def gigabytes() -> int:
    """How much memory this machine has."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _agrees(name: str, found: str, wanted: str) -> bool:
    return wanted in found.split(",") if name == "COMPOSE_PROFILES" else found == wanted


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _joined(present: str | None, added: dict[str, str]) -> str:
    lines = [] if present is None else [present.rstrip("\n")] if present.strip() else []
    head = _HEADER if present is None else ""
    for name, value in added.items():
        if name in _COMMENTS:
            lines.append(f"# {_COMMENTS[name]}")
        lines.append(f"{name}='{value}'" if name == URI_VARIABLE else f"{name}={value}")
    return head + "\n".join(lines) + "\n" if added or present is None else present

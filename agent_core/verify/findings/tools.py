"""Which tool is asked and read how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from agent_core.verify.findings import anything, compilers, golang, linters, node, pytest, rust, unittest
from agent_core.verify.findings.model import Tool

_ONE = frozenset({1})
"""Of linters with 1 for findings, more for what went wrong with themselves; tsc and make say 2 of both."""
ANYTHING = Tool(read=anything.read)
TOOLS: Mapping[str, Tool] = {
    "": ANYTHING,
    "pytest": Tool(read=pytest.read, ask=pytest.ask),
    "unittest": Tool(read=unittest.read),
    "ruff": Tool(read=linters.read_ruff, ask=linters.ask_ruff, told=_ONE),
    "flake8": Tool(read=compilers.read, told=_ONE),
    "mypy": Tool(read=compilers.read, ask=compilers.ask_mypy, told=_ONE),
    "pyright": Tool(read=linters.read_pyright, ask=linters.ask_pyright, merged=False, told=_ONE),
    "eslint": Tool(read=linters.read_eslint, ask=linters.ask_eslint, told=_ONE),
    "tsc": Tool(read=compilers.read, ask=compilers.ask_tsc),
    "jest": Tool(read=node.read_jest, ask=node.ask_jest),
    "vitest": Tool(read=node.read_jest, ask=node.ask_vitest),
    "mocha": Tool(read=node.read_mocha, ask=node.ask_mocha),
    "cargo": Tool(read=rust.read, ask=rust.ask, merged=False),
    "cargo-test": Tool(read=rust.read_tests),
    "go": Tool(read=compilers.read),
    "go-test": Tool(read=golang.read, ask=golang.ask, merged=False),
}
"""By the `tool` of a verifier; "" is the text of any."""


def tool_named(name: str) -> Tool:
    """How a verifier's tool is asked and read."""
    if name.startswith("plugin:"):
        from agent_core.plugins.verifiers import reader

        return reader(name)
    return TOOLS[name]


def tool_of(argv: Sequence[str]) -> str:
    """The tool that a command calls; "" where it is none that is known, or called through something else."""
    words = [*argv]
    if len(words) > 2 and PurePath(words[0]).name.startswith("python") and words[1] == "-m":
        words = words[2:]
    program = PurePath(words[0]).name if words else ""
    rest = words[1:]
    if program in ("cargo", "go"):
        word = rest[0] if rest else ""
        if word == "test":
            return f"{program}-test"
        return program if word in ("check", "clippy", "build", "vet") else ""
    if program == "ruff" and rest[:1] != ["check"]:
        return ""
    return "pytest" if program == "py.test" else program if program in TOOLS else ""

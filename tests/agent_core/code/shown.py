"""What `parse` finds in a text, as short lines that tests can compare."""

from __future__ import annotations

from textwrap import dedent

from agent_core.code.parse import parse


def symbols(path: str, text: str) -> list[str]:
    """`kind name start-end` of each symbol."""
    found = parse(path, dedent(text).lstrip("\n")).symbols
    return [f"{symbol.kind} {symbol.name} {symbol.start}-{symbol.end}" for symbol in found]


def signatures(path: str, text: str) -> dict[str, str]:
    """The signature of each symbol by its name."""
    return {symbol.name: symbol.signature for symbol in parse(path, dedent(text).lstrip("\n")).symbols}


def chunks(path: str, text: str) -> list[str]:
    """`start-end kind name` of each chunk."""
    found = parse(path, text).chunks
    return [f"{chunk.start}-{chunk.end} {chunk.kind} {chunk.name}".rstrip() for chunk in found]


def imports(path: str, text: str) -> tuple[str, ...]:
    """The imports of a text."""
    return parse(path, dedent(text).lstrip("\n")).imports


def statements(count: int, form: str = "    total = total + {n}") -> str:
    """So many different lines."""
    return "".join(form.format(n=n) + "\n" for n in range(count))

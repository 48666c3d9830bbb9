"""Text of which it is not known what wrote it: a script, a target of a Makefile, a configured command."""

from __future__ import annotations

from agent_core.verify.findings import compilers, golang, node, pytest, rust, unittest
from agent_core.verify.findings.model import Parsed, Raw, unique

_SIGNS = (
    ("=== test session starts ===", pytest.read_text),
    ("\nRan ", unittest.read_text),
    ("\ntest result: ", rust.read_text),
    ("\n  --> ", rust.read_text),
    ("\n--- FAIL: ", golang.read_text),
    ("\nTests: ", node.read_text),
    ("\n Test Files ", node.read_text),
    (" passing (", node.read_text),
    ("\n --> ", rust.read_text),
)


def read(raw: Raw) -> Parsed:
    """Whatever known tools left in the text, and every line that names a place."""
    text = f"{raw.output}\n{raw.errors}" if raw.errors else raw.output
    parts = {reader: reader(text, raw.places) for sign, reader in _SIGNS if sign in text}
    tests = [part for part in parts.values() if part.passed is not None]
    found = [each for part in parts.values() for each in part.findings]
    plain = compilers.read_text(text, raw.places, None if found else raw.exit)
    known = {(each.path, each.line) for each in found}
    found += [each for each in plain.findings if (each.path, each.line) not in known and not tests]
    return Parsed(
        unique(found),
        sum(part.passed or 0 for part in tests) if tests else None,
        sum(part.failed or 0 for part in tests) if tests else None,
        plain.state if not found else None,
        plain.note,
    )

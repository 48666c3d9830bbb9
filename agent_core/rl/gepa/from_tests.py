"""Examples from the tests: a test says by its name what the code that it uses does."""

from __future__ import annotations

import re
from collections import Counter

from agent_core.code.model import Symbol
from agent_core.code.terms import split
from agent_core.rl.gepa.code import WORD, CodeFile
from agent_core.rl.gepa.examples import Example, Place
from agent_core.rl.gepa.making import Material, asked

_DOC = re.compile(r"^\s*(?:[rRuU]?\"\"\"|''')\s*(.{8,160}?)\s*(?:\"\"\"|'''|$)", re.MULTILINE)
_IS_TEST = re.compile(r"^(?:[Tt]est|should|it)(?:_|[A-Z0-9])")
_LEASTWORDS = 2
_MOST_USERS = 0.1
"""The share of test files beyond which a name says nothing: everything uses it."""


def from_tests(material: Material) -> list[Example]:
    """Examples of tests that use something which is defined once in the sources, both on one side."""
    code = material.code
    users = Counter(name for file in code.tests for name in file.words if name in code.definitions)
    most = max(2, int(_MOST_USERS * len(code.tests)))
    found: list[Example] = []
    for file in code.tests:
        for symbol in file.parsed.symbols:
            is_named_so = symbol.kind == "function" and _IS_TEST.match(symbol.name.rpartition(".")[2])
            if is_named_so or symbol.kind == "test":
                found += _of(file, symbol, users, most, material)
    return found


def _of(file: CodeFile, test: Symbol, users: Counter[str], most: int, material: Material) -> list[Example]:
    body = file.cut(test.start, test.end)
    used = [name for name in dict.fromkeys(WORD.findall(body)) if 0 < users[name] <= most]
    if not used:
        return []
    about = _words(test, body)
    if len(about.split()) < _LEASTWORDS:
        return []
    used.sort(key=lambda name: (users[name], body.index(name)))
    definitions = [material.code.definitions[name] for name in used]
    home = definitions[0][0].path
    places = [Place(source.path, one.start, one.end) for source, one in definitions if source.path == home]
    return asked(
        material,
        f"Where is the code for this: {about}?",
        places,
        names=used,
        key=f"{file.path}:{test.name}",
        source="tests",
        beside=(file.path,),
    )


def _words(test: Symbol, body: str) -> str:
    """What a test is about: its first line of documentation, else the words of its name."""
    documented = _DOC.search(body)
    if documented is not None:
        return documented[1].rstrip(".?")
    name = test.name.rpartition(".")[2]
    if " " in name:
        return name
    return " ".join(part for part in split(name) if part not in ("test", "tests"))

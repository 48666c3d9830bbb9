"""Which language a file is in, and that each language has a grammar that works."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agent_core.code.grammars import grammar_of
from agent_core.code.languages import language_of

PROGRAM = {
    "python": "def f(): pass",
    "javascript": "function f() {}",
    "typescript": "function f(): void {}",
    "tsx": "function f() { return <a/>; }",
    "go": "package a",
    "rust": "fn f() {}",
    "java": "class A {}",
    "kotlin": "fun f() {}",
    "scala": "object A",
    "c": "int f(void) { return 1; }",
    "cpp": "namespace a { int f() { return 1; } }",
    "csharp": "class A {}",
    "ruby": "def f; end",
    "php": "<?php function f() {}",
    "bash": "f() { :; }",
    "swift": "func f() {}",
    "lua": "function f() end",
}


@pytest.mark.parametrize("language", PROGRAM)
def test_each_grammar_loads_and_reads_a_program(language: str) -> None:
    grammar = grammar_of(language)
    assert grammar is not None
    assert not grammar.parser.parse(PROGRAM[language].encode()).root_node.has_error
    named = grammar.parser.language
    assert named is not None
    unknown = [kind for kind in grammar.rules if named.id_for_node_kind(kind, True) is None]
    shared = language in ("javascript", "typescript", "tsx", "c")  # rules for several grammars
    assert shared or unknown == []


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a/b.py", "", "python"),
        ("a/B.PYI", "", "python"),
        ("x.d.ts", "", "typescript"),
        ("App.tsx", "", "tsx"),
        ("a.h", "int f(void);\n", "c"),
        ("a.h", "#pragma once\n\nnamespace a {\n}\n", "cpp"),
        ("a.h", "class A {\n public:\n};\n", "cpp"),
        ("Rakefile", "", "ruby"),
        (".bashrc", "", "bash"),
        ("SConstruct", "", "python"),
        ("README.md", "", "markdown"),
        ("index.rst", "", "rst"),
        ("run", "#!/usr/bin/env python3\n", "python"),
        ("run", "#!/usr/bin/env -S node --harmony\n", "javascript"),
        ("run", "#!/bin/sh -e\n", "bash"),
        ("run", "#! /usr/local/bin/ruby2.7\n", "ruby"),
        ("run", "#!/usr/bin/awk -f\n", ""),
        ("run", "no shebang\n", ""),
        ("a.yaml", "", ""),
        ("Makefile", "", ""),
        (".py", "", ""),
        ("app_de.ts", '<?xml version="1.0"?>\n<TS/>\n', ""),
        ("a.inc", "; assembler\n", ""),
        ("a.inc", "<?php\n", "php"),
    ],
)
def test_the_language_of_a_file(path: str, text: str, language: str) -> None:
    assert language_of(path, text) == language


def test_a_grammar_is_imported_when_a_file_of_its_language_is_met() -> None:
    code = (
        "import sys\nfrom agent_core.code.parse import parse\nassert 'tree_sitter' not in sys.modules\n"
        "parse('a.md', '# A')\nassert 'tree_sitter' not in sys.modules\nparse('a.go', 'package a')\n"
        "print(*sorted(name for name in sys.modules if name.startswith('tree_sitter_') and '.' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tree_sitter_go"]

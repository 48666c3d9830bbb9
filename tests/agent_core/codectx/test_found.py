"""What files say of themselves, what manifests declare, and which tests belong to which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.codectx.declared import declared
from agent_core.codectx.portrait import Portrait, Row, Section, as_text, hits, section
from agent_core.codectx.tested import OwnTests, subject_of
from agent_core.codectx.words import marks_below, marks_in, readme, says
from agent_core.workspace import Workspace

LICENCE = "# Copyright 2024 Somebody. All rights reserved.\n# Licensed under the Apache License.\n"


@pytest.mark.parametrize(
    ("name", "text", "said", "line"),
    [
        ("a.py", '"""Reads the configuration.\n\nMore.\n"""\n', "Reads the configuration.", 1),
        ("a.py", LICENCE + "\nr'''Reads\nit.'''\n", "Reads it.", 4),
        ("a.py", "#!/usr/bin/env python\n# Reads it.\n# Twice.\nimport os\n", "Reads it. Twice.", 2),
        ("a.py", "import os\n# not about the file\n", None, 0),
        ("a.py", "", None, 0),
        ("a.go", "// Copyright 2024 X\n\n// Package a reads it.\npackage a\n", "Package a reads it.", 3),
        ("a.go", "package a\n\n// Package a reads it.\n", "Package a reads it.", 3),
        ("a.ts", "/**\n * Reads it,\n * twice.\n */\nexport const a = 1\n", "Reads it, twice.", 2),
        ("a.ts", "'use strict'\n// eslint-disable-next-line\n// Reads it.\n", "Reads it.", 3),
        ("a.ts", "/**\n * @author X\n * and Y\n * @file Reads it,\n * twice.\n */\n", "Reads it, twice.", 4),
        (
            "a.go",
            "// Copyright X\n// all of it\n//\n// Unless required by law\n// it comes without a warranty.\n\n"
            "// Package a reads it.\npackage a\n",
            "Package a reads it.",
            7,
        ),
        ("a.go", "// Licensed to X\n// under Y\npackage a\n", None, 0),
        ("a.md", "It reads. It differs in\nthese things:\n\n* one\n", "It reads.", 1),
        ("a.md", "It differs in:\n\n* one\n", "It differs in:", 1),
        ("a.rs", "//! Reads it.\n", "Reads it.", 1),
        ("a.sh", "#!/bin/sh\n# Reads it.\n", "Reads it.", 2),
        ("a.c", "#include <a.h>\nint a;\n", None, 0),
        ("a.md", "# T\n\n[![x](y)](z)\n<p>\n\nIt *reads* [it](u).\nTwo.\n\nMore.\n", "It reads it. Two.", 6),
        ("a.md", "<a href=x>\n  <img src=y\n  srcset=z />\n</a>\n\nIt reads.\n", "It reads.", 6),
        ("a.md", "[Home](a) | [Docs](b) |\n[Chat](c)\n\nIt reads [files](d).\n", "It reads files.", 4),
        ("README", "Title\n=====\n\nIt reads.\n", "It reads.", 4),
        ("a.md", "```\ncode\n```\n", None, 0),
        ("a.bin", "\0\0", None, 0),
    ],
)  # fmt: skip
def test_what_a_file_says_it_is(tmp_path: Path, name: str, text: str, said: str | None, line: int) -> None:
    (tmp_path / name).write_text(text)
    found = says(Workspace.open(tmp_path), name)
    assert (None if found is None else found.text) == said
    assert found is None or (found.path, found.start) == (name, line)


def test_a_folder_speaks_by_its_readme_or_its_package(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "__init__.py").write_text('"""The parts of a."""\n')
    assert readme(workspace, "a", ["__init__.py"]) == Row(
        text="The parts of a.", path="a/__init__.py", start=1
    )
    (tmp_path / "README.md").write_text("# x\n\nAll of it.\n")
    found = readme(workspace, ".", ["README.md", "LICENSE"])
    assert found is not None and (found.text, found.path) == ("All of it.", "README.md")
    assert readme(workspace, ".", ["LICENSE"]) is None and says(workspace, "gone.py") is None


async def test_what_was_marked_as_unfinished(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1  # TODO: more\n# todo, and TODOS\n# FIXME\n")
    (tmp_path / "-b.py").write_text("# HACK\n")
    (tmp_path / ".gitignore").write_text("c.py\n")
    (tmp_path / "c.py").write_text("# TODO\n")
    (tmp_path / ".git").mkdir()
    workspace = Workspace.open(tmp_path)
    assert [row.start for row in marks_in(workspace, "a.py")] == [1, 3]
    assert await marks_below(tmp_path, ".") == {"a.py": 2, "-b.py": 1}
    assert marks_in(workspace, "gone.py") == []


def test_what_manifests_declare(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "run-it"\n\n[project.scripts]\nrun-it = "x.cli:main"\n',
        "package.json": '{\n "bin": {"x": "./x.js"},\n "scripts": {"test": "jest"}\n}',
        "Cargo.toml": '[[bin]]\nname = "tool"\npath = "src/tool.rs"\n',
        "Makefile": ".PHONY: all\nX := 1\nall: a b   ## builds it\n\ta\ntest:\n\tb\n",
        "Dockerfile": 'FROM x\nCMD ["serve"]\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = [(row.path, row.start, row.text) for row in declared(Workspace.open(tmp_path), ".", set(files))]
    assert found == [
        ("pyproject.toml", 5, "command run-it = x.cli:main"),
        ("package.json", 2, "command x = ./x.js"),
        ("package.json", 3, "script test: jest"),
        ("Cargo.toml", 2, "program tool = src/tool.rs"),
        ("Makefile", 3, "make all: builds it"),
        ("Makefile", 5, "make test"),
        ("Dockerfile", 2, 'CMD ["serve"]'),
    ]


@pytest.mark.parametrize("text", ["", "[", "[]", "3", '{"scripts": 3, "bin": [], "main": {}}', "[" * 10_000])
def test_a_broken_manifest_declares_nothing(tmp_path: Path, text: str) -> None:
    for name in ("pyproject.toml", "package.json", "Cargo.toml"):
        (tmp_path / name).write_text(text)
    assert declared(Workspace.open(tmp_path), ".", {"pyproject.toml", "package.json", "Cargo.toml"}) == []


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("tests/test_retry.py", "retry"), ("retry_test.go", "retry"), ("src/retry.test.ts", "retry"),
        ("src/retry.spec.js", "retry"), ("RetryTest.java", "retry"), ("RetryIT.java", "retry"),
        ("tests/retry.py", "retry"), ("tests/conftest.py", "conftest"),
    ],
)  # fmt: skip
def test_what_a_test_is_about_by_its_name(path: str, subject: str) -> None:
    assert subject_of(path) == subject


def test_the_tests_of_a_file() -> None:
    tests = OwnTests(
        ["src/retry.py", "tests/test_retry.py", "tests/test_all.py", "lib/net/index.ts", "net.test.ts"]
    )
    assert tests and not OwnTests(["src/retry.py"])
    assert tests.of("src/retry.py") == ["tests/test_retry.py"]
    users = ("src/x.py", "tests/test_all.py")
    assert tests.of("src/retry.py", users) == ["tests/test_retry.py", "tests/test_all.py"]
    assert tests.of("lib/net/index.ts") == ["net.test.ts"], "an index is called by its folder's name"
    assert tests.of("src/other.py") == [] and tests.of("src/main.py") == []


def test_a_portrait_as_text_is_literal_and_its_places_are_cited_once() -> None:
    rows = [Row(text=f"\x1b[31mrow {n}", path="a\x07.py", start=n, end=n + 1) for n in range(1, 6)]
    portrait = Portrait(
        path="a.py", kind="file", headline="python",
        says=Row(text="It\nsays", path="a.py", start=1),
        sections=(
            section("Outline", rows, 3),
            Section("Uses", (Row(text="", path="b.py"), Row(text="(2)", path="c.py")), 4, inline=True),
            Section("Risks", (Row(text="none of it is tested"), rows[0])),
            Section("Empty", ()),
        ),
        notes=("git said nothing",),
    )  # fmt: skip
    text = as_text(portrait)
    assert "\x1b" not in text and "Empty" not in text
    assert text.splitlines() == [
        "a.py: python", "“It says” (a.py:1)", "",
        "Outline", "  a␇.py:1-2  row 1", "  a␇.py:2-3  row 2", "  a␇.py:3-4  row 3", "  … 2 more", "",
        "Uses: b.py, c.py (2), … 4 more", "",
        "Risks", "  none of it is tested", "  a␇.py:1-2  row 1", "",
        "… git said nothing",
    ]  # fmt: skip
    assert [(hit.path, hit.start) for hit in hits(portrait)] == [
        ("a.py", 1), ("a\x07.py", 1), ("a\x07.py", 2), ("a\x07.py", 3),
    ]  # fmt: skip

"""Errors of syntax that a change brought."""

from __future__ import annotations

import pytest

from agent_core.changes.model import FileChange
from agent_core.verify.syntax import check_syntax


def errors(path: str, before: str | None, after: str | None) -> list[int]:
    old, new = (None if text is None else text.encode() for text in (before, after))
    return [each.line for each in check_syntax([FileChange(path=path, before=old, after=new)])]


GOOD = {
    "a.py": "def f(x):\n    return [x for x in x]\n",
    "a.json": '{"a": [1, 2]}\n',
    "a.toml": "[a]\nb = 1\n",
    "a.go": "package a\n\nfunc F() int {\n\treturn 1\n}\n",
    "a.rs": "fn f() -> i32 {\n    1\n}\n",
    "a.js": "function f() {\n  return 1;\n}\n",
    "a.ts": "function f(a: number): number {\n  return a;\n}\n",
    "a.c": "int f(void) {\n    return 1;\n}\n",
    "A.java": "class A {\n  int f() { return 1; }\n}\n",
    "a.sh": "if true; then\n  echo a\nfi\n",
}
BAD = {
    "a.py": "def f(x:\n    return x\n",
    "a.json": '{"a": [1, 2}\n',
    "a.toml": "[a\nb = 1\n",
    "a.go": "package a\n\nfunc F() int {\n\treturn 1\n",
    "a.rs": "fn f() -> i32 {\n    1\n",
    "a.js": "function f() {\n  return 1;\n",
    "a.ts": "function f(a: number: number {\n  return a;\n}\n",
    "a.c": "int f(void {\n    return 1;\n}\n",
    "A.java": "class A {\n  int f() { return 1;\n",
    "a.sh": "if true; then\n  echo a\n",
}


@pytest.mark.parametrize("path", GOOD)
def test_good_and_bad(path: str) -> None:
    assert errors(path, None, GOOD[path]) == []
    assert errors(path, GOOD[path], BAD[path])
    assert errors(path, BAD[path], BAD[path] + "\n") == []
    assert errors(path, BAD[path], GOOD[path]) == []
    assert errors(path, GOOD[path], None) == []


def test_the_place_and_the_lines_around_it() -> None:
    (found,) = check_syntax([FileChange(path="a.py", before=b"", after=b"a = 1\nb = (\nc = 2\n")])
    assert (found.path, found.line, found.code, found.source) == ("a.py", 2, "syntax", "b = (")
    assert "'(' was never closed" in found.message
    assert found.excerpt == "1 | a = 1\n2 | b = (\n3 | c = 2"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tsconfig.json", "{ // a comment\n}"),
        (".vscode/extensions.json", "{ /* a */ }"),
        ("notes.txt", "def f(:"),
        ("a.py", "\ufeffx = 1\n"),
        ("a.md", "# a ("),
    ],
)
def test_what_is_not_judged_or_good(path: str, text: str) -> None:
    assert errors(path, None, text) == []


def test_bytes_that_are_no_text() -> None:
    assert check_syntax([FileChange(path="a.py", before=None, after=b"\xff\xfe\0x")]) == ()


def test_another_error_than_before_is_new() -> None:
    assert errors("a.py", "a = (\n", "a = 1\nb = ]\n") == [2]
    assert errors("a.json", "{", '{"a": }') == [1]


def test_what_is_nested_too_deeply_ends() -> None:
    assert errors("a.json", None, "[" * 100_000) == [1]
    assert errors("a.py", None, "(" * 5_000 + ")" * 5_000)

"""What holds for every file, however it looks."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_core.code.model import ParsedFile
from agent_core.code.parse import parse

LISTED = "py pyi js jsx ts tsx go rs java kt scala c h cpp cs rb php sh swift lua md rst txt json yaml toml ?"
EXTENSIONS = LISTED.split()


def rows(text: str) -> list[str]:
    """The lines as `cat` counts them."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def check(parsed: ParsedFile, text: str) -> None:
    """Chunks hold every line that is not blank, in order and once; only an enormous line is in several."""
    lines = rows(text)
    covered: set[int] = set()
    for (start, end), run in groupby(parsed.chunks, lambda chunk: (chunk.start, chunk.end)):
        together = [chunk.text for chunk in run]
        assert max(covered, default=0) < start <= end <= len(lines)
        assert len(together) == 1 or start == end
        assert "".join(together) == "\n".join(lines[start - 1 : end]).removesuffix("\r")
        assert end - start < 80
        assert max(map(len, together)) <= 2500
        covered.update(range(start, end + 1))
    assert {number for number, line in enumerate(lines, 1) if line.strip()} <= covered
    for symbol in parsed.symbols:
        assert 1 <= symbol.start <= symbol.end <= max(len(lines), 1)
        assert len(symbol.signature) <= 200
        assert "\n" not in symbol.signature
        assert symbol.name


SOURCE_LIKE = st.lists(
    st.sampled_from(
        [
            "def f(a):",
            "class A:",
            "    return 1",
            "    def g(self): pass",
            "@dec",
            "# note",
            "}",
            "{",
            "(",
            ")",
            "function f() {",
            "class A {",
            "const x = () => {",
            "module.exports = {",
            "  a() {",
            "export default {",
            "func (s *S) Run() {",
            "type S struct {",
            "impl A for B {",
            "fn a() {",
            "pub mod x {",
            "namespace a {",
            "template <class T>",
            "int A::b() {",
            "public class A {",
            "/** doc",
            " */",
            "// c",
            "#ifdef X",
            "#endif",
            "end",
            "module A",
            "foo() {",
            "fi",
            "<?php",
            "'",
            '"',
            "`",
            '"""',
            "# Title",
            "Title",
            "=====",
            "-----",
            "```",
            "import a",
            "use a::b;",
            "x" * 300,
            "\ufeff",
            "\0",
            "\ud800",
            "é\u2028",
            "\t",
            "a\rb",
            "c\r",
            "",
        ]
    ),
    max_size=60,
).map("\n".join)


@given(text=st.text() | SOURCE_LIKE, extension=st.sampled_from(EXTENSIONS))
@example(text="", extension="py")
@example(text="\n", extension="go")
@example(text="\r\n\r\n", extension="js")
@example(text="\ufeffdef f():\r\n    pass\r\n", extension="py")
def test_every_line_is_in_one_chunk_and_nothing_raises(text: str, extension: str) -> None:
    parsed = parse(f"src/file.{extension}", text)
    check(parsed, text)
    assert parse(f"src/file.{extension}", text) == parsed


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "{\n" * 10_000,
        "class A {\n" * 3_000,
        "class A:\n" + "".join(" " * n + f"class B{n}:\n" for n in range(1, 300)),
        "if (a) {\n" * 2_000 + "}\n" * 2_000,
        "x = " + "+\n".join(["1"] * 20_000),
        "a" * 1_000_000,
        "var a=1;" * 30_000,
        "é" * 3_000 + "\n" + "short\n" * 200,
        "\0" * 5_000 + "\n" + "def f(): pass\n",
        "\ud800\udfff\n" * 500,
        "\r" * 10_000,
        "\t\n" * 10_000,
        "/*" * 5_000 + "\n",
        '"""' + "text\n" * 1_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text(text: str, extension: str) -> None:
    check(parse(f"file.{extension}", text), text)

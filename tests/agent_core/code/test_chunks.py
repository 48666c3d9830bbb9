"""Where files are cut, and what the pieces are called."""

from __future__ import annotations

from agent_core.code.parse import parse
from tests.agent_core.code.shown import chunks, statements


def test_functions_and_classes_are_cut_apart() -> None:
    text = (
        '"""A module."""\n\nimport os\nimport sys\n\nLIMIT = 3\nOTHER = 4\nTHIRD = 5\n\n\n'
        + "def first(a):\n"
        + statements(10)
        + "\n\n# What it is for.\n@cached\ndef second(b):\n"
        + statements(10)
        + "\n\nclass Small:\n    x = 1\n\n    def go(self):\n"
        + statements(10, "        self.x += {n}")
    )
    assert chunks("a.py", text) == [
        "1-8 module",
        "11-21 function first",
        "24-36 function second",
        "39-52 type Small",
    ]


def test_a_large_class_is_its_head_and_its_members() -> None:
    text = (
        'class Large(Base):\n    """What it is."""\n\n'
        + statements(8, "    field{n} = {n}")
        + "\n    def one(self):\n"
        + statements(20, "        self.a += {n}")
        + "\n    @property\n    def two(self):\n"
        + statements(20, "        self.b += {n}")
        + "\n    def tiny(self):\n        return 1\n\n    def wee(self):\n        return 2\n"
        + "\n    def bit(self):\n        return 3\n"
    )
    assert chunks("a.py", text) == [
        "1-11 type Large",
        "13-33 function Large.one",
        "35-56 function Large.two",
        "58-65 type Large",
    ]


def test_a_long_function_is_cut_between_statements_and_keeps_its_name() -> None:
    block = "    if a:\n" + statements(14, "        total = total + {n}")
    text = "def long(a):\n    '''What it does.'''\n" + block * 10
    found = parse("a.py", text).chunks
    assert {chunk.name for chunk in found} == {"long"}
    assert [chunk.start for chunk in found[1:]] == [
        start for start in (chunk.start for chunk in found[1:]) if (start - 3) % 15 == 0
    ]
    assert max(chunk.end - chunk.start for chunk in found) <= 60
    assert min(chunk.end - chunk.start for chunk in found) >= 40


def test_functions_inside_of_a_long_one_have_their_own_chunks() -> None:
    text = (
        "module.exports = {\n    meta: { type: 'problem' },\n\n"
        + "    create(context) {\n        const seen = 1;\n\n"
        + "        /** Whether it is. */\n        function check(node) {\n"
        + statements(40, "            report({n});")
        + "        }\n\n        return {\n            Program(node) {\n"
        + statements(100, "                report({n});")
        + "            }\n        };\n    }\n};\n"
    )
    assert chunks("a.js", text) == [
        "1-5 function create",
        "7-49 function create.check",
        "51-100 function create.Program",
        "101-156 function create.Program",
    ]


def test_one_line_constants_stay_together() -> None:
    text = statements(100, "NAME_{n} = {n}")
    assert chunks("a.py", text) == ["1-48 module", "49-100 module"]


def test_a_comment_belongs_to_what_stands_directly_below_and_a_short_one_over_a_blank_line_too() -> None:
    text = (
        statements(8, "import m{n}")
        + "\n"
        + statements(4, "# A note about the file, line {n}.")
        + "\n# ---- Helpers ----\n\n# Why.\n# What.\ndef f():\n"
        + statements(12)
        + "\n# Another.\n\ndef g():\n"
        + statements(12)
    )
    assert chunks("a.py", text) == ["1-13 module", "15-31 function f", "33-47 function g"]


def test_a_line_on_its_own_goes_with_what_stands_before() -> None:
    text = "class A {\n  go() {\n" + statements(60, "    run({n});") + "  }\n}\nmodule.exports = A;\n"
    assert chunks("a.js", text) == ["1-65 type A"]


def test_a_head_of_two_lines_goes_with_what_follows() -> None:
    text = (
        "class A:\n" + '    """Short."""\n\n    def long(self):\n' + statements(60, "        self.a += {n}")
    )
    assert chunks("a.py", text) == ["1-64 type A"]


def test_a_broken_file_keeps_what_can_be_read() -> None:
    text = (
        "def fine(a):\n"
        + statements(10)
        + "\n\ndef broken(:\n"
        + statements(10)
        + "\n\ndef good(b):\n"
        + statements(10)
    )
    parsed = parse("a.py", text)
    assert parsed.broken
    assert {"fine", "good"} <= {symbol.name for symbol in parsed.symbols}


def test_a_line_that_is_longer_than_a_chunk() -> None:
    text = "a = 1\n" + "b = [" + "1, " * 3000 + "]\nc = 3\n"
    found = parse("a.py", text).chunks
    assert "".join(chunk.text for chunk in found if chunk.start == chunk.end == 2) == text.split("\n")[1]
    assert max(len(chunk.text) for chunk in found) <= 2500
    assert (found[0].text, found[-1].text) == ("a = 1", "c = 3")


def test_minified_code_is_not_parsed() -> None:
    parsed = parse("a.min.js", "function a(){return 1}" * 2000)
    assert (parsed.language, parsed.symbols) == ("javascript", ())
    assert {chunk.kind for chunk in parsed.chunks} == {"window"}


def test_thousands_of_open_brackets_are_not_given_to_a_grammar() -> None:
    parsed = parse("A.java", "a<\n" * 20_000)
    assert parsed.broken
    assert {chunk.kind for chunk in parsed.chunks} == {"window"}


def test_a_parser_that_does_not_come_to_an_end_is_stopped() -> None:
    parsed = parse("a.lua", "/*(\n" * 30_000 + ")\n" * 29_000)
    assert parsed.broken
    assert parsed.chunks


def test_line_ends_of_other_systems() -> None:
    text = "def f():\r\n    return 1\r\n\r\nx = 'a\rb'\r\n"
    (chunk,) = parse("a.py", text).chunks
    assert (chunk.start, chunk.end, chunk.text) == (1, 4, text.removesuffix("\r\n"))
    assert [(symbol.name, symbol.start) for symbol in parse("a.py", text).symbols] == [("f", 1), ("x", 4)]


def test_a_byte_order_mark_does_not_hide_the_first_definition() -> None:
    assert parse("a.py", "\ufeffdef f(): pass\n").symbols[0].name == "f"
    assert parse("A.java", "\ufeffclass A { }\n").symbols[0].name == "A"


def test_an_empty_file_has_no_chunks() -> None:
    for text in ("", "\n", " \n\t\n"):
        assert parse("a.py", text).chunks == ()

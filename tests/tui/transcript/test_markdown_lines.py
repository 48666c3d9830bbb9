from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.widgets.transcript.highlight import Highlighter
from tui.widgets.transcript.lines import Line, Link
from tui.widgets.transcript.markdown import render


def rows(source: str, width: int = 40) -> list[str]:
    return [line.text.rstrip() for line in render(source, width)]


def styles(source: str, text: str, width: int = 60) -> str:
    return next(style for line in render(source, width) for part, style, _ in line.runs if text in part)


def links(source: str) -> list[Link]:
    found = [link for line in render(source, 200) for _, _, link in line.runs if link]
    return list(dict.fromkeys(found))


def test_headings() -> None:
    assert rows("# Big") == ["Big", "━━━"]
    assert rows("text\n## Small\nmore") == ["text", "", "Small", "", "more"]
    assert styles("### x", "x") == "h3"


def test_paragraphs_are_wrapped_and_apart() -> None:
    assert rows("one two three four five\n\nsix", 14) == ["one two three", "four five", "", "six"]


def test_inline_styles_nest() -> None:
    source = "a **bold *both* `code`** ~~gone~~"
    assert styles(source, "bold") == "strong"
    assert styles(source, "both") == "strong em"
    assert styles(source, "code") == "strong code"
    assert styles(source, "gone") == "strike"


def test_lists_nest_and_numbers_align() -> None:
    assert rows("9. nine\n10. ten\n    - deep\n      - deeper") == [
        " 9. nine",
        "10. ten",
        "    ◦ deep",
        "      ▪ deeper",
    ]
    assert rows("- [x] done\n- [ ] open\n- plain") == ["  ☑ done", "  ☐ open", "  • plain"]


def test_wrapped_items_hang() -> None:
    assert rows("- one two three four", 12) == ["  • one two", "    three", "    four"]


def test_a_paragraph_in_an_item_stands_apart() -> None:
    assert rows("1. a\n\n   b") == [" 1. a", "", "    b"]


def test_code_is_a_panel_with_its_language() -> None:
    lines = render("```python\nif x:\n\ty = 'a'\n```", 40)
    assert [line.text for line in lines] == ["  python", "  if x:", "      y = 'a'"]
    assert {line.fill for line in lines} == {"panel"}
    assert [line.lead for line in lines] == [8, 2, 2]
    assert styles("```python\nif x: pass\n```", "if") == "panel kw"


def test_long_code_wraps_at_any_character_and_copies_as_one_line() -> None:
    lines = render("```\n" + "x" * 30 + "\n```", 22)
    assert [line.text.strip() for line in lines] == ["x" * 20, "x" * 10]
    assert lines[1].join == ""


def test_unknown_languages_and_odd_info_are_plain() -> None:
    assert rows("```nosuchlanguage x\na\n```")[0] == "  nosuchlanguage"
    assert rows("```" + "a" * 200 + "\nb\n```", 20)[-1] == "  b"


def test_tables_align_and_fit() -> None:
    table = "| name | n |\n|:--|--:|\n| a | 1 |\n| `bb` cc | 22 |"
    assert rows(table) == ["name  │  n", "──────┼───", "a     │  1", "bb cc │ 22"]
    wide = "| a | b |\n|---|---|\n| " + "word " * 20 + "| " + "other " * 20 + "|"
    assert all(line.cells <= 40 for line in render(wide, 40))
    assert len(render(wide, 40)) > 5


def test_a_table_with_too_many_columns_becomes_records() -> None:
    head = "|" + "|".join(f"column{i}" for i in range(9)) + "|\n|" + "---|" * 9
    shown = rows(head + "\n|" + "|".join(f"value{i}" for i in range(9)) + "|", 30)
    assert shown[:2] == ["column0: value0", "column1: value1"]


def test_ragged_and_empty_tables() -> None:
    assert rows("| a | b |\n|---|---|\n| 1 |") == ["a │ b", "──┼──", "1 │"]
    assert rows("| a |\n|---|") == ["a", "─"]


def test_quotes_keep_their_bar() -> None:
    assert rows("> one two three four\n>\n> next", 12) == ["▎ one two", "▎ three four", "▎", "▎ next"]


def test_rule_and_hard_break() -> None:
    assert rows("a  \nb\n\n---", 10) == ["a", "b", "", "─" * 10]
    assert rows("| a |\n|---|\n| x<br>y |") == ["a", "─", "x", "y"]


def test_html_is_text() -> None:
    assert rows("<script>alert(1)</script> & <b>x</b>", 80) == ["<script>alert(1)</script> & <b>x</b>"]


def test_links_show_where_they_lead() -> None:
    assert rows("[here](https://evil.example/x)", 80) == ["here (https://evil.example/x)"]
    assert rows("<https://example.com/a>", 80) == ["https://example.com/a"]
    assert rows("[x](javascript:alert(1))", 80) == ["[x](javascript:alert(1))"]
    assert links("[here](https://a.example/x)") == [Link("https://a.example/x", url=True)]
    assert links("[code](src/a.py#L3-L9)") == [Link("src/a.py", 3, 9)]


def test_definitions_of_links_stay_visible() -> None:
    assert rows("[a]: https://example.com", 80) == ["[a]: https://example.com"]


@pytest.mark.parametrize("width", [8, 9, 13, 20, 200])
def test_every_width_holds(width: int) -> None:
    source = (
        "# T\n> - a\n>   1. b `c`\n>      ```py\n>      x = 1\n>      ```\n\n"
        "| a | b |\n|-|-|\n| 日本 | x |\n\n" + "> " * 60 + "deep"
    )
    lines = render(source, width)
    assert lines
    assert all(line.cells <= width for line in lines)


def test_deep_nesting_is_bounded() -> None:
    assert len(render("> " * 500 + "x", 80)) < 5
    assert render("- " * 500 + "x", 80)


def numbered(lines: list[list[tuple[str, str, Link | None]]]) -> list[str]:
    return ["".join(run[0] for run in line) for line in lines]


def test_highlighting_in_growing_pieces_equals_all_at_once() -> None:
    body = 'def f():\n    """Doc\n\n    of two."""\n    return "x"  # c\n\n'
    code = body * 40
    whole = Highlighter("python").lines(code)
    growing = Highlighter("python")
    for end in range(0, len(code), 37):
        growing.lines(code[:end])
    assert growing.lines(code) == whole
    assert growing.settled > 100
    assert numbered(whole) == code.split("\n")


def test_highlighting_never_changes_the_text() -> None:
    code = "def (:\n\x00 '''\n" + "x" * 5000 + "\n\t$$ <>&"
    for language in ("python", "json", "html", "bash", "diff", "rust", ""):
        assert numbered(Highlighter(language).lines(code)) == code.split("\n")


def test_lines_have_the_width_they_say() -> None:
    line = Line((("日本", "", None), ("a", "", None)))
    assert line.cells == cell_len(line.text) == 5

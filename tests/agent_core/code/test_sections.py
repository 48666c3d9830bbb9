"""Sections of Markdown and reStructuredText."""

from __future__ import annotations

from agent_core.code.parse import parse
from tests.agent_core.code.shown import chunks, statements, symbols


def test_sections_of_markdown_have_the_path_of_their_headings() -> None:
    text = (
        "# Title\n\n"
        + statements(10, "Intro {n}.")
        + "\n## Install `it`\n\n"
        + statements(10, "Step {n}.")
        + "\n### On [Linux](https://example.org)\n\n"
        + statements(10, "Do {n}.")
        + "\nUse\n---\n\n"
        + statements(10, "Say {n}.")
    )
    assert chunks("a.md", text) == [
        "1-12 section Title",
        "14-25 section Title > Install it",
        "27-38 section Title > Install it > On Linux",
        "40-52 section Title > Use",
    ]
    assert symbols("a.md", text) == [
        "section Title 1-52",
        "section Title > Install it 14-39",
        "section Title > Install it > On Linux 27-39",
        "section Title > Use 40-52",
    ]


def test_what_is_in_fences_and_front_matter_is_no_heading() -> None:
    text = (
        "---\ntitle: x\n---\n# Real\n\n```sh\n# a comment\n````\n~~~\n# still\n```\n"
        "~~~ text\n# no\n~~~\n\n- item\n---\n\n| a |\n---\n"
    )
    assert symbols("a.md", text) == ["section Real 4-20"]


def test_tiny_sections_of_one_parent_stay_together() -> None:
    text = "# Changes\n\n" + "".join(f"## 1.{n}\n\n- one thing\n\n" for n in range(4))
    assert chunks("a.md", text) == ["1-17 section Changes"]


def test_a_long_section_is_cut_into_windows_that_keep_its_name() -> None:
    parsed = parse("a.md", "# Long\n\n" + statements(200, "A line of prose number {n}.\n"))
    assert len(parsed.chunks) > 3
    assert {(chunk.kind, chunk.name) for chunk in parsed.chunks} == {("section", "Long")}


def test_sections_of_restructured_text() -> None:
    text = (
        ".. _label:\n\n=====\nTitle\n=====\n\n"
        + statements(10, "Intro {n}.")
        + "\nFirst part\n==========\n\n"
        + statements(10, "Say {n}.")
        + "\nDeeper\n------\n\n::\n\n    Not a title\n    -----------\n\n"
        + statements(8, "Say {n}.")
        + "\nSecond\n======\n\n=====  =====\nA      B\n=====  =====\n1      2\n=====  =====\n"
        + "\n----\n\nAfter.\n"
    )
    assert symbols("a.rst", text) == [
        "section Title 3-60",
        "section Title > First part 18-48",
        "section Title > First part > Deeper 32-48",
        "section Title > Second 49-60",
    ]
    assert chunks("a.rst", text) == [
        "1-16 section Title",
        "18-30 section Title > First part",
        "32-47 section Title > First part > Deeper",
        "49-60 section Title > Second",
    ]

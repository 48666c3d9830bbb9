"""Text of files as blocks of Markdown."""

from __future__ import annotations

import pytest

from agent_core.agent.markdown import fenced


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/app.py", "python"),
        ("web/view.js", "javascript"),
        ("Rakefile", "ruby"),
        ("x.diff", "diff"),
        ("notes.Odd1", ""),
        ("LICENSE", ""),
        ("", ""),
    ],
)
def test_a_block_is_headed_by_the_language_of_its_file(path: str, language: str) -> None:
    assert fenced("a", path) == f"```{language}\na\n```"


def test_no_line_of_a_block_ends_it() -> None:
    assert fenced("```\n````", "a.md") == "`````markdown\n```\n````\n`````"

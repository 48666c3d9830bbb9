"""The page about the design: every screen is on it, as the tests draw it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.docs.blocks import ROOT
from tests.tui.test_every_screen import LOOKS

PAGE = (ROOT / "docs" / "design.md").read_text()


def test_every_screen_is_shown() -> None:
    shown = set(re.findall(r"test_screen%5B([a-z-]+)-\d+x\d+%5D", PAGE))
    assert set(LOOKS) == shown


def test_every_picture_is_a_golden_one() -> None:
    pictures = [unquote(path) for path in re.findall(r"!\[[^\]]+\]\(\.\./([^)]+)\)", PAGE)]
    assert len(pictures) > len(LOOKS) and all((ROOT / path).is_file() for path in pictures)


def test_what_it_says_of_each() -> None:
    """Under each screen stands what was wrong with it, or that nothing was."""
    for part in PAGE.partition("## Every screen")[2].split("\n### ")[1:]:
        assert "![" in part and "\n- " in part, part.splitlines()[0]

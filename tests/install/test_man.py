"""The manual page lies where `man` looks."""

from __future__ import annotations

import zipfile

import pytest

from tests.install.conftest import Dist

pytestmark = pytest.mark.install


def test_the_wheel_has_the_manual_page_under_both_names(dist: Dist) -> None:
    names = zipfile.ZipFile(dist.wheel).namelist()
    for name in ("dspy-tui.1", "dspy-agent.1"):
        assert any(one.endswith(f".data/data/share/man/man1/{name}") for one in names)

"""The page on learning says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from agent_core.rl.api import PARTS, SAFE_TOOLS
from agent_core.rl.bandit.drawing import FLOOR
from agent_core.rl.bandit.thompson import BOLDNESS
from agent_core.rl.config import POLICIES, RlConfig
from agent_core.rl.credit import TURNS_KEPT
from agent_core.rl.features import FEATURES
from agent_core.rl.store.log import KEPT, ROTATE_AT

PAGE = (Path(__file__).parents[3] / "docs" / "learning.md").read_text()


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_feature_is_explained_in_the_words_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", _section("What it looks at"), re.MULTILINE)
    assert rows == [(feature.name, feature.meaning, feature.words) for feature in FEATURES]


def test_every_part_has_its_weight() -> None:
    rows = re.findall(r"^\| (\w+) \| .+? \| ([−.\d]+) \|$", PAGE, re.MULTILINE)
    assert {name: float(weight.replace("−", "-")) for name, weight in rows} == PARTS


def test_policies_tools_and_bounds() -> None:
    assert set(re.findall(r"^\| `([\w-]+)`(?: \(default\))? \| .+? \| .*\|$", PAGE, re.MULTILINE)) >= set(
        POLICIES
    )
    assert f"`epsilon` ({RlConfig().epsilon:g})" in PAGE and f"`ucb_c` ({RlConfig().ucb_c:.2f})" in PAGE
    assert ", ".join(f"`{tool}`" for tool in SAFE_TOOLS) in PAGE.replace("\n", " ")
    assert f"a floor of {FLOOR:.1%}".replace("%", " %") in PAGE
    assert BOLDNESS == 1 / 5 and "a fifth of the doubt" in PAGE
    assert f"{ROTATE_AT // 1024 // 1024} MiB" in PAGE and KEPT == 3 and "three older ones" in PAGE
    assert TURNS_KEPT == 2 and "two more turns" in PAGE

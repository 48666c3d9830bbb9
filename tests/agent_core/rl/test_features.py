"""Features: named, bounded, and what they say of a question."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.index.api import IndexStatus
from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.features import BIAS, FEATURES, NAMES, WORDS, extract
from agent_core.rl.rules import RULES, in_general
from agent_core.rl.situation import Situation


@pytest.mark.parametrize(
    ("asked", "present", "absent"),
    [
        ("where is parse_config defined", {"where", "symbol"}, {"plain", "path", "pattern"}),
        ("Where is `parse_config` used?", {"where", "symbol"}, {"plain", "pattern"}),
        ("why does it fail in tests/test_config.py", {"why", "path", "error", "tests"}, {"symbol", "plain"}),
        ("explain main.rs", {"what", "path"}, {"symbol", "plain"}),
        ("how are retries with a back-off done", {"how", "plain"}, {"symbol", "path", "pattern"}),
        ("what is the structure of this project", {"what", "structure"}, {"path"}),
        ('who prints "connection reset by peer"', {"pattern"}, {"plain"}),
        (r"grep for foo.*bar", {"pattern"}, {"plain"}),
        ("what went wrong in production last night", {"what", "error", "logs"}, {"symbol"}),
        ("a ConnectError, e.g. in the client", {"error", "symbol"}, {"path"}),
        ("", {"nothing_asked"}, {"plain", "long"}),
        ("   ", {"nothing_asked"}, {"plain", "long"}),
    ],
)
def test_a_question_has_its_features(asked: str, present: set[str], absent: set[str]) -> None:
    found = extract(Situation(asked=asked)).keys()
    assert present <= found
    assert not absent & found


def test_facts_beside_the_question() -> None:
    index = IndexStatus(phase="ready", files=10, chunks=100, embedded=25, behind=9)
    situation = Situation(
        asked="add a retry", wants_change=True, mentions=1, failed=True, cited=9, recent=("tree", "grep"),
        log_errors=1_000, log_new=1, changed=3, index=index,
    )  # fmt: skip
    found = extract(situation)
    full = {"change", "path", "failed", "cited", "log_errors", "searched", "looked"}
    assert all(found[name] == 1.0 for name in full)
    assert found["no_vectors"] == 0.75
    assert 0 < found["log_new"] < found["changed"] < found["behind"] < 0.6
    assert "no_index" not in found


def test_of_an_index_that_is_not_opened_yet_nothing_is_said() -> None:
    about = {"no_index", "no_vectors", "behind"}
    assert not about & extract(Situation(asked="where is port?", index=IndexStatus(), unread=True)).keys()
    assert about & extract(Situation(asked="where is port?", index=IndexStatus())).keys()


def test_only_the_last_tools_count() -> None:
    assert "searched" not in extract(Situation(recent=("plan", "index", "ls", "grep")))


@settings(deadline=None, max_examples=100)
@given(
    st.builds(
        Situation,
        asked=st.text(max_size=300), mentions=st.integers(-1, 9), wants_change=st.booleans(),
        cited=st.integers(-5, 10**9), failed=st.booleans(),
        recent=st.lists(st.sampled_from([*SAFE_TOOLS, "edit"])).map(tuple),
        log_errors=st.none() | st.integers(-5, 10**12), log_new=st.none() | st.integers(-5, 10**12),
        changed=st.none() | st.integers(-5, 10**12),
        index=st.none() | st.builds(IndexStatus, files=st.integers(0, 9), chunks=st.integers(0, 9),
                                    embedded=st.integers(0, 20), behind=st.integers(0, 10**9)),
    )
)  # fmt: skip
def test_features_are_named_bounded_and_the_same_every_time(situation: Situation) -> None:
    found = extract(situation)
    assert found == extract(situation)
    assert list(found) == [name for name in NAMES if name in found]
    assert all(0 < value <= 1 for value in found.values())
    assert found[BIAS] == 1.0


def test_every_feature_is_explained_once() -> None:
    assert len(set(NAMES)) == len(set(WORDS.values())) == len(FEATURES)
    assert 18 <= len(FEATURES) <= 28
    assert all(feature.meaning and re.fullmatch(r"[a-z_]+", feature.name) for feature in FEATURES)


def test_rules_speak_of_what_there_is() -> None:
    assert set(RULES) == set(SAFE_TOOLS)
    assert all(set(weights) <= set(NAMES) - {BIAS} for weights in RULES.values())
    assert sorted(SAFE_TOOLS, key=in_general, reverse=True) == list(SAFE_TOOLS)

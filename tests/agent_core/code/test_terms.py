from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.code.terms import analyse, split, stem, stems_of


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("parseHTTPUrl2", ("parse", "http", "url", "2")),
        ("snake_case", ("snake", "case")),
        ("MAX_SIZE", ("max", "size")),
        ("HTTPTransport", ("http", "transport")),
        ("no-console", ("no", "console")),
    ],
)
def test_identifiers_are_split(word: str, parts: tuple[str, ...]) -> None:
    assert split(word) == parts


@pytest.mark.parametrize(
    "forms",
    [
        ("retry", "retries", "retried", "retrying"),
        ("redirect", "redirects", "redirected", "redirecting"),
        ("stop", "stops", "stopped", "stopping"),
        ("configuration", "configurations"),
        ("parse", "parser", "parses", "parsed", "parsing"),
    ],
)
def test_the_forms_of_a_word_meet(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_stem_is_a_beginning_of_its_word(word: str) -> None:
    assert word.startswith(stem(word)) and stem(word)


def test_a_question_is_analysed() -> None:
    query = analyse("Where does `self._cache[` get invalidated by parse_config?")
    assert query.phrases == ("self._cache[",) and "parse_config" in query.identifiers
    assert {"invalidat", "cach", "pars", "config"} <= set(query.stems)
    assert not {"where", "does", "get"} & set(query.stems)
    assert analyse("what is this").stems, "only filler is still searched for"
    assert not analyse("").stems and not analyse("?!").stems


def test_stems_of_a_path() -> None:
    assert stems_of("src/_pytest/monkeypatch.py") == ["src", "pytest", "monkeypatch", "py"]

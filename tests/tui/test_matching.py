"""How well names fit what is typed."""

from __future__ import annotations

from time import perf_counter

import pytest

from tui.matching import fit
from tui.palette import Offer, ranked


def costs(query: str, *names: str) -> list[str]:
    found = [(its.cost, name) for name in names if (its := fit(query, name)) is not None]
    return [name for _, name in sorted(found)]


@pytest.mark.parametrize(
    ("query", "best", "others"),
    [
        ("stack", "Stack", ("stack_dir", "fullstack", "Cookies.extract_cookies")),
        ("conf", "config", ("load_config", "sslconfig", "cut_on_files")),
        ("client", "ClientState", ("BaseClient", "subclients", "call_in_event")),
        ("search code", "Search code", ("code that searches", "research encoder")),
    ],
)
def test_the_nearest_is_the_best(query: str, best: str, others: tuple[str, ...]) -> None:
    assert costs(query, *reversed(others), best) == [best, *others]


def test_every_word_has_to_be_there_and_letters_are_told() -> None:
    assert fit("search cude", "Search code") is None
    assert fit("xyz", "Search code") is None
    found = fit("s code", "Search code")
    assert found is not None and found.at == {0, 7, 8, 9, 10}
    found = fit("ac", "a b a c")
    assert found is not None and found.at == {4, 6}, "the letters nearest to each other"


def test_text_is_taken_as_it_is() -> None:
    """Neither markup nor capitals that are two small letters move anything."""
    found = fit("stop", "İ [/] [red]İstop[/red]")
    assert found is not None and sorted(found.at) == [12, 13, 14, 15]
    assert fit("[/]", "fix [/] here") is not None


def test_a_long_text_of_the_same_letters_takes_no_time() -> None:
    start = perf_counter()
    assert fit("aabaabaabaab " * 4, "ab" * 50_000) is not None
    assert perf_counter() - start < 5, "and not for ever"


def test_kinds_and_what_is_done_find_what_names_do_not() -> None:
    offers = [
        Offer("Theme", "nord", "its colours", print),
        Offer("Setting", "theme", "colours of the screen", print),
        Offer("", "Light or dark", "another theme", print),
    ]
    assert [found.offer.name for found in ranked("theme", offers)] == ["theme", "nord", "Light or dark"]
    assert [found.offer.name for found in ranked("theme: nord", offers)] == ["nord"]

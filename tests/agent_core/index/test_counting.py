"""Terms of many texts counted at once: the same as one text after another."""

from __future__ import annotations

import random

from agent_core.index.counting import TermCounter, Vocabulary
from agent_core.index.passage import counted, words_of
from agent_core.index.postings import MOST_COUNT

WORDS = (
    "parseHTTPUrl",
    "parse_http_url",
    "retries",
    "retry",
    "foo_foo",
    "x",
    "2",
    "404",
    "Zebra",
    "über",
    "a_b",
)


def test_it_is_as_when_each_text_is_counted_alone() -> None:
    rng = random.Random(3)
    texts = ["", *(" ".join(rng.choices(WORDS, k=rng.randrange(40))) for _ in range(50)), "", "x"]
    vocabulary = Vocabulary()
    before = TermCounter(vocabulary)
    before.add(["carbon", "retry", "parseHTTPUrl"])
    before.build()
    counter = TermCounter(vocabulary)
    for text in texts:
        counter.add(words_of(text))
    found = counter.build()
    wanted = [dict(zip(one.terms, one.counts, strict=True)) for one in map(counted, texts)]
    assert found.lengths == [sum(one.values()) for one in wanted]
    assert set(found.postings.names()) == {term for one in wanted for term in one}
    for term in found.postings.names():
        documents, counts = found.postings.get(term)
        assert dict(zip(documents.tolist(), counts.tolist(), strict=True)) == {
            number: one[term] for number, one in enumerate(wanted) if term in one
        }
        assert documents.tolist() == sorted(documents.tolist())
        held = found.postings.within(term, 10, 20).tolist()
        assert held == [number for number in documents.tolist() if 10 <= number < 30]


def test_terms_are_taken_as_they_are() -> None:
    counter = TermCounter(Vocabulary())
    counter.add(["=zebracrossing", "==Zebra", "zebra_crossing"])
    found = counter.build()
    assert found.postings.get("=zebracrossing")[1].tolist() == [2]
    assert found.postings.get("==Zebra")[1].tolist() == [1]


def test_a_count_ends_where_a_byte_does() -> None:
    counter = TermCounter(Vocabulary())
    counter.add(["zebra"] * 1000)
    found = counter.build()
    assert found.postings.get("zebra")[1].tolist() == [MOST_COUNT]
    assert found.lengths == [MOST_COUNT]


def test_nothing_is_nothing() -> None:
    assert TermCounter(Vocabulary()).build().lengths == []

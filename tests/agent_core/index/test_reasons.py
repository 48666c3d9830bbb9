"""Why a file was found, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent_core.index.graph import Graph
from agent_core.index.question import read_question
from agent_core.index.rank import RankedFile
from agent_core.index.reasons import reasons
from tests.agent_core.index.ranking import SHOP, give_vectors, image_of, ranked


def found(root: Path, text: str) -> dict[str, RankedFile]:
    return {file.entry.row.path: file for file in ranked(image_of(root, SHOP), text)}


def test_names_words_and_paths_are_reasons(tmp_path: Path) -> None:
    text = "RetryPolicy waits for its backoff"
    why = reasons(found(tmp_path, text)["src/retry.py"], read_question(text))
    assert "defines RetryPolicy" in why
    assert any(reason.startswith("speaks of ") and "backoff" in reason for reason in why)
    text = "retry.py"
    assert "called retry.py" in reasons(found(tmp_path, text)["src/retry.py"], read_question(text))


def test_the_weightiest_reason_comes_first(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    others = {path: (1, 0, 0, 0) for path in SHOP if path != "src/cart.py"}
    give_vectors(image, {**others, "src/cart.py": (0, 1, 0, 0)})
    text = "purchases"
    [cart] = ranked(image, text, np.array([0.0, 1.0, 0.0, 0.0]))
    assert reasons(cart, read_question(text)) == ("close in meaning",)


def test_links_name_what_connects(tmp_path: Path) -> None:
    text = "exponential jitter"
    image = image_of(tmp_path, SHOP)
    graph = Graph(image)
    client = {file.entry.row.path: file for file in ranked(image, text)}["src/client.py"]
    [used] = graph.used(client.entry)
    why = reasons(client, read_question(text), link=graph.written(client.entry, used))
    assert why == ("uses what src/retry.py defines: RetryPolicy",)


def test_a_twin_is_a_reason(tmp_path: Path) -> None:
    text = "checkout vouchers"
    why = reasons(found(tmp_path, text)["src/cart.py"], read_question(text))
    assert why == ("its test or document speaks of it",)


def test_vectors_alone_do_not_speak_of_words_or_dates(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    others = {path: (1, 0, 0, 0) for path in SHOP if path != "src/retry.py"}
    give_vectors(image, {**others, "src/retry.py": (0, 1, 0, 0)})
    text = "RetryPolicy waits for its backoff"
    vector = np.array([0.0, 1.0, 0.0, 0.0])
    first, *rest = ranked(image, text, vector, mode="vector")
    assert first.entry.row.path == "src/retry.py"
    assert reasons(first, read_question(text), days=0) == ("close in meaning",)
    assert {reasons(file, read_question(text), days=0) for file in rest} == {
        ("less near in meaning than most",)
    }


def test_what_is_only_rather_near_says_so(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    give_vectors(image, {path: (1, number / 10, 0, 0) for number, path in enumerate(sorted(SHOP))})
    text = "zebra"
    found = ranked(image, text, np.array([0.0, 1.0, 0.0, 0.0]))
    assert ("nearer in meaning than most",) in {reasons(file, read_question(text)) for file in found}

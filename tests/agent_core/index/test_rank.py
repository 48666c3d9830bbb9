"""The ranking: what comes first, and what changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent_core.index.digest import digest
from agent_core.index.question import read_question
from agent_core.index.rank import Ranker
from tests.agent_core.index.ranking import SHOP, give_vectors, image_of, paths, ranked, write
from tests.agent_core.index.workspaces import make

TOWARDS_CART = np.array([0.0, 1.0, 0.0, 0.0])


def test_source_comes_before_the_tests_that_speak_more_of_it(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    assert paths(ranked(image, "retry with backoff"))[0] == "src/retry.py"
    assert "tests/test_retry.py" in paths(ranked(image, "retry with backoff"))


def test_tests_come_first_when_they_are_asked_for(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    assert paths(ranked(image, "which tests cover retry and backoff"))[0] == "tests/test_retry.py"


def test_tests_can_count_in_full(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    assert paths(ranked(image, "backoff grows"))[0] == "src/retry.py"
    assert paths(ranked(image, "backoff grows", tests=True))[0] == "tests/test_retry.py"


def test_tests_can_be_left_out(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    assert "tests/test_retry.py" not in paths(
        ranked(image, "which tests cover retry and backoff", tests=False)
    )


def test_files_for_which_nothing_speaks_are_left_out(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    assert paths(ranked(image, "vouchers")) == ["docs/cart.md", "src/cart.py"], "the second by its document"
    assert ranked(image, "submarine") == []
    assert ranked(image, "") == []


def test_unrelated_files_do_not_change_the_order(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    questions = ("retry with backoff", "total price of the cart", "HttpClient request", "policy attempt")
    before = [paths(ranked(image, question)) for question in questions]
    make(tmp_path / "other", 30)
    write(tmp_path, {"other/about.md": "# Something else\n"})
    image = image_of(tmp_path, {})
    after = [
        [path for path in paths(ranked(image, question)) if not path.startswith("other/")]
        for question in questions
    ]
    assert after == before


def test_what_was_changed_is_ranked_as_in_a_fresh_index(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    ranker = Ranker(image)
    give_vectors(image, dict.fromkeys(SHOP, (1, 0, 0, 0)))
    paths(ranked(image, "retry"))
    write(tmp_path, {"src/cart.py": SHOP["src/retry.py"], "src/retry.py": SHOP["src/cart.py"]})
    (tmp_path / "docs/cart.md").unlink()
    image.take(digest(tmp_path, ["src/cart.py", "src/retry.py", "docs/cart.md"]))
    fresh = image_of(tmp_path, {})
    for question in ("retry backoff", "price of items", "vouchers"):
        expected = paths(ranked(fresh, question))
        assert paths(ranked(image, question)) == expected
        assert paths(ranker.rank(read_question(question), None, limit=50)) == expected


def test_vectors_find_what_is_said_in_other_words(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    give_vectors(
        image,
        {
            "src/cart.py": (0, 1, 0, 0),
            "src/retry.py": (1, 0, 0, 0),
            "src/client.py": (1, 0.2, 0, 0),
            "tests/test_retry.py": (1, 0.1, 0, 0),
            "docs/cart.md": (0.9, 0, 0.1, 0),
        },
    )
    assert paths(ranked(image, "purchases", TOWARDS_CART))[0] == "src/cart.py"
    assert paths(ranked(image, "purchases", TOWARDS_CART, mode="vector"))[0] == "src/cart.py"
    assert ranked(image, "purchases") == []


def test_files_without_vectors_are_not_pushed_down(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    lexical = paths(ranked(image, "retry with backoff"))
    for having in (("src/cart.py",), ("src/client.py", "docs/cart.md"), ("src/retry.py",)):
        give_vectors(image, dict.fromkeys(having, (0, 1, 0, 0)))
        assert paths(ranked(image, "retry with backoff", TOWARDS_CART))[0] == lexical[0]


def test_few_vectors_do_not_lift_files_over_those_that_words_speak_for(tmp_path: Path) -> None:
    others = {f"src/part_{number}.py": f"# retry {number}\n" + "x = 1\n" * number for number in range(30)}
    image = image_of(tmp_path, {**SHOP, **others})
    question = "exponential backoff with jitter: retry"
    lexical = paths(ranked(image, question))
    assert lexical[0] == "src/retry.py"
    give_vectors(image, {"src/part_3.py": (0, 1, 0, 0), "src/cart.py": (1, 0, 0, 0)})
    assert paths(ranked(image, question, TOWARDS_CART))[0] == "src/retry.py"
    every = {path: (1.0, 0.02 * place, 0.0, 0.0) for place, path in enumerate(image.files)}
    give_vectors(image, {**every, "src/part_3.py": (0, 1, 0, 0)})
    assert paths(ranked(image, question, TOWARDS_CART)).index("src/part_3.py") < lexical.index(
        "src/part_3.py"
    )


def test_by_vectors_alone_files_without_them_are_not_found(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    give_vectors(image, {"src/cart.py": (0, 1, 0, 0), "src/retry.py": (1, 0, 0, 0)})
    found = paths(ranked(image, "retry", TOWARDS_CART, mode="vector"))
    assert found == ["src/cart.py", "src/retry.py"], "also what is less near than most, last"
    image.drop_vectors(embedder="none", dims=4)
    assert ranked(image, "retry", TOWARDS_CART, mode="vector") == []


def test_the_best_chunk_of_a_file_comes_first(tmp_path: Path) -> None:
    parts = [
        f'def {name}(value):\n    """Handle {name}."""\n' + f"    {name} = value\n" * 20
        for name in ("alpha", "bravo", "carbon")
    ]
    image = image_of(tmp_path, {"many.py": "\n\n".join(parts)})
    found = ranked(image, "bravo")[0]
    chunk = found.entry.row.chunks[found.parts[0].chunk - found.entry.first]
    assert chunk.name == "bravo"


def test_the_limit_holds(tmp_path: Path) -> None:
    make(tmp_path, 30)
    image = image_of(tmp_path, {})
    every = paths(ranked(image, "alpha bravo carbon delta"))
    assert len(every) > 5
    assert paths(ranked(image, "alpha bravo carbon delta", limit=5)) == every[:5]

"""What words say for files: names however they are written, rarity where it counts, what was saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.index.image import Image
from tests.agent_core.index.ranking import SHOP, image_of, paths, ranked
from tests.agent_core.index.workspaces import postings_of


@pytest.mark.parametrize("written", ["parseHTTPUrl", "parse_http_url", "PARSE_HTTP_URL", "parse-http-url"])
def test_names_that_are_written_otherwise_meet(tmp_path: Path, written: str) -> None:
    image = image_of(
        tmp_path,
        {
            "a.py": "def parse_http_url(text):\n    return text\n",
            "b.py": "def parse_file(text):\n    url = http = text\n    return url, http, 'parse http url'\n",
        },
    )
    found = ranked(image, written)
    assert paths(found)[0] == "a.py"
    assert found[0].features["defined"] == 1.0


def test_forms_of_a_word_meet(tmp_path: Path) -> None:
    image = image_of(tmp_path, {"a.py": "# it retries\n", "b.py": "# it stops\n"})
    for word in ("retry", "retrying", "retried"):
        assert paths(ranked(image, word)) == ["a.py"]


def test_a_file_that_is_called_like_the_question_says_comes_first(tmp_path: Path) -> None:
    image = image_of(
        tmp_path, {"src/rate_limit.py": "LIMIT = 1\n", "src/other.py": "# rate_limit, rate limit, limit\n"}
    )
    found = ranked(image, "rate_limit.py is ignored")
    assert paths(found)[0] == "src/rate_limit.py"
    assert found[0].features["stem"] == 1.0


def test_rarity_is_counted_where_it_is_looked_for(tmp_path: Path) -> None:
    """A word that every test holds may be the one that tells the sources apart."""
    tests = {f"tests/test_{number}.py": "def test_it():\n    assert session\n" for number in range(20)}
    sources = {f"src/part_{number}.py": "def run():\n    return request\n" for number in range(6)}
    image = image_of(
        tmp_path,
        {**tests, **sources, "src/a.py": "# session request request request\n", "src/b.py": "# request\n"},
    )
    assert paths(ranked(image, "request of a session"))[0] == "src/a.py"


def test_of_long_files_words_count_less(tmp_path: Path) -> None:
    padding = "".join(f"other_{number} = {number}\n" for number in range(400))
    image = image_of(tmp_path, {"long.py": f"# voucher\n{padding}", "short.py": "# voucher\n"})
    assert paths(ranked(image, "voucher")) == ["short.py", "long.py"]


def test_the_order_is_the_same_after_saving(tmp_path: Path) -> None:
    image = image_of(tmp_path / "shop", SHOP)
    before = [paths(ranked(image, question)) for question in ("retry backoff", "cart", "RetryPolicy")]
    image.save(tmp_path / "saved")
    read = Image.load(tmp_path / "saved")
    assert [paths(ranked(read, question)) for question in ("retry backoff", "cart", "RetryPolicy")] == before


def test_terms_are_words_whatever_is_taken_for_a_name(tmp_path: Path) -> None:
    listeners = 'export default { create() { return { [[\n"A > B.left",\n"C.exported"\n]](node) {} }; } };\n'
    image = image_of(
        tmp_path / "files", {"a.js": listeners, "b.js": 'x = { "odd\\nname": () => { y(); } };\n'}
    )
    terms = {term for _, term, _ in postings_of(image)}
    assert terms
    assert all(term.isprintable() and " " not in term for term in terms)
    image.save(tmp_path / "saved")
    assert postings_of(Image.load(tmp_path / "saved")) == postings_of(image)

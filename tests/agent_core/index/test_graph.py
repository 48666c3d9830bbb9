"""The knowledge graph and what the ranking takes from it."""

from __future__ import annotations

from pathlib import Path

from agent_core.index.digest import digest
from agent_core.index.graph import Graph
from agent_core.index.question import read_question
from agent_core.index.rank import Ranker
from tests.agent_core.index.ranking import SHOP, image_of, paths, ranked, write


def test_files_are_connected_by_what_they_define_and_use(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    graph = Graph(image)
    retry, client = image.files["src/retry.py"], image.files["src/client.py"]
    users = {neighbour.path: neighbour for neighbour in graph.users(retry)}
    assert set(users) == {"src/client.py", "tests/test_retry.py"}
    assert not users["src/client.py"].uses
    [used] = graph.used(client)
    assert (used.path, used.uses) == ("src/retry.py", True)
    assert graph.written(client, used).names == ("RetryPolicy",)
    assert graph.written(retry, users["src/client.py"]).names == ("RetryPolicy",)
    assert graph.users(image.files["src/cart.py"]) == []


def test_documents_are_no_neighbours(tmp_path: Path) -> None:
    image = image_of(tmp_path, {**SHOP, "docs/guide.md": "# Guide\n\nUse `RetryPolicy`.\n"})
    graph = Graph(image)
    retry = image.files["src/retry.py"]
    assert "docs/guide.md" not in {neighbour.path for neighbour in graph.users(retry)}
    assert graph.fan_in()[retry.number] == 2


def test_the_graph_finds_what_the_best_files_are_made_of(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    assert "src/retry.py" not in paths(ranked(image, "HttpClient"))
    found = ranked(image, "HttpClient", mode="graph")
    assert paths(found)[:2] == ["src/client.py", "src/retry.py"]
    assert found[1].features["used"] > 0


def test_names_that_many_define_connect_nobody(tmp_path: Path) -> None:
    files = {f"src/m{number}.py": "def set_up():\n    return 1\n" for number in range(5)}
    image = image_of(tmp_path, {**files, "src/user.py": "set_up()\n"})
    assert Graph(image).used(image.files["src/user.py"]) == []


def test_the_graph_follows_changes(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    graph = Graph(image)
    assert graph.fan_in()[image.files["src/retry.py"].number] == 2
    write(tmp_path, {"src/cart.py": "from src.retry import RetryPolicy\n"})
    image.take(digest(tmp_path, ["src/cart.py"]))
    assert graph.fan_in()[image.files["src/retry.py"].number] == 3
    (tmp_path / "src/client.py").unlink()
    image.take(digest(tmp_path, ["src/client.py"]))
    assert graph.fan_in()[image.files["src/retry.py"].number] == 2
    assert [neighbour.path for neighbour in graph.used(image.files["src/cart.py"])] == ["src/retry.py"]


def test_what_uses_the_best_files_is_found_with_them(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    found = {file.entry.row.path: file for file in ranked(image, "exponential jitter")}
    assert list(found)[:2] == ["src/retry.py", "src/client.py"]
    assert found["src/client.py"].features["uses"] > 0
    assert found["src/client.py"].features["file"] == 0


def test_a_document_speaks_for_the_file_of_its_name(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    found = {file.entry.row.path: file for file in ranked(image, "checkout vouchers")}
    assert found["src/cart.py"].features["twin"] > 0
    assert found["src/cart.py"].features["file"] == 0


def test_links_of_files_that_changed_a_little_stay(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    ranker = Ranker(image)
    question = read_question("exponential jitter")
    before = paths(ranker.rank(question, None, limit=9))
    for step in range(3):
        write(tmp_path, {"src/retry.py": f"# change {step}\n" + SHOP["src/retry.py"]})
        image.take(digest(tmp_path, ["src/retry.py"]))
        assert paths(ranker.rank(question, None, limit=9)) == before
    image.compact()
    assert paths(ranker.rank(question, None, limit=9)) == before
    (tmp_path / "src/client.py").unlink()
    image.take(digest(tmp_path, ["src/client.py"]))
    assert paths(ranker.rank(question, None, limit=9)) == [path for path in before if "client" not in path]


def test_new_links_count_when_much_is_new(tmp_path: Path) -> None:
    image = image_of(tmp_path, SHOP)
    ranker = Ranker(image)
    question = read_question("exponential jitter")
    ranker.rank(question, None, limit=9)
    users = {f"more/user_{number}.py": "policy = RetryPolicy()\n" for number in range(80)}
    write(tmp_path, users)
    image.take(digest(tmp_path, sorted(users)))
    assert set(users) <= set(paths(ranker.rank(question, None, limit=200)))


def test_the_title_of_a_test_defines_nothing(tmp_path: Path) -> None:
    suite = "describe('getBoundingBox', () => {\n  it('isEmpty', () => {});\n});\n"
    image = image_of(tmp_path, {"a.test.js": suite, "src/user.js": "getBoundingBox(isEmpty);\n"})
    assert Graph(image).used(image.files["src/user.js"]) == []

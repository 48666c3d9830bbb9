"""Upkeep of the store: disk stays bounded, nothing is lost by it, long unused things go."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.index import store_maintenance, store_vectors
from agent_core.index.rows import ChunkRow
from agent_core.index.store import Store
from tests.fakes.chunks import OTHER, SMALL, hash_of, put, row, vector_of, vectors_of
from tests.fakes.tables import Tables


def file_rows(path: str, generation: int, count: int = 20) -> list[ChunkRow]:
    return [
        row(path, f"{path} {generation} {number} " + f"word{number} " * 80, file_hash=str(generation))
        for number in range(count)
    ]


def texts(rows: list[ChunkRow]) -> list[str]:
    return [found.text for found in rows]


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "lance")


def test_upkeep_is_due_after_some_commits_also_of_an_earlier_run(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_maintenance, "_COMMITS", 8)
    store = Store.open(place, embedder=None)
    for number in range(4):
        store.apply([row("a.py", f"text {number}")], paths=["a.py"])
    assert not store.maintain()
    store = Store.open(place, embedder=None)
    for number in range(4):
        store.apply([row("a.py", f"more {number}")], paths=["a.py"])
    assert store.maintain()
    assert Tables(place).versions == 1
    assert not store.maintain()
    assert Tables(place).texts() == ["more 3"]


def test_upkeep_is_due_when_the_full_text_index_lags_behind(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_maintenance, "_TAIL", 50)
    store = Store.open(place, embedder=None)
    store.apply(file_rows("a.py", 0, 40), paths=[])
    assert not store.maintain()
    store.apply(file_rows("b.py", 0, 40), paths=[])
    assert store.maintain()
    assert not store.maintain()


def test_many_edits_take_at_most_twice_the_disk_of_a_fresh_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_maintenance, "_COMMITS", 10)
    monkeypatch.setattr(store_maintenance, "_CACHE_FLOOR", 0)
    store = Store.open(str(tmp_path / "edited"), embedder=SMALL)
    newest = {f"{number}.py": file_rows(f"{number}.py", 0) for number in range(20)}
    store.apply([found for rows in newest.values() for found in rows], paths=[])
    for edit in range(1, 61):
        path = f"{edit % 20}.py"
        newest[path] = newest[path][:10] + file_rows(path, edit, 10)
        put(store, newest[path], vectors_of(*texts(newest[path])), paths=[path])
        store.maintain()
    store.tidy()
    expected = [found for rows in newest.values() for found in rows]
    assert Tables(tmp_path / "edited").texts() == sorted(texts(expected))
    fresh = Store.open(str(tmp_path / "fresh"), embedder=SMALL)
    put(fresh, expected, vectors_of(*texts(expected)))
    fresh.tidy()
    assert store.size() <= 2 * fresh.size()


def test_a_reader_goes_on_after_its_version_was_tidied_away(place: str) -> None:
    writer = Store.open(place, embedder=SMALL)
    paths = [f"{number}.py" for number in range(6)]
    for path in paths:
        put(writer, file_rows(path, 0), vectors_of(*texts(file_rows(path, 0))), paths=[path])
    reader = Store.open(place, embedder=SMALL)
    before = reader.ids_by_path()
    for path in paths:
        put(writer, file_rows(path, 1), vectors_of(*texts(file_rows(path, 1))), paths=[path])
    writer.tidy()
    after = reader.ids_by_path()
    assert before.keys() == after.keys() == set(paths)
    assert {state for ids in after.values() for state in ids.values()} == {"1"}
    newest = [chunk.text_hash for path in paths for chunk in file_rows(path, 1)]
    assert reader.cached_vectors(newest).keys() == set(newest)


def test_the_cache_forgets_what_was_unused_for_longest(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_maintenance, "_CACHE_FLOOR", 6)
    store = Store.open(place, embedder=SMALL)
    put(store, [row("a.py", "live 1"), row("a.py", "live 2")], vectors_of("live 1", "live 2"))
    for day, name in enumerate(("oldest", "older", "newer"), start=1):
        monkeypatch.setattr(store_vectors, "today", lambda day=day: 20_000 + day)
        store.add_vectors(vectors_of(f"{name} 1", f"{name} 2"))
        store.flush()
    monkeypatch.setattr(store_vectors, "today", lambda: 20_010)
    store.cached_vectors([hash_of("oldest 1")])
    store.tidy()
    assert Tables(place).cached() == 6
    gone = vectors_of("oldest 2", "older 1", "older 2").keys()
    kept = vectors_of("live 1", "live 2", "oldest 1", "newer 1", "newer 2").keys()
    assert kept <= store.cached_vectors(kept).keys()
    assert len(store.cached_vectors(gone)) == 1
    assert hash_of("oldest 2") not in store.cached_vectors(gone)


def test_chunks_get_the_vectors_that_the_cache_has_for_them(place: str) -> None:
    store = Store.open(place, embedder=SMALL)
    put(store, [row("a.py", "one"), row("b.py", "two")], vectors_of("one", "two"))
    store.close()
    Store.open(place, embedder=None).apply([row("a.py", "one", start=3)], paths=["a.py"])
    store = Store.open(place, embedder=SMALL)
    assert Tables(place).without_vector() == 1
    store.tidy()
    assert Tables(place).without_vector() == 0


def test_an_embedder_that_nobody_used_for_a_month_is_forgotten(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(place, embedder=OTHER)
    put(store, [row("a.py", "one")], vectors_of("one", dims=8))
    store.close()
    store = Store.open(place, embedder=SMALL)
    store.add_vectors(vectors_of("one"))
    store.tidy()
    assert list(Tables(place, embedder=OTHER).vectors()) == [hash_of("one")]
    later = store_vectors.today() + 31
    monkeypatch.setattr(store_vectors, "today", lambda: later)
    monkeypatch.setattr(store_maintenance, "today", lambda: later)
    store.tidy()
    assert Tables(place, embedder=OTHER).vectors() == {}
    assert Store.open(place, embedder=OTHER).cached_vectors([hash_of("one")]) == {}
    assert list(Tables(place).vectors()) == [hash_of("one")]


def test_many_vectors_get_an_index_that_finds_the_same(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_maintenance, "_INDEXED_VECTORS", 400)
    store = Store.open(place, embedder=SMALL)
    many = [f"text {number}" for number in range(600)]
    put(store, [row("a.py", text) for text in many], vectors_of(*many))
    store.flush()
    before = Tables(place).search_vector(vector_of("text 99"), 1)
    store.tidy()
    after = Tables(place).search_vector(vector_of("text 99"), 1)
    assert [chunk_id for chunk_id, _ in after] == [chunk_id for chunk_id, _ in before]
    assert after[0][1] == pytest.approx(1, abs=1e-3)
    put(store, [row("b.py", "late")], vectors_of("late"))
    store.flush()
    assert Tables(place).search_vector(vector_of("late"), 1)[0][0] == row("b.py", "late").id


def test_in_a_shared_place_only_what_nobody_used_for_a_month_goes(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_maintenance, "_CACHE_FLOOR", 0)
    other = Store.open(place, embedder=SMALL, owner="other")
    many = [f"text {number}" for number in range(10)]
    put(other, [row("a.py", text) for text in many], vectors_of(*many))
    other.close()
    own = Store.open(place, embedder=SMALL, owner="own")
    put(own, [row("a.py", "one")], vectors_of("one"))
    own.tidy()
    assert Tables(place, chunks="chunks_1_other").texts() == many
    assert Tables(place).cached() == 11
    later = store_vectors.today() + 31
    monkeypatch.setattr(store_vectors, "today", lambda: later)
    monkeypatch.setattr(store_maintenance, "today", lambda: later)
    own.tidy()
    assert Tables(place, chunks="chunks_1_own").texts() == ["one"]
    assert Tables(place).cached() == 2
    assert "chunks_1_other" not in Tables(place).names
    other = Store.open(place, embedder=SMALL, owner="other")
    assert other.ids_by_path() == {}, "it begins anew"

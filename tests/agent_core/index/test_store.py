"""The store: rows by path, vectors by text, what others can search in, and what lies beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent_core.errors import IndexFault
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.store import Store
from tests.fakes.chunks import OTHER, SMALL, hash_of, put, row, vector_of, vectors_of
from tests.fakes.tables import Tables


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "index" / "lance")


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    store = Store.open(place, embedder=SMALL)
    yield store
    store.close()


@pytest.fixture
def tables(store: Store, place: str) -> Tables:
    return Tables(place)


def test_rows_come_back_as_they_went_in(store: Store, tables: Tables) -> None:
    rows = [row("a.py", "one"), row("a.py", "two", start=11), row("b.py", "three")]
    store.apply(rows, paths={"a.py", "b.py"})
    assert sorted(tables.rows(), key=lambda found: found.text) == sorted(rows, key=lambda found: found.text)
    assert store.ids_by_path() == {"a.py": {rows[0].id: "v1", rows[1].id: "v1"}, "b.py": {rows[2].id: "v1"}}


def test_a_change_replaces_the_rows_of_its_paths_in_one_commit(store: Store, tables: Tables) -> None:
    store.apply([row("a.py", "one"), row("a.py", "two"), row("b.py", "three"), row("c.py", "four")], paths=[])
    before = tables.version
    store.apply(
        [row("a.py", "two", start=5, file_hash="v2"), row("d.py", "new")], paths={"a.py", "b.py", "d.py"}
    )
    assert tables.version == before + 1
    assert sorted((found.path, found.text, found.start) for found in tables.rows()) == [
        ("a.py", "two", 5),
        ("c.py", "four", 1),
        ("d.py", "new", 1),
    ]


def test_two_hundred_files_with_any_names_are_one_commit(store: Store, tables: Tables) -> None:
    odd = [
        "it's.py",
        "line\nfeed.py",
        'quo"te.py',
        "back\\slash.py",
        "per%cent_.py",
        "日本/ü.py",
        "not-utf8\udcff.py",
    ]
    paths = odd + [f"src/{number}.py" for number in range(193)]
    store.apply([row(path, f"first {path}") for path in paths], paths=paths)
    before = tables.version
    store.apply([row(path, f"second {path}") for path in paths], paths=paths)
    assert tables.version == before + 1
    assert {found.path: found.text[:6] for found in tables.rows()} == dict.fromkeys(paths, "second")
    store.apply([], paths=odd)
    assert set(store.ids_by_path()) == set(paths) - set(odd)


def test_a_chunk_that_is_given_twice_is_kept_once(store: Store, tables: Tables) -> None:
    store.apply([row("a.py", "one"), row("a.py", "one", start=7)], paths=[])
    assert [found.start for found in tables.rows()] == [7]


def test_a_file_without_unicode_is_kept_with_replacements(store: Store, tables: Tables) -> None:
    store.apply([row("a.py", "half \ud800 pair")], paths=["a.py"])
    assert tables.texts() == ["half ? pair"]


def test_many_rows_are_written_in_batches(store: Store, tables: Tables) -> None:
    rows = [row(f"{number // 7:05}.py", f"text {number}") for number in range(20_000)]
    store.apply(rows, paths=[])
    assert sorted(found.id for found in tables.rows()) == sorted(found.id for found in rows)


def test_unchanged_texts_keep_their_vectors(store: Store, tables: Tables) -> None:
    put(store, [row("a.py", "one"), row("a.py", "two")], vectors_of("one", "two"))
    store.apply(
        [row("a.py", "one", start=50, file_hash="v2"), row("a.py", "new", file_hash="v2")], paths=["a.py"]
    )
    found = tables.vectors()
    assert list(found) == [hash_of("one")]
    np.testing.assert_allclose(found[hash_of("one")], vector_of("one"), atol=1e-3)
    assert tables.without_vector() == 1


@pytest.mark.parametrize("embedder", [SMALL, OTHER, None])
def test_a_chunk_with_another_text_never_keeps_the_vector_of_the_old_one(
    store: Store, place: str, embedder: EmbedderInfo | None
) -> None:
    put(store, [row("a.py", "one")], vectors_of("one"))
    store.close()
    changed = msgspec.structs.replace(row("a.py", "one"), text_hash=hash_of("with another heading"))
    Store.open(place, embedder=embedder).apply([changed], paths=["a.py"])
    assert Tables(place).vectors() == {}


def test_a_text_is_known_again_after_it_was_gone(store: Store, place: str) -> None:
    put(store, [row("a.py", "one")], vectors_of("one"))
    store.apply([], paths=["a.py"])
    store.close()
    again = Store.open(place, embedder=SMALL)
    assert set(again.cached_vectors([hash_of("one"), hash_of("never")])) == {hash_of("one")}
    again.apply([row("b.py", "one")], paths=[])
    assert Tables(place).without_vector() == 0


def test_vectors_reach_every_chunk_with_their_text(store: Store, tables: Tables) -> None:
    store.apply([row("a.py", "same"), row("b.py", "same"), row("c.py", "else")], paths=[])
    before = tables.version
    store.add_vectors(vectors_of("same"))
    assert set(store.cached_vectors([hash_of("same")])) == {hash_of("same")}
    assert tables.version == before, "vectors wait for others"
    store.flush()
    assert tables.without_vector() == 1
    assert list(tables.vectors()) == [hash_of("same")]


def test_every_text_gets_its_own_vector_back(store: Store, tables: Tables) -> None:
    texts = [f"text {number}" for number in range(700)]
    rows = [row(f"{place}.py", text) for text in texts for place in range(2)]
    put(store, rows, vectors_of(*texts))
    store.flush()
    for found in (store.cached_vectors(vectors_of(*texts)), tables.vectors()):
        assert len(found) == len(texts)
        for text in texts:
            np.testing.assert_allclose(found[hash_of(text)], vector_of(text), atol=1e-3)


def test_vectors_of_two_embedders_never_mix(store: Store, place: str) -> None:
    put(store, [row("a.py", "one")], vectors_of("one"))
    store.close()
    other = Store.open(place, embedder=OTHER)
    assert other.cached_vectors([hash_of("one")]) == {}
    other.add_vectors(vectors_of("one", dims=8))
    other.flush()
    for embedder in (SMALL, OTHER):
        (found,) = Tables(place, embedder=embedder).vectors().values()
        np.testing.assert_allclose(found, vector_of("one", embedder.dims), atol=1e-3)


def test_without_an_embedder_there_are_no_vectors(place: str) -> None:
    store = Store.open(place, embedder=None)
    store.apply([row("a.py", "one")], paths=[])
    assert store.cached_vectors([hash_of("one")]) == {}
    with pytest.raises(IndexFault):
        store.add_vectors(vectors_of("one"))


def test_vectors_of_another_length_are_refused(store: Store) -> None:
    with pytest.raises(IndexFault, match="16"):
        store.add_vectors(vectors_of("one", dims=8))


def test_a_vector_that_is_none_counts_as_missing(store: Store, tables: Tables) -> None:
    nan = np.full(16, np.nan, dtype=np.float32)
    put(store, [row("a.py", "one")], {hash_of("one"): nan})
    store.flush()
    assert tables.without_vector() == 1
    assert tables.cached() == 0


@pytest.mark.parametrize("form", ["file://{}", "{} with spaces"])
def test_other_ways_to_name_a_place(tmp_path: Path, form: str) -> None:
    uri, folder = form.format(tmp_path / "lance"), form.removeprefix("file://").format(tmp_path / "lance")
    Store.open(uri, embedder=None).apply([row("a.py", "one")], paths=[])
    assert Tables(folder).texts() == ["one"]


def test_a_place_that_is_not_on_disk() -> None:
    store = Store.open("memory://", embedder=SMALL)
    put(store, [row("a.py", "one")], vectors_of("one"))
    store.tidy()
    assert store.size() > 0
    assert store.cached_vectors([hash_of("one")]).keys() == {hash_of("one")}


def test_text_is_found_before_and_after_maintenance(store: Store, tables: Tables) -> None:
    store.apply([row("a.py", "alpha beta"), row("b.py", "beta gamma"), row("c.py", "delta")], paths=[])
    for _ in range(2):
        assert [chunk_id for chunk_id, _ in tables.search_text("gamma", 5)] == [row("b.py", "beta gamma").id]
        found = tables.search_text("alpha beta", 5)
        assert [chunk_id for chunk_id, _ in found] == [
            row("a.py", "alpha beta").id,
            row("b.py", "beta gamma").id,
        ]
        assert found[0][1] > found[1][1] > 0
        assert tables.search_text("\"delta' OR 1=1", 5) == []
        store.tidy()


def test_vectors_are_found_by_cosine(store: Store, tables: Tables) -> None:
    texts = [f"text {number}" for number in range(40)]
    put(store, [row("a.py", text) for text in texts], vectors_of(*texts))
    store.apply([row("b.py", "has none")], paths=[])
    store.flush()
    found = tables.search_vector(vector_of("text 7"), 3)
    assert found[0][0] == row("a.py", "text 7").id
    assert found[0][1] == pytest.approx(1, abs=1e-3)
    cosines = sorted((float(vector_of("text 7") @ vector_of(text)) for text in texts), reverse=True)[:3]
    assert [score for _, score in found] == pytest.approx(cosines, abs=2e-3)

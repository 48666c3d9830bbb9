"""The index in memory: whatever changes, it is what a fresh one would be."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from agent_core.index import image as module
from agent_core.index.arrays import Arrays, BrokenArrays, OtherVersion
from agent_core.index.digest import digest
from agent_core.index.image import Image
from agent_core.index.question import read_question
from agent_core.index.rank import Ranker
from agent_core.index.scan import scan
from tests.agent_core.index.workspaces import chunks_of, fresh, make, postings_of, source


def same(one: Image, other: Image) -> None:
    assert chunks_of(one) == chunks_of(other)
    assert postings_of(one) == postings_of(other)
    assert one.chunks == other.chunks
    files = [entry for entry in one.by_number if entry is not None]
    assert {entry.row.path for entry in files} == set(one.files) == set(other.files)
    for entry in files:
        own = slice(entry.first, entry.first + entry.count)
        assert one.alive.view[own].all()
        assert (one.file_of.view[own] == entry.number).all()
        assert [chunk.length for chunk in entry.row.chunks] == one.length.view[own].tolist()


@pytest.mark.parametrize("many", [10**9, 1], ids=["overlay", "new base"])
def test_random_changes_leave_what_a_fresh_index_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(module, "_MANY_POSTINGS", many)
    monkeypatch.setattr(module, "_DEAD_ALLOWED", 40)
    make(tmp_path, 12)
    image = fresh(tmp_path)
    rng = random.Random(7)
    for step in range(60):
        path = tmp_path / rng.choice(sorted(scan(tmp_path)))
        match rng.randrange(4) if len(image.files) > 4 else 2:
            case 0:
                path.unlink()
                changed = [path]
            case 1:
                path.rename(other := path.with_name(f"renamed_{step}.py"))
                changed = [path, other]
            case 2:
                path.write_text(source(1000 + step))
                changed = [path]
            case _:
                path.write_text("\n\n" + path.read_text())
                changed = [path]
        names = [str(one.relative_to(tmp_path)) for one in changed]
        image.take(digest(tmp_path, names))
    same(image, fresh(tmp_path))
    for term in image.body.names():
        documents = image.body.get(term)[0].tolist()
        assert documents == sorted(documents)
        assert image.body.within(term, 20, 30).tolist() == [one for one in documents if 20 <= one < 50]
    image.compact()
    same(image, fresh(tmp_path))


def test_what_is_saved_is_what_is_read(tmp_path: Path) -> None:
    make(tmp_path, 6)
    image = fresh(tmp_path)
    image.drop_vectors(embedder="some@1", dims=3)
    hashes = [chunk.text_hash for chunk in image.files["pkg0/module_0.py"].row.chunks]
    image.add_vectors({key: np.full(3, 0.5, np.float32) for key in hashes})
    (tmp_path / "pkg1/module_1.py").unlink()
    image.take(digest(tmp_path, ["pkg1/module_1.py"]))
    file = tmp_path.parent / f"{tmp_path.name}-saved"
    image.save(file)
    read = Image.load(file)
    same(read, fresh(tmp_path))
    assert (read.embedder, read.dims, read.with_vector) == ("some@1", 3, len(hashes))
    read.take(digest(tmp_path, ["pkg0/module_0.py"]))  # a mapped file can be changed in memory
    same(read, fresh(tmp_path))
    assert read.with_vector == len(hashes)


def test_a_search_after_a_save_sees_the_new_numbers(tmp_path: Path) -> None:
    make(tmp_path, 6)
    image = fresh(tmp_path)
    ranker = Ranker(image)
    (tmp_path / "pkg1/module_1.py").write_text("def zebra_crossing():\n    return 1\n")
    image.take(digest(tmp_path, ["pkg1/module_1.py"]))
    question = read_question("zebra_crossing")
    before = ranker.rank(question, None, limit=3)
    image.saving()  # renumbers everything
    after = ranker.rank(question, None, limit=3)
    assert [file.entry.row.path for file in after] == [file.entry.row.path for file in before]
    assert after[0].entry.row.path == "pkg1/module_1.py"
    assert after[0].entry is image.files["pkg1/module_1.py"]


def test_terms_that_nothing_has_any_more_are_forgotten(tmp_path: Path) -> None:
    make(tmp_path, 6)
    image = fresh(tmp_path)
    for step in range(40):
        (tmp_path / "pkg0/module_0.py").write_text(source(5000 + step))
        image.take(digest(tmp_path, ["pkg0/module_0.py"]))
    image.compact()
    for name in ("body", "names"):
        own, wanted = (len(set(getattr(one, name).names())) for one in (image, fresh(tmp_path)))
        assert own <= 1.34 * wanted


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    make(tmp_path, 3)
    file = tmp_path.parent / f"{tmp_path.name}-saved"
    fresh(tmp_path).save(file)
    whole = file.read_bytes()
    rng = random.Random(3)
    for cut in (0, 5, 20, 100, len(whole) // 2, len(whole) - 100):
        file.write_bytes(whole[:cut])
        with pytest.raises((BrokenArrays, OSError)):
            Image.load(file)
    for _ in range(30):  # damage within the header is noticed; elsewhere it must not break the program
        broken = bytearray(whole)
        broken[rng.randrange(200)] ^= 1 << rng.randrange(8)
        file.write_bytes(broken)
        with pytest.raises(BrokenArrays):
            Image.load(file)


def test_another_version_is_told_from_damage(tmp_path: Path) -> None:
    file = tmp_path / "arrays"
    arrays = Arrays()
    arrays.put("some", np.zeros(3, np.int32))
    arrays.write(file, version=1)
    assert len(Arrays.read(file, version=1).get("some")) == 3
    with pytest.raises(OtherVersion):
        Arrays.read(file, version=2)


def test_texts_that_come_back_have_their_vectors(tmp_path: Path) -> None:
    make(tmp_path, 3)
    image = fresh(tmp_path)
    image.drop_vectors(embedder="some@1", dims=2)
    image.add_vectors(
        {chunk[5]: np.array([1, number], np.float32) for number, chunk in enumerate(chunks_of(image))}
    )
    assert image.with_vector == image.chunks
    path = tmp_path / "pkg0/module_0.py"
    before = path.read_text()
    path.write_text("# moved\n\n\n" + before)
    image.take(digest(tmp_path, ["pkg0/module_0.py"]))
    moved = image.chunks - image.with_vector
    assert moved <= 2, "only the chunk that holds the new line is new"
    for _ in range(100):
        path.write_text(before)
        image.take(digest(tmp_path, ["pkg0/module_0.py"]))
    assert image.with_vector == image.chunks
    assert image.missing_vectors() == []


def test_content_that_is_the_same_is_not_taken_again(tmp_path: Path) -> None:
    make(tmp_path, 2)
    image = fresh(tmp_path)
    path = "pkg0/module_0.py"
    known = {path: image.files[path].row.hash}
    (tmp_path / path).touch()
    again = digest(tmp_path, [path], known)
    assert not again.files
    assert [name for name, _ in again.same] == [path]
    number = image.files[path].number
    image.take(again)
    assert image.files[path].number == number
    assert image.files[path].row.state == again.same[0][1]

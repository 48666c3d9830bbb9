"""What the store does where it cannot write, and with what it finds broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_core.errors import IndexFault
from agent_core.index.store import Store
from agent_core.index.store_faults import fault
from tests.fakes.chunks import SMALL, hash_of, put, row, vector_of, vectors_of
from tests.fakes.tables import Tables

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lance"


@pytest.fixture
def stored(place: Path) -> Path:
    """An index with two files and their vectors."""
    store = Store.open(str(place), embedder=SMALL)
    put(store, [row("a.py", "one"), row("b.py", "two")], vectors_of("one", "two"))
    store.close()
    return place


def truncate(folder: Path, pattern: str) -> None:
    found = list(folder.glob(pattern))
    assert found
    for file in found:
        os.truncate(file, 40)


def run_child(code: str, *arguments: str) -> dict[str, str]:
    """Run code in a process of its own and read the JSON that it prints."""
    head = "import json, os, sys, resource, signal\nfrom agent_core.errors import IndexFault\n"
    head += "from agent_core.index.store import Store\nfrom tests.fakes.chunks import *\n"
    head += "from tests.fakes.tables import Tables\n"
    command = [sys.executable, "-c", head + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that a user without rights can reach too."""
    with tempfile.TemporaryDirectory(dir=tempfile.gettempdir()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        for inner, _, _ in os.walk(folder):
            Path(inner).chmod(0o755)


def test_an_index_that_cannot_be_written_can_be_read(open_to_all: Path) -> None:
    told = run_child(
        """
store = Store.open(sys.argv[1], embedder=SMALL)
put(store, [row("a.py", "one")], vectors_of("one"))
store.close()
for folder, _, _ in os.walk(sys.argv[1]):
    os.chmod(folder, 0o555)
if os.geteuid() == 0:
    os.seteuid(65534)
told = {}
store = Store.open(sys.argv[1], embedder=SMALL)
told["read"] = [*store.ids_by_path(), str(len(store.cached_vectors([hash_of("one")])))]
for name, action in {
    "apply": lambda: store.apply([row("b.py", "two")], paths=[]),
    "maintain": lambda: store.tidy(),
    "open": lambda: Store.open(sys.argv[1] + "/new", embedder=None),
}.items():
    try:
        action()
    except IndexFault as fault:
        told[name] = fault.message
print(json.dumps(told))
""",
        str(open_to_all / "lance"),
    )
    assert told.pop("read") == ["a.py", "1"]
    assert told.keys() == {"apply", "maintain", "open"}, told
    assert all("permission denied" in message for message in told.values())


def test_a_full_disk_is_named_and_nothing_is_lost(place: Path) -> None:
    told = run_child(
        """
store = Store.open(sys.argv[1], embedder=None)
store.apply([row("a.py", "one")], paths=[])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
big = [row("a.py", os.urandom(2_000).hex()) for _ in range(100)]
told = {}
try:
    store.apply(big, paths=[])
except IndexFault as fault:
    told["fault"] = fault.message + " / " + fault.hint + f" / {fault.broken}"
told["kept"] = Tables(sys.argv[1]).texts()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.apply(big, paths=[])
told["then"] = len(Tables(sys.argv[1]).rows())
print(json.dumps(told))
""",
        str(place),
    )
    assert "the disk is full" in told["fault"]
    assert told["fault"].endswith("False")
    assert told["kept"] == ["one"]
    assert told["then"] == 100


def test_vectors_that_can_never_be_kept_do_not_pile_up(place: Path) -> None:
    told = run_child(
        """
store = Store.open(sys.argv[1], embedder=SMALL)
store.apply([row("a.py", "text 1")], paths=[])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
faults = 0
for number in range(0, 6_000, 500):
    try:
        store.add_vectors(vectors_of(*(f"text {number + place}" for place in range(500))))
    except IndexFault:
        faults += 1
told = {"faults": str(faults)}
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.flush()
told["waited"] = str(Tables(sys.argv[1]).cached())
print(json.dumps(told))
""",
        str(place),
    )
    assert int(told["faults"]) > 5
    assert int(told["waited"]) < 4_500


def test_a_file_in_the_way_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "lance").write_text("mine")
    with pytest.raises(IndexFault) as caught:
        Store.open(str(tmp_path / "lance"), embedder=None)
    assert not caught.value.broken
    assert (tmp_path / "lance").read_text() == "mine"


@pytest.mark.parametrize("inside", ["chunks_1.lance", "chunks_1.lance/data"])
def test_links_inside_the_index_are_refused(stored: Path, tmp_path: Path, inside: str) -> None:
    (stored / inside).rename(tmp_path / "elsewhere")
    (stored / inside).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IndexFault, match="symbolic link") as caught:
        Store.open(str(stored), embedder=None)
    assert not caught.value.broken


def test_a_table_that_cannot_be_opened_is_kept_aside_when_that_is_asked_for(
    stored: Path, caplog: pytest.LogCaptureFixture
) -> None:
    truncate(stored, "chunks_1.lance/_versions/*.manifest")
    with pytest.raises(IndexFault) as caught:
        Store.open(str(stored), embedder=SMALL)
    assert caught.value.broken
    assert not list(stored.glob("*.bad-*"))
    store = Store.open(str(stored), embedder=SMALL, fresh=True)
    assert Tables(stored).rows() == []
    (aside,) = stored.glob("chunks_1.lance.bad-*")
    assert str(aside) in caplog.text
    store.apply([row("a.py", "one")], paths=[])
    assert list(Tables(stored).vectors()) == [hash_of("one")], "vectors outlive the chunks"


def test_damage_that_shows_later_is_told_and_a_new_table_begun(stored: Path) -> None:
    truncate(stored, "chunks_1.lance/data/*.lance")
    store = Store.open(str(stored), embedder=SMALL)
    with pytest.raises(IndexFault) as caught:
        store.ids_by_path()
    assert caught.value.broken
    assert caught.value.code == "index"
    for _ in range(2):
        store = Store.open(str(stored), embedder=SMALL, fresh=True)
        assert store.ids_by_path() == {}
    assert len(list(stored.glob("*.bad-*"))) == 1, "only the newest is kept"


def test_a_table_of_another_shape_counts_as_broken(place: Path) -> None:
    import lancedb

    lancedb.connect(str(place)).create_table("chunks_1", [{"path": "a.py", "id": 7}])
    with pytest.raises(IndexFault, match="file_hash") as caught:
        Store.open(str(place), embedder=None)
    assert caught.value.broken
    store = Store.open(str(place), embedder=None, fresh=True)
    store.apply([row("a.py", "one")], paths=[])
    assert Tables(place).search_text("one", 1)


def test_a_new_beginning_needs_nothing_to_be_there(place: Path) -> None:
    store = Store.open(str(place), embedder=None, fresh=True)
    assert store.ids_by_path() == {}
    assert not list(place.glob("*.bad-*"))


def test_a_new_beginning_elsewhere_is_for_its_owner() -> None:
    with pytest.raises(IndexFault, match="is broken"):
        Store.open("memory://", embedder=None, fresh=True)


@pytest.mark.parametrize("what", ["_versions/*.manifest", "data/*.lance"])
def test_broken_vectors_are_kept_aside_and_made_anew(
    stored: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    truncate(stored, f"vectors_1_*.lance/{what}")
    store = Store.open(str(stored), embedder=SMALL)
    for _ in range(2):
        assert store.cached_vectors([hash_of("one")]) == {}
    assert len(caplog.records) == 1, "it is told once"
    assert not list(stored.glob("*.bad-*")), "whoever reads moves nothing"
    assert Tables(stored).texts() == ["one", "two"]
    store.add_vectors(vectors_of("one"))
    store.flush()
    assert store.cached_vectors([hash_of("one")]).keys() == {hash_of("one")}
    assert Tables(stored).search_vector(vector_of("one"), 1)[0][0] == row("a.py", "one").id


def test_a_broken_table_of_an_embedder_that_is_gone_is_no_obstacle(stored: Path) -> None:
    truncate(stored, "vectors_1_*.lance/_versions/*.manifest")
    store = Store.open(str(stored), embedder=None)
    store.tidy()
    assert not list(stored.glob("vectors_1_*.lance"))


@pytest.mark.parametrize(
    ("uri", "text", "broken"),
    [
        ("/here", "lance error: Not found: /here/x.lance", True),
        ("s3://key:secret@bucket/x", "lance error: Not found: x.lance", False),
        ("s3://bucket/x", "Invalid input, RetryError { retry_timeout: 180s, status: 404 }", False),
        ("/here", "lance error: Commit conflict for version 7", False),
        ("/here", "lance error: LanceError(IO): No space left on device (os error 28), /a/b.rs:1:2", False),
    ],
)
def test_only_what_lies_here_is_taken_for_damaged(uri: str, text: str, broken: bool) -> None:
    made = fault(uri, "cannot be read", RuntimeError(text))
    assert made.broken is broken
    assert "secret" not in made.message
    assert ".rs:" not in made.message

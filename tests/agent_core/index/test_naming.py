"""Definitions by some letters of their names."""

from __future__ import annotations

from pathlib import Path

from agent_core.index.digest import digest
from agent_core.index.image import Image
from agent_core.index.naming import Names
from agent_core.index.scan import scan

CODE = """class Client:
    def send(self) -> None:
        pass

    def send_now(self) -> None:
        pass


def resend(client: Client) -> None:
    client.send()
"""


def names_of(root: Path) -> Names:
    image = Image()
    image.take(digest(root, scan(root)))
    return Names(image)


def test_the_nearest_name_comes_first_and_each_has_its_lines(tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(CODE)
    names = names_of(tmp_path)
    found = names.find("send", 10)
    assert [place.name.rpartition(".")[2] for place in found] == ["send", "send_now", "resend"]
    assert (found[0].path, found[0].start, found[0].end) == ("client.py", 2, 3)
    assert [place.name.rpartition(".")[2] for place in names.find("snw", 10)] == ["send_now"]
    assert len(names.find("e", 2)) == 2
    assert names.find("", 10) == names.find("zzz", 10) == names.find("a\nb", 10) == ()


def test_names_follow_the_image(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def first():\n    pass\n")
    image = Image()
    image.take(digest(tmp_path, scan(tmp_path)))
    names = Names(image)
    assert names.find("first", 5)
    image.remove("a.py")
    assert names.find("first", 5) == ()

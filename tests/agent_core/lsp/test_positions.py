"""Places in texts, as servers and as people count them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.lsp.positions import Lines, Spot, path_of, uri_of

TEXT = "a = '😀é' + b\r\nnext\fline\rlast"


@pytest.mark.parametrize(("encoding", "units"), [("utf-32", 11), ("utf-16", 12), ("utf-8", 15)])
def test_emoji_and_ends_of_lines_count_as_the_server_counts(encoding: str, units: int) -> None:
    lines = Lines(TEXT)
    assert lines.named("b", 1, 9) == (1, 12)
    assert lines.spot(1, 12, encoding) == Spot(0, units)  # type: ignore[arg-type]
    assert lines.place(Spot(0, units), encoding) == (1, 12)  # type: ignore[arg-type]
    assert lines.place(Spot(1, 5), encoding) == (2, 6)  # type: ignore[arg-type]
    assert lines.source(2) == "next\fline", "a form feed ends no line"
    assert lines.source(3) == "last"


@pytest.mark.parametrize(
    ("spot", "place"),
    [
        (Spot(99, 0), (3, 5)),
        (Spot(-1, 7), (1, 1)),
        (Spot(0, 10**12), (1, 13)),
        (Spot(0, -3), (1, 1)),
        (Spot(0, 6), (1, 6)),
    ],
)
def test_places_that_the_text_does_not_have_are_brought_into_it(spot: Spot, place: tuple[int, int]) -> None:
    assert Lines(TEXT).place(spot, "utf-16") == place, "half of an emoji is before it"


def test_addresses_lead_into_the_workspace_or_nowhere() -> None:
    root = Path("/work space/é")
    assert path_of(uri_of(root / "ä b.py"), root) == "ä b.py"
    assert path_of(uri_of(root / "x%20.py"), root) == "x%20.py"
    for uri in (
        "file:///etc/passwd",
        "file:///work%20space/%C3%A9/../../etc/passwd",
        "file://host/work%20space/%C3%A9/a.py",
        "https://example.org/work%20space/%C3%A9/a.py",
        "file:///work%20space/%C3%A9/a%00.py",
        "file://[",
        "untitled:x",
        "f" * 10_000,
    ):
        assert path_of(uri, root) == "", uri

from __future__ import annotations

import pytest

from tui.widgets.transcript.lines import Link
from tui.widgets.transcript.links import find, from_href, linked, safe_url


def found(text: str) -> list[tuple[str, Link]]:
    return [(text[start:end], link) for start, end, link in find(text)]


@pytest.mark.parametrize(
    ("text", "shown", "link"),
    [
        ("see src/worker.py:120-134, or", "src/worker.py:120-134", Link("src/worker.py", 120, 134)),
        ("(tui/app.py:3)", "tui/app.py:3", Link("tui/app.py", 3)),
        ("./a/b.c:7:12: error", "./a/b.c:7", None),
        ("Makefile:12", "Makefile:12", Link("Makefile", 12)),
        ("../x.toml:1.", "../x.toml:1", Link("../x.toml", 1)),
        ('File "lib/x y.py", line 12, in f', 'File "lib/x y.py", line 12', Link("lib/x y.py", 12)),
        ("my-file_1.test.ts:9", "my-file_1.test.ts:9", Link("my-file_1.test.ts", 9)),
        (
            "https://a.example/b?c=d#e.",
            "https://a.example/b?c=d#e",
            Link("https://a.example/b?c=d#e", url=True),
        ),
        ("(https://a.example/x_(y))", "https://a.example/x_(y)", Link("https://a.example/x_(y)", url=True)),
    ],
)
def test_links_are_found(text: str, shown: str, link: Link | None) -> None:
    results = found(text)
    if link is None:
        assert results in ([], [(shown, Link("./a/b.c", 7))])
    else:
        assert results == [(shown, link)]


@pytest.mark.parametrize(
    "text",
    [
        "at 12:30",
        "localhost:8080",
        "example.com:443",
        "10.0.0.1:9092",
        "a: 5",
        "key:value",
        "x.py:0",
        "std::vec:3",
        "ratio 3.5:1",
    ],
)
def test_what_only_looks_like_a_citation(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://a\x1b]8;;evil",
        "https://a b",
        "https://ä.example",
        "ftp://x",
        "https://" + "a" * 3000,
    ],
)
def test_urls_that_never_reach_the_terminal(url: str) -> None:
    assert safe_url(url) is None
    assert (from_href(url) or Link("")).url is False


def test_hrefs() -> None:
    assert from_href("src/a.py#L3-L9") == Link("src/a.py", 3, 9)
    assert from_href("src/a%20b.py:4") == Link("src/a b.py", 4)
    assert from_href("docs/x.md") == Link("docs/x.md")
    assert from_href("#top") is None


def test_linked_keeps_the_text() -> None:
    text = "in a/b.py:3 and https://x.example/ there"
    runs = linked(text, "dim")
    assert "".join(run[0] for run in runs) == text
    assert [run[1] for run in runs] == ["dim", "dim link", "dim", "dim link", "dim"]


def test_finding_is_linear_on_hostile_text() -> None:
    for text in (
        "a/" * 50_000,
        "a." * 50_000 + ":",
        "https://" * 20_000,
        "-" * 100_000 + ":1",
        ':"File "' * 20_000,
    ):
        list(find(text))

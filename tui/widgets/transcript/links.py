"""Recognise `path:line` citations and URLs in plain text, and decide which URLs may reach a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from tui.widgets.transcript.lines import Link, Run

_URL = r"(?P<url>https?://[^\s<>\"'`|\\^{}\[\]\x00-\x20\x7f-\x9f]+)"
_NAMES = "Makefile|Dockerfile|Jenkinsfile|Procfile|Rakefile|Gemfile|Vagrantfile|LICENSE|README|justfile"
_STEP = r"[\w.@+~-]+"
_PATH = (
    rf"(?<![\w/.:@+~-])(?P<path>(?:\.{{0,2}}/)?(?:{_STEP}/)*(?:[\w.@+~-]*\w\.[A-Za-z]\w{{0,9}}|{_NAMES}|(?<=/){_STEP}))"
    r":(?P<line>[1-9]\d{0,6})(?:[-–](?P<end>[1-9]\d{0,6}))?(?![\w.]*\w:|\w)"
)
_TRACE = r"File \"(?P<tpath>[^\"\n\x00-\x1f]{1,500})\", line (?P<tline>[1-9]\d{0,6})"
_ANY = re.compile(rf"{_URL}|{_TRACE}|{_PATH}")
_HOST = re.compile(r"(?:.*\.)?(?:com|org|net|local|internal|localhost)$")
_SAFE = re.compile(r"https?://[!#-;=?-\[\]_a-z~%@A-Z$&'()*+,]+$")
_HREF_PATH = re.compile(
    r"(?P<path>[^:#?\s][^:#?\n]{0,500})(?:#L|:)(?P<line>[1-9]\d{0,6})(?:-L?(?P<end>[1-9]\d{0,6}))?$"
)
_LIKELY = re.compile(r":\d|https?://|\]\(|File \"")
_ENDING = ".,;:!?'\"*_"


def safe_url(text: str) -> str | None:
    """The URL when it is http or https, printable ASCII and of sane length; otherwise None."""
    return text if len(text) <= 2000 and _SAFE.match(text) else None


def may_have_links(text: str) -> bool:
    """Whether it is worth while to look for links in a text, or in Markdown."""
    return _LIKELY.search(text) is not None


def find(text: str) -> Iterator[tuple[int, int, Link]]:
    """Start, end and target of each link in the text."""
    if ":" not in text and 'File "' not in text:
        return
    for match in _ANY.finditer(text):
        if url := match["url"]:
            url = _without_ending(url)
            if safe_url(url):
                yield match.start(), match.start() + len(url), Link(url, url=True)
        elif trace := match["tpath"]:
            yield match.start(), match.end(), Link(trace, int(match["tline"]))
        elif not _HOST.match(path := match["path"]):
            end = match["end"]
            yield match.start(), match.end(), Link(path, int(match["line"]), int(end) if end else None)


def _without_ending(url: str) -> str:
    """A URL without the punctuation that ends the sentence around it."""
    while url and (url[-1] in _ENDING or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def from_href(href: str) -> Link | None:
    """The target of a Markdown link: a safe URL, or a file with or without a line; None for anything else."""
    if safe_url(href):
        return Link(href, url=True)
    if match := _HREF_PATH.match(path := unquote(href)):
        end = match["end"]
        return Link(match["path"], int(match["line"]), int(end) if end else None)
    if re.match(r"[\w./@+~-]*\w\.\w+$", path):
        return Link(path)
    return None


def linked(text: str, style: str) -> list[Run]:
    """The text as runs, its links marked."""
    out: list[Run] = []
    at = 0
    for start, end, link in find(text):
        if start > at:
            out.append((text[at:start], style, None))
        out.append((text[start:end], f"{style} link".strip(), link))
        at = end
    if at < len(text):
        out.append((text[at:], style, None))
    return out

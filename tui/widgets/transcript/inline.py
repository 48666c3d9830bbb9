"""Inline Markdown (emphasis, code, links) to styled runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_core.text import printable
from tui.widgets.transcript import links
from tui.widgets.transcript.lines import Link, Run, merge

if TYPE_CHECKING:
    from markdown_it.token import Token

_OPEN = {"strong_open": "strong", "em_open": "em", "s_open": "strike"}
_CLOSE = {"strong_close": "strong", "em_close": "em", "s_close": "strike"}
_BR = re.compile(r"<br\s*/?>", re.IGNORECASE)


class _Inline:
    def __init__(self, style: str) -> None:
        self.runs: list[Run] = []
        self._styles = [style] if style else []
        self._href = ""
        self._link: Link | None = None
        self._link_start = 0

    @property
    def _style(self) -> str:
        return " ".join(self._styles)

    def add(self, token: Token) -> None:
        match token.type:
            case "text" | "html_inline" | "text_special":
                self._text(token.content)
            case "code_inline":
                self._code(token.content)
            case "softbreak":
                self.runs.append((" ", self._style, self._link))
            case "hardbreak":
                self.runs.append(("\n", self._style, None))
            case "link_open":
                self._open_link(str(token.attrs.get("href", "")))
            case "link_close":
                self._close_link()
            case "image":
                self._image(token)
            case kind if kind in _OPEN:
                self._styles.append(_OPEN[kind])
            case kind if kind in _CLOSE and _CLOSE[kind] in self._styles:
                self._styles.remove(_CLOSE[kind])
            case _:
                self._text(token.content)

    def _text(self, text: str) -> None:
        text = _BR.sub("\n", printable(text).replace("\t", "    "))
        if self._href:
            self.runs.append((text, self._style, self._link))
        else:
            self.runs.extend(links.linked(text, self._style))

    def _code(self, text: str) -> None:
        text = printable(text).replace("\t", "    ").replace("\n", " ")
        style = f"{self._style} code".strip()
        if self._href:
            self.runs.append((text, style, self._link))
        else:
            self.runs.extend(links.linked(text, style))

    def _open_link(self, href: str) -> None:
        self._href, self._link, self._link_start = href or "#", links.from_href(href), len(self.runs)
        if self._link:
            self._styles.append("link")

    def _close_link(self) -> None:
        shown = "".join([run[0] for run in self.runs[self._link_start :]])
        if self._link:
            self._styles.remove("link")
        # A reader must see where a link leads: its text alone could say anything.
        if printable(self._href) not in (shown, f"mailto:{shown}"):
            self.runs.append((f" ({printable(self._href)})", f"{self._style} dim".strip(), self._link))
        self._href, self._link = "", None

    def _image(self, token: Token) -> None:
        source = str(token.attrs.get("src", ""))
        self.runs.append((f"▣ {printable(token.content) or 'image'}", f"{self._style} em".strip(), None))
        self.runs.append((f" ({printable(source)})", f"{self._style} dim".strip(), links.from_href(source)))


def inline(token: Token, style: str = "") -> list[Run]:
    """The runs of an inline token; "\\n" in a text is a hard break."""
    painter = _Inline(style)
    for child in token.children or ():
        painter.add(child)
    return merge(painter.runs)


def plain_runs(text: str, style: str = "") -> Sequence[Run]:
    """Literal text from outside as runs: nothing in it is markup, but its links are found."""
    return links.linked(printable(text).replace("\t", "    "), style)

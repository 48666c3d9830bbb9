"""Markdown to lines: our own painter over markdown-it's tokens, which are imported at first use."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from agent_core.text import printable
from tui.widgets.transcript import tables
from tui.widgets.transcript.code import CodeBlock
from tui.widgets.transcript.inline import inline
from tui.widgets.transcript.lines import BLANK, Line, Run, cell_len, clip_end, plain, wrap

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_BULLETS = "•◦▪"
_TASK = re.compile(r"\[([ xX])\] ")
_DEEPEST = 24
"""Nested containers that still get an indentation of their own."""


@cache
def parser() -> MarkdownIt:
    """CommonMark with tables and strike-through; HTML is text, and definitions of links stay visible."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("reference")


class _Level:
    """One container that indents what is in it: decoration of the next row, then of all others."""

    def __init__(self, first: tuple[Run, ...], rest: tuple[Run, ...], style: str = "") -> None:
        self.first, self.rest, self.style = first, rest, style
        self.started = False


class _Painter:
    def __init__(self, width: int, blocks: list[CodeBlock]) -> None:
        self.lines: list[Line] = []
        self._width = width
        self._blocks = blocks
        self._count = 0
        self._levels: list[_Level] = []
        self._numbers: list[int | None] = []
        self._gap = False

    def paint(self, tokens: list[Token]) -> list[Line]:
        index = 0
        while index < len(tokens):
            index = self._block(tokens, index)
        return self.lines

    def _block(self, tokens: list[Token], index: int) -> int:
        token = tokens[index]
        match token.type:
            case "heading_open":
                self._heading(tokens[index + 1], int(token.tag[1:]))
                return index + 3
            case "paragraph_open":
                self._gap = self._gap or not (token.hidden or self._at_item_start())
                self._paragraph(tokens[index + 1])
                self._gap = not token.hidden
                return index + 3
            case "bullet_list_open" | "ordered_list_open":
                self._gap = self._gap and not self._numbers
                start = int(token.attrs.get("start", 1))
                self._numbers.append(start if token.type == "ordered_list_open" else None)
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                self._gap = not self._numbers
            case "list_item_open":
                self._item(tokens[index + 2] if index + 2 < len(tokens) else token)
            case "blockquote_open":
                bar: tuple[Run, ...] = (("▎ ", "quote-bar", None),)
                self._space()
                self._levels.append(_Level(bar, bar, "quote"))
            case "list_item_close" | "blockquote_close":
                self._close()
            case "fence" | "code_block":
                self._code(token.content, token.info)
            case "hr":
                self._space()
                self._emit([("─" * self._room(), "rule", None)])
                self._gap = True
            case "table_open":
                return self._table(tokens, index)
            case _ if token.content:
                self._space()
                self._emit([(printable(token.content), self._style(), None)])
            case _:
                pass
        return index + 1

    def _at_item_start(self) -> bool:
        return bool(self._levels) and not self._levels[-1].started

    def _style(self) -> str:
        return self._levels[-1].style if self._levels else ""

    def _prefix(self) -> tuple[list[Run], list[Run]]:
        first: list[Run] = []
        rest: list[Run] = []
        for level in self._levels[:_DEEPEST]:
            first.extend(level.rest if level.started else level.first)
            rest.extend(level.rest)
            level.started = True
        half = self._width // 2
        if cell_len(plain(rest)) > half or cell_len(plain(first)) > half:
            return list(clip_end(first, half)), list(clip_end(rest, half))
        return first, rest

    def _room(self) -> int:
        used = sum([cell_len(plain(level.rest)) for level in self._levels[:_DEEPEST]])
        return max(self._width - used, self._width - self._width // 2, 1)

    def _emit(self, runs: list[Run], *, fill: str = "", at_words: bool = True) -> None:
        first, rest = self._prefix()
        self.lines.extend(wrap(runs, self._width, first=first, rest=rest, fill=fill, at_words=at_words))

    def _space(self) -> None:
        """The empty row between two blocks; it keeps the bars of quotes."""
        if self._gap and self.lines:
            bars = [run for level in self._levels[:_DEEPEST] if level.started for run in level.rest]
            text = plain(bars)
            self.lines.append(Line(tuple(bars), lead=len(text)) if text.strip() else BLANK)
        self._gap = False

    def _close(self) -> None:
        level = self._levels.pop()
        if not level.started:
            self._levels.append(level)
            self._emit([])
            self._levels.pop()

    def _heading(self, token: Token, level: int) -> None:
        self._gap = bool(self.lines)
        self._space()
        runs = inline(token, f"h{level}")
        self._emit(runs)
        if level == 1:
            self._emit([("━" * min(self._room(), cell_len(plain(runs)) or 1), "h1-rule", None)])
        self._gap = False

    def _paragraph(self, token: Token) -> None:
        self._space()
        self._emit(inline(token, self._style()))

    def _item(self, body: Token) -> None:
        if not self._at_item_start():
            self._space()
        self._gap = False
        depth = len(self._numbers) - 1
        number = self._numbers[-1]
        if number is None:
            mark = f"{_BULLETS[depth % len(_BULLETS)]} "
        else:
            mark = f"{number}. ".rjust(4)
            self._numbers[-1] = number + 1
        if number is None and body.type == "inline" and (task := _TASK.match(body.content)):
            mark = "☑ " if task[1] != " " else "☐ "
            if body.children and body.children[0].type == "text":
                body.children[0].content = body.children[0].content[task.end() :]
        if number is None:
            mark = "  " + mark if depth == 0 else mark
        pad = " " * cell_len(mark)
        self._levels.append(_Level(((mark, "bullet", None),), ((pad, "", None),), self._style()))

    def _code(self, code: str, info: str) -> None:
        self._space()
        language = printable(info.strip().split(" ")[0]) if info.strip() else ""
        for line in self._block_of(language, code).lines(code, self._room()):
            first, rest = self._prefix()
            prefix = first or rest
            lead = len(plain(prefix)) + line.lead
            self.lines.append(Line((*prefix, *line.runs), line.fill, line.join, lead, line.action))
        self._gap = True

    def _block_of(self, language: str, code: str) -> CodeBlock:
        """The block as it was painted before, where this is the same with more at its end."""
        number, self._count = self._count, self._count + 1
        if number == len(self._blocks):
            self._blocks.append(CodeBlock(language))
        elif not self._blocks[number].goes_on(language, code):
            self._blocks[number] = CodeBlock(language)
        return self._blocks[number]

    def _table(self, tokens: list[Token], index: int) -> int:
        rows: list[tables.Row] = []
        while tokens[index].type != "table_close":
            token = tokens[index]
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                align = str(token.attrs.get("style", "")).removeprefix("text-align:") or "left"
                style = "th" if token.type == "th_open" else self._style()
                rows[-1].append(tables.Cell(tuple(inline(tokens[index + 1], style)), align))
            index += 1
        self._space()
        for line in tables.render(rows[0], rows[1:], self._room()):
            first, _ = self._prefix()
            self.lines.append(Line((*first, *line.runs), lead=len(plain(first))))
        self._gap = True
        return index + 1


def render(source: str, width: int, blocks: list[CodeBlock] | None = None) -> list[Line]:
    """The lines of a Markdown text of which nothing but Markdown is interpreted.

    Args:
        source: The text.
        width: Columns of a row.
        blocks: The blocks of code of the text when it was shorter: what was coloured then is not coloured
            again. Those of this text are left in it.
    """
    painter = _Painter(width, [] if blocks is None else blocks)
    return painter.paint(parser().parse(printable(source)))

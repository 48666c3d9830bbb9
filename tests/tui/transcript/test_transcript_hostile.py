from __future__ import annotations

import re
from typing import Any

from rich.console import Console

from agent_core.errors import ErrorInfo
from agent_core.events import Usage
from tui.widgets.transcript import Transcript

EVIL = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\ \x9b5n "
    "\x00\x08\x7f\u202eesrever\u2066x\u200b [bold]b[/] [@click=app.quit]q[/] <b> "
    "\r\rback \ud800 \U000e0041 &#27;[0m &#x202e;y"
)
ALLOWED_URLS = {"https://ok.example/a"}


def written(view: Transcript) -> str:
    """The bytes that reach the terminal, as the compositor makes them."""
    console = Console(color_system="truecolor", force_terminal=True)
    return "\n".join(view.render_line(y).render(console) for y in range(view.window_height))


def assert_harmless(output: str) -> None:
    for url in re.findall(r"\x1b\]8;id=\d+-?\w*;([^\x1b]*)\x1b\\", output):
        assert url in ALLOWED_URLS
    rest = re.sub(r"\x1b\]8;(?:id=\d+-?\w*)?;[^\x1b]*\x1b\\|\x1b\[[0-9;]*m", "", output)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ud800-\udfff\U000e0000-\U000e007f]",
        rest,
    )


async def test_nothing_from_outside_reaches_the_terminal_as_anything_but_text(opened: Any) -> None:
    async with opened(100, 80) as (app, _):
        view: Transcript = app.transcript
        view.add_prompt("t1", EVIL)
        view.append_reasoning("t1", EVIL)
        view.start_tool("t1", "c1", EVIL)
        view.tool_output("c1", EVIL)
        view.toggle_unit(1)
        view.toggle_unit(2)
        view.update_now()
        view.finish_tool("c1", EVIL, EVIL, ErrorInfo("x", EVIL, EVIL), 0.1)
        view.append_text(
            "t1",
            f"{EVIL}\n\n```{EVIL}\n{EVIL}\n```\n\n- {EVIL}\n\n| {EVIL} |\n|---|\n| `{EVIL}` |\n\n> {EVIL}\n",
        )
        view.append_text("t1", f"\n[{EVIL}](https://ok.example/a) ![{EVIL}](x) # {EVIL}\n\n    {EVIL}")
        view.add_notice("error", EVIL, EVIL)
        view.finish_turn("t1", "stopped", EVIL, ErrorInfo("y", EVIL + "!", EVIL), Usage(), 1.0)
        view.update_now()
        output = written(view)
        assert "esrever" in output
        assert "[bold]" in output
        assert_harmless(output)
        assert_harmless(app.export_screenshot().replace("\x1b", ""))


async def test_links_carry_only_validated_urls(opened: Any) -> None:
    async with opened(100, 20) as (app, _):
        view: Transcript = app.transcript
        view.append_text(
            "t1", "[a](https://ok.example/a) [b](file:///etc/passwd) [c](data:text/html,x) [d](vbscript:x)"
        )
        view.append_text("t1", "\n\nhttps://ok.example/a and \x1b]8;;https://evil.example\x1b\\x")
        view.update_now()
        output = written(view)
        assert "]8;" in output
        assert_harmless(output)


async def test_copied_text_is_as_harmless_as_what_is_shown(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", f"```sh\n{EVIL}\n```")
        view.update_now()
        await pilot.press("y")
        assert "\x1b" not in app.clipboard
        assert "\u202e" not in app.clipboard
        await pilot.press("j", "c")
        assert "\x1b" not in app.clipboard


async def test_enormous_lines_and_many_rows_are_bounded(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "x" * 100_000)
        view.finish_tool("c1", "y" * 100_000, "z" * 1_000_000 + "\n" * 100_000, None, 1.0)
        view.append_text("t1", "w" * 200_000)
        view.update_now()
        assert all(len(row) <= 60 for row in app.rows())
        assert len(view.page.lines(0)) == 1

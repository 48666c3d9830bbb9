"""What screens are made of is read while the app rests: the first opening takes no longer then."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import tui.screens

if TYPE_CHECKING:
    from textual.app import App

_FOLDER = Path(tui.screens.__path__[0])
_BESIDE = (
    "tui.palette",
    "tui.places",
    "tui.leader",
    "tui.copying",
    "agent_core.logs.sources.compose",
    "agent_core.logs.sources.bus",
)
_BREATH_S = 0.02
"""Between two parts: keys come first."""


async def read_beforehand(app: App[Any]) -> None:
    """Import the screens and what lies beside them in a thread, and parse their styles, each in a turn of its
    own. Textual would parse all styles anew, and match them with every widget, when the screen opens."""
    names = [f"{tui.screens.__name__}.{each.name}" for each in iter_modules([str(_FOLDER)])]
    for name in (*names, *_BESIDE):
        await asyncio.to_thread(import_module, name)
        await asyncio.sleep(_BREATH_S)
    for path in await asyncio.to_thread(lambda: sorted(_FOLDER.glob("*.tcss"))):
        if not app.stylesheet.has_source(str(path)):
            css = await asyncio.to_thread(path.read_text, encoding="utf-8")
            app.stylesheet.add_source(css, read_from=(str(path), ""))
            app.stylesheet.parse()
            await asyncio.sleep(_BREATH_S)

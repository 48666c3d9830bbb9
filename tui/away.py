"""Tells the terminal that somebody is wanted while it is not looked at: a turn has ended, or asks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agent_core.config import Notify
from agent_core.text import one_line, shorten
from tui.passing import Between, between, passed_on

if TYPE_CHECKING:
    from textual.app import App

_MOST = 120
_BELL, _ESC, _END = "\x07", "\x1b", "\x1b\\"


class Away:
    """Says something only while another window has the focus, where the terminal tells of that.

    Args:
        app: Whose terminal it is.
        how: As the setting `notify` says.
        title: What is said it is about.
        through: What stands between; tmux passes on what is wrapped for it with its `allow-passthrough`.
    """

    def __init__(self, app: App[Any], how: Notify, *, title: str, through: Between | None = None) -> None:
        self._app, self._title = app, title
        self._how: Notify = how
        self._through: Between = between(os.environ) if through is None else through

    def tell(self, text: str) -> None:
        """Say it, if nobody looks."""
        driver = self._app._driver  # pyright: ignore[reportPrivateUsage]
        if not self._app.app_focus and driver is not None and self._how != "off":
            driver.write(sequence(self._how, self._title, text, through=self._through))
            driver.flush()


def sequence(how: Notify, title: str, text: str, *, through: Between = "") -> str:
    """What a terminal is sent. The texts may be anybody's: nothing in them can end it or begin another."""
    if how == "off":
        return ""
    if how == "bell":
        return _BELL
    about, said = (_plain(each) for each in (title, text))
    end = _BELL if through == "screen" else _END
    sent = f"{_ESC}]9;{about}: {said}{end}" if how == "osc9" else f"{_ESC}]777;notify;{about};{said}{end}"
    return passed_on(sent, through)


def _plain(text: str) -> str:
    """Printable, in one line, without what parts fields."""
    return shorten(one_line(text), _MOST).replace(";", ",")

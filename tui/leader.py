"""The leader key: the next letter runs an action, and a hint of all letters shows to those who wait.

What comes after the leader is taken before any widget sees it, in the order in which it was typed: a letter
that comes at once runs its action with nothing drawn in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.screen import Screen
from textual.timer import Timer

from tui import chords
from tui.action import Action
from tui.keynames import spell
from tui.keys import TABLE
from tui.places import here
from tui.widgets.whichkey import Entry, Group, WhichKey

if TYPE_CHECKING:
    from typing import Any

    from tui.app import DspyApp

PAUSE_S = 0.3
"""How long a letter may take before the hint shows."""
_LEVELS = ("letters", "here", "panes")
_BY_ID = {action.id: action for action in TABLE}


class Leader:
    """Waits for a letter.

    Args:
        app: Runs the actions, and says what was no letter.
        pause_s: Seconds before the hint shows.
    """

    def __init__(self, app: DspyApp, *, pause_s: float = PAUSE_S) -> None:
        self._app, self._pause_s = app, pause_s
        self._level = ""
        self._typed = ""
        self._timer: Timer | None = None
        self._hint: WhichKey | None = None
        app.screen_change_signal.subscribe(app, self._moved)  # pyright: ignore[reportUnknownMemberType]

    @property
    def waits(self) -> bool:
        """Whether the next key is for it."""
        return bool(self._level)

    @property
    def shows(self) -> bool:
        """Whether the hint is on the screen."""
        return self._hint is not None

    def begin(self, level: str = "letters", *, key: str = "leader", typed: str = "") -> None:
        """The next key is a letter of this level; `key` is the action that began it, by its first key or by
        what was typed."""
        assert level in _LEVELS
        self._level = level
        self._typed = spell(typed) if typed else self._app.keys.shown(key)
        self._timer = self._app.set_timer(self._pause_s, self._show)

    def end(self) -> None:
        """Keys are for the screen again."""
        self._level = ""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._hint is not None:
            self._hint.remove()
            self._hint = None

    async def take(self, event: events.Event) -> bool:
        """Take what was typed or clicked while it waits; whether nothing else is to see it."""
        if isinstance(event, events.Key):
            return await self._key(event)
        if isinstance(event, events.MouseDown | events.Paste):
            over = self._hint.region if self._hint is not None else None
            if over is None or isinstance(event, events.Paste) or not over.contains(event.x, event.y):
                self.end()
        return False

    async def _key(self, event: events.Key) -> bool:
        if event.key in ("escape", "ctrl+c", "ctrl+g") or event.key in self._app.keys.key("leader").split(
            ","
        ):
            self.end()
            return True
        if event.key == "backspace":
            self._up()
            return True
        if self._level == "here":
            self.end()  # the key does what it always does
            return False
        await self._letter(event.character if event.is_printable else event.key.removeprefix("ctrl+"))
        return True

    def _up(self) -> None:
        """One level up; from the first, out of it."""
        if self._level == "here":
            self._level = "letters"
            self._draw()
        else:
            self.end()

    async def _clicked(self, key: str) -> None:
        """The entry of a key was clicked: in a place, it names the key only."""
        if self._level != "here":
            await self._letter(key)

    async def _letter(self, letter: str | None) -> None:
        level = self._level
        if level == "letters" and letter == chords.HERE:
            self._level = "here"
            self._draw()
            return
        self.end()
        does = chords.PANES.get(letter or "") if level == "panes" else ""
        action = chords.LETTERS.get(letter or "") if level == "letters" else ""
        if does:
            await self._app.run_action(does)
        elif action:
            await self._app.do(_BY_ID[action].does)
        else:
            self._say(
                f"{self._typed} {spell(letter or '?')}", "no key; wait for a moment to see which there are"
            )

    def _say(self, what: str, why: str) -> None:
        self._app.notify(f"{what} is {why}", timeout=3, markup=False)

    # The hint

    def _moved(self, screen: Screen[Any]) -> None:
        """Another screen came, or went: the hint is where the person looks."""
        if self._hint is not None and self._hint.screen is not screen:
            self._hint.remove()
            self._hint = None
            self._show()

    def _show(self) -> None:
        if self._level and self._hint is None:
            self._hint = WhichKey(self._clicked)
            self._draw()
            self._app.screen.mount(self._hint)

    def _draw(self) -> None:
        if self._hint is None:
            return
        places = here(self._app.screen)
        where = places[0] if places else ""
        match self._level:
            case "here":
                groups = self._groups_here(places)
                self._hint.say(
                    groups,
                    title=f"Keys here: {where}" if where else "Keys",
                    ways="Backspace letters · Esc closes",
                )
            case "panes":
                entries = tuple(Entry(letter, name) for letter, name in chords.PANE_NAMES.items())
                self._hint.say((Group("", entries),), title="To a pane", ways="Esc closes")
            case _:
                more = f"{chords.HERE} keys of {where} · Esc closes" if where else "Esc closes"
                self._hint.say(self._groups(), title=f"{self._typed} …", ways=more)

    def _groups(self) -> tuple[Group, ...]:
        keys = self._app.keys
        return tuple(
            Group(
                title,
                tuple(
                    Entry(letter, _BY_ID[name].title, keys.shown(name)) for letter, name in letters.items()
                ),
            )
            for title, letters in chords.GROUPS.items()
        )

    def _groups_here(self, places: tuple[str, ...]) -> tuple[Group, ...]:
        return tuple(
            Group(
                place if len(places) > 1 else "",
                tuple(self._entry(action) for action in TABLE if action.where == place),
            )
            for place in places
        )

    def _entry(self, action: Action) -> Entry:
        return Entry(self._app.keys.shown(action.id), action.title)

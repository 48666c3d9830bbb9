"""What the command palette offers: actions, commands, files, definitions, models, sessions, topics, settings,
themes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from agent_core.errors import AgentError
from agent_core.text import human_age, one_line, plural
from agent_core.theme_names import ThemeName
from tui.catalog import fuzzy
from tui.keys import TABLE
from tui.matching import Fit, fit

if TYPE_CHECKING:
    from agent_core.session.saved.model import SavedSession
    from tui.app import DspyApp

_MOST_FILES = _MOST_NAMES = 12
_MOST = 200
"""Entries that are shown at most: nobody reads on."""
_FEWEST_LETTERS = 2
_BY_KIND, _BY_HELP = 3.0, 20.0
"""What it costs when letters of the kind are needed for the fit, or words of what it does."""
_OF_THE_INDEX = 8.0
"""What it costs when only the index knows how a name fits."""


class Offer(NamedTuple):
    """One entry: what it is, what it is called, what it does, its key, and the call that does it."""

    kind: str
    name: str
    help: str
    run: Callable[[], Any]
    key: str = ""

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.kind}: {self.name}" if self.kind else self.name


class Found(NamedTuple):
    """An entry that fits, and the letters of its title that do."""

    offer: Offer
    fit: Fit


class Offers:
    """All of it.

    Args:
        program: What the calls are made on.
    """

    def __init__(self, program: DspyApp) -> None:
        self._program = program
        self._models: list[str] = []
        self._saved: list[SavedSession] = []

    async def ask_for_models(self) -> None:
        """Ask for the models, where one answers."""
        models = self._program.runtime.models
        if models.info is not None:
            try:
                self._models = await models.list_models()
            except AgentError:
                self._models = []

    async def look_for_sessions(self) -> None:
        """Look for sessions: of one that went on, its whole file is read anew."""
        conversation = self._program.runtime.session.conversation
        try:
            found = await asyncio.to_thread(conversation.store.list)
        except (AgentError, OSError):
            return  # the Sessions screen says why
        self._saved = [saved for saved in found if saved.id != conversation.id]

    def known(self, query: str) -> list[Found]:
        """What fits of what needs no search, the best first; without a query every action."""
        if not query.strip():
            return [Found(offer, Fit(0.0)) for offer in self._actions()]
        return ranked(query, self._all())

    async def searched(self, query: str) -> list[Found]:
        """Files and definitions that fit."""
        if len(query.strip()) < _FEWEST_LETTERS:
            return []
        files, names = await asyncio.gather(self._files(query), self._definitions(query))
        return [*files, *names]

    def _all(self) -> Iterable[Offer]:
        yield from self._actions()
        yield from self._commands()
        yield from self._model_offers()
        yield from self._themes()
        yield from self._settings()
        yield from self._sessions()
        yield from self._topics()

    def _actions(self) -> Iterable[Offer]:
        program = self._program
        for action in TABLE:
            if action.palette and action.id != "palette":
                key = program.keys.shown(action.id)
                yield Offer("", action.title, action.help, partial(program.do, action.does), key)

    def _commands(self) -> Iterable[Offer]:
        program = self._program
        for tool in program.runtime.registry.known:
            begin = partial(program.begin_command, tool.name)
            yield Offer("Command", tool.name, one_line(tool.summary), begin)
        for name, written in program.runtime.registry.written.items():
            begin = partial(program.begin_command, f"/{name}")
            yield Offer("Command", f"/{one_line(name)}", one_line(written.summary), begin)

    def _model_offers(self) -> Iterable[Offer]:
        for name in self._models:
            use = partial(self._program.use_model, name)
            yield Offer("Model", one_line(name), "use this model", use)

    def _themes(self) -> Iterable[Offer]:
        program = self._program
        for name in get_args(ThemeName):
            if name in program.available_themes:
                help_ = "its colours, until the program ends"
                yield Offer("Theme", name, help_, partial(setattr, program, "theme", name))

    def _settings(self) -> Iterable[Offer]:
        from agent_core.config_sources import fields

        for name, field in fields().items():
            show = partial(self._program.work.action_settings, name)
            yield Offer("Setting", name, one_line(field.description), show)

    def _sessions(self) -> Iterable[Offer]:
        from tui.screens.session_rows import called

        for saved in self._saved:
            said = f"go on in it: {plural(saved.turns, 'turn')}, {human_age(time.time() - saved.updated)}"
            yield Offer("Session", called(saved), said, partial(self._program.resume, saved.id))

    def _topics(self) -> Iterable[Offer]:
        program = self._program
        for name in program.runtime.link.standing.topics:
            show = partial(program.work.show_messages, name)
            yield Offer("Topic", one_line(name), "read its messages", show)

    async def _definitions(self, query: str) -> list[Found]:
        program = self._program
        try:
            places = await program.runtime.index.names(query.strip(), limit=_MOST_NAMES)
        except AgentError:
            return []  # the rest is found without an index
        out: list[Found] = []
        for number, place in enumerate(places):
            show = partial(program.work.preview, place.path, place.start)
            offer = Offer("Definition", one_line(place.name), f"{one_line(place.path)}:{place.start}", show)
            out.append(Found(offer, _fits(query, offer) or Fit(_OF_THE_INDEX + number / 100)))
        return out

    async def _files(self, query: str) -> list[Found]:
        program = self._program
        desk = program.work.desk
        if desk is None:
            return []
        out: list[Found] = []
        files = await desk.catalog.files()
        near = await asyncio.to_thread(fuzzy, query, files, _MOST_FILES)  # of many files not at once
        for number, path in enumerate(near):
            offer = Offer("File", one_line(path), "look at it", partial(program.work.preview, path))
            out.append(Found(offer, _fits(query, offer) or Fit(_OF_THE_INDEX + number / 100)))
        return out


def ranked(query: str, offers: Iterable[Offer]) -> list[Found]:
    """Those that fit, the best first; of equal ones those that came first."""
    found = [Found(offer, its) for offer in offers if (its := _fits(query, offer)) is not None]
    return best(found)


def best(found: Sequence[Found]) -> list[Found]:
    """The best of them, in order."""
    return sorted(found, key=lambda each: each.fit.cost)[:_MOST]


def _fits(query: str, offer: Offer) -> Fit | None:
    """By its name; else by its name and kind; else by whole words of what it does."""
    ahead = len(offer.title) - len(offer.name)
    if (its := fit(query, offer.name)) is not None:
        return Fit(its.cost, frozenset(at + ahead for at in its.at))
    if ahead and (its := fit(query, offer.title)) is not None:
        return Fit(int(its.cost) + _BY_KIND, its.at)  # the names as they come, not the shortest first
    said = f"{offer.title} {offer.help}".lower()
    return Fit(_BY_HELP) if all(word in said for word in query.lower().split()) else None

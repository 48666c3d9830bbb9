"""What the command palette offers: actions, commands, files, definitions, models, sessions, topics, settings,
themes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from agent_core.errors import AgentError
from agent_core.text import human_age, one_line, plural
from agent_core.theme_names import ThemeName
from tui.catalog import fuzzy
from tui.keys import TABLE

if TYPE_CHECKING:
    from agent_core.session.saved.model import SavedSession
    from tui.app import DspyApp

_MOST_FILES = _MOST_NAMES = 12
_FEWEST_LETTERS = 2


class Offer(NamedTuple):
    """One entry: what it is called, what it does, and the call that does it."""

    title: str
    help: str
    run: Callable[[], Any]


class EverythingProvider(Provider):
    """All of it under one key."""

    def __init__(self, screen: Any, match_style: Any = None) -> None:
        super().__init__(screen, match_style)
        self._models: list[str] = []
        self._saved: list[SavedSession] = []

    @property
    def _program(self) -> DspyApp:
        return cast("DspyApp", self.app)

    async def startup(self) -> None:
        """Ask for the models only where one answers: the palette must open at once."""
        self.screen.run_worker(self._look_for_sessions, group="palette")
        await self._ask_for_models()

    async def _ask_for_models(self) -> None:
        models = self._program.runtime.models
        if models.info is not None:
            try:
                self._models = await models.list_models()
            except AgentError:
                self._models = []

    async def _look_for_sessions(self) -> None:
        """Beside it: of a session that went on, its whole file is read anew."""
        conversation = self._program.runtime.session.conversation
        try:
            found = await asyncio.to_thread(conversation.store.list)
        except (AgentError, OSError):
            return  # the Sessions screen says why
        self._saved = [saved for saved in found if saved.id != conversation.id]

    async def discover(self) -> Hits:
        """What an empty search shows: every action."""
        for offer in self._actions():
            yield DiscoveryHit(Content(offer.title), offer.run, text=offer.title, help=escape(offer.help))

    async def search(self, query: str) -> Hits:
        """What fits the search."""
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.title)
            if score > 0:
                title = _marked(matcher, offer.title)
                yield Hit(score, title, offer.run, text=offer.title, help=escape(offer.help))
        if len(query.strip()) >= _FEWEST_LETTERS:
            async for hit in self._files(query):
                yield hit
            async for hit in self._definitions(query):
                yield hit

    def _offers(self) -> Iterable[Offer]:
        """What is known before anything is typed."""
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
                title = f"{action.title} ({program.keys.shown(action.id)})"
                yield Offer(title, action.help, partial(program.do, action.does))

    def _commands(self) -> Iterable[Offer]:
        program = self._program
        for tool in program.runtime.registry.known:
            yield Offer(
                f"Command: {tool.name}", one_line(tool.summary), partial(program.begin_command, tool.name)
            )

        for name, written in program.runtime.registry.written.items():
            yield Offer(f"Command: /{name}", written.summary, partial(program.begin_command, f"/{name}"))

    def _model_offers(self) -> Iterable[Offer]:
        program = self._program
        for name in self._models:
            yield Offer(f"Model: {one_line(name)}", "use this model", partial(program.use_model, name))

    def _themes(self) -> Iterable[Offer]:
        program = self._program
        for name in get_args(ThemeName):
            if name in program.available_themes:
                help_ = "its colours, until the program ends"
                yield Offer(f"Theme: {name}", help_, partial(setattr, program, "theme", name))

    def _settings(self) -> Iterable[Offer]:
        from agent_core.config_sources import fields

        program = self._program
        for name, field in fields().items():
            show = partial(program.work.action_settings, name)
            yield Offer(f"Setting: {name}", one_line(field.description), show)

    def _sessions(self) -> Iterable[Offer]:
        from tui.screens.session_rows import called

        session = self._program.runtime.session
        for saved in self._saved:
            said = f"go on in it: {plural(saved.turns, 'turn')}, {human_age(time.time() - saved.updated)} old"
            yield Offer(f"Session: {called(saved)}", said, partial(session.submit, f"/resume {saved.id}"))

    def _topics(self) -> Iterable[Offer]:
        program = self._program
        for name in program.runtime.link.standing.topics:
            yield Offer(
                f"Topic: {one_line(name)}", "read its messages", partial(program.work.show_messages, name)
            )

    async def _definitions(self, query: str) -> Hits:
        program, matcher = self._program, self.matcher(query)
        try:
            places = await program.runtime.index.names(query.strip(), limit=_MOST_NAMES)
        except AgentError:
            return  # the rest is found without an index
        for number, place in enumerate(places):
            title = f"Definition: {one_line(place.name)}"
            yield Hit(
                matcher.match(place.name) or 0.4 - number / 100,
                Content(title),
                partial(program.work.preview, place.path, place.start),
                text=title,
                help=escape(f"{one_line(place.path)}:{place.start}"),
            )

    async def _files(self, query: str) -> Hits:
        program = self._program
        desk = program.work.desk
        if desk is None:
            return
        for number, path in enumerate(fuzzy(query, await desk.catalog.files(), _MOST_FILES)):
            title = f"File: {one_line(path)}"
            yield Hit(
                0.3 - number / 100,
                Content(title),
                partial(program.work.preview, path),
                text=title,
                help="look at it",
            )


def _marked(matcher: Any, title: str) -> Content:
    """The title with the letters that fit marked; what it says stays literal."""
    highlighted = matcher.highlight(title)
    return highlighted if isinstance(highlighted, Content) else Content(title)

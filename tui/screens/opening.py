"""The screens that the work screen opens over itself, and what they end with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast

from textual.screen import Screen

from agent_core.errors import AgentError
from agent_core.text import one_line
from tui.keymap import Keys
from tui.screens.kept import KeptSizes
from tui.screens.paned import PanedScreen
from tui.screens.training import Training

if TYPE_CHECKING:
    from textual.app import App

    from agent_core.config import Config
    from agent_core.events import ToolFinished
    from agent_core.runtime import Runtime
    from tui.app import DspyApp
    from tui.found import Results
    from tui.screens.stack_desk import StackDesk


class OpeningScreen(PanedScreen):
    """Panes over which help, models, search results, logs and files can be opened."""

    def __init__(self, runtime: Runtime, keys: Keys, *, clock: Callable[[], float]) -> None:
        super().__init__(keys, kept=KeptSizes(runtime.workspace), clock=clock)
        self._runtime = runtime
        self._clock = clock
        self._results: Results | None = None
        self._stack: StackDesk | None = None
        self.training = Training(
            session=runtime.session, workspace=runtime.workspace, beside=runtime.training
        )

    def say(self, text: str, *, severity: str = "information") -> None:
        """A short message that goes away by itself."""
        self.notify(text, severity=severity, timeout=3, markup=False)  # pyright: ignore[reportArgumentType]

    def looked_at(self, path: str) -> None:
        """For subclasses: a file was opened."""

    def action_edit_prompt(self) -> None:
        """Edit the prompt in an editor, with the letters that were typed just before."""
        from tui.editing import edit_prompt

        app, prompt = cast("DspyApp", self.app), self.chat.prompt  # pyright: ignore[reportUnknownMemberType]
        work = partial(edit_prompt, app, prompt, self._runtime.workspace.root)
        prompt.call_later(self.run_worker, work, group="editor")

    def action_models(self) -> None:
        """List, switch or pull models."""
        from tui.screens.models import ModelsScreen

        self._push(ModelsScreen(models=self._runtime.models, keys=self._keys))

    def action_auth(self, endpoint: str = "") -> None:
        """Type an endpoint's key, hidden, to keep it in the keyring."""
        from tui.screens.auth import AuthScreen

        def tell(said: str | None) -> None:
            if said:
                self.notify(said, timeout=8, markup=False)

        screen = AuthScreen(self._runtime.config, keys=self._keys, endpoint=endpoint)
        self.app.push_screen(screen, tell)  # pyright: ignore[reportUnknownMemberType]

    def action_settings(self, setting: str = "") -> None:
        """Show every setting, to change one."""
        from tui.screens.settings import SettingsScreen
        from tui.screens.settings_desk import SettingsDesk

        runtime = self._runtime
        screen = SettingsScreen(
            desk=SettingsDesk(workspace=runtime.workspace, read=runtime.reread),
            config=runtime.config,
            keys=self._keys,
            changed=self._setting_changed,
            setting=setting,
        )
        self._push(screen)

    def _setting_changed(self, name: str, config: Config) -> None:
        """A theme and symbols are seen at once; anything else holds from the next start on."""
        app = cast("DspyApp", self.app)  # pyright: ignore[reportUnknownMemberType]
        if name == "theme" and config.settings.theme in app.available_themes and not app.ansi_color:
            app.theme = config.settings.theme
        elif name == "symbols":
            app.show_symbols(config.settings.symbols)

    def action_sessions(self) -> None:
        """Go on in a saved conversation, or look after them."""
        from tui.screens.sessions import SessionsScreen

        def run(command: str | None) -> None:
            if command:
                self._runtime.session.submit(command)

        screen = SessionsScreen(conversation=self._runtime.session.conversation, keys=self._keys)
        self.app.push_screen(screen, run)  # pyright: ignore[reportUnknownMemberType]

    def action_learning(self) -> None:
        """Show whether the suggestions help, and what was learnt."""
        from tui.screens.learning import LearningScreen

        pane, learning = self.suggestions, self._runtime.learning
        screen = LearningScreen(
            learning=learning, training=self.training, suggestions=lambda: pane.ranked, keys=self._keys
        )
        self._push(screen)

    def on_status_training_wanted(self) -> None:
        """The training was clicked."""
        self.action_learning()

    def action_stack(self) -> None:
        """Show how the services stand, and what can be done with them."""
        from tui.screens.stack import StackScreen

        desk = self._stack_desk()
        self._push(StackScreen(desk=desk, keys=self._keys, clock=self._clock))

    def action_topics(self) -> None:
        """Show what is on the bus."""
        self._show_topics()

    def action_messages(self) -> None:
        """Type the topics whose messages are to be read."""
        self._show_topics(asking=True)

    def _show_topics(self, *, asking: bool = False) -> None:
        from tui.screens.bus_desk import BusDesk
        from tui.screens.topics import TopicsScreen

        runtime = self._runtime
        screen = TopicsScreen(
            desk=BusDesk(root=runtime.workspace.root, settings=runtime.config.settings),
            keys=self._keys,
            start=lambda: runtime.session.submit("/stack up kafka"),
            asking=asking,
        )
        self._push(screen)

    def show_messages(self, topic: str) -> None:
        """Read the messages of a topic."""
        from tui.screens.bus_desk import BusDesk
        from tui.screens.tail import TailScreen

        runtime = self._runtime
        desk = BusDesk(root=runtime.workspace.root, settings=runtime.config.settings)
        try:
            tail = desk.tail((topic,))
        except AgentError as error:
            self.say(f"{error.message}. {error.hint}", severity="warning")
            return
        self._push(TailScreen(tail=tail, topics=(topic,), where=desk.where, keys=self._keys))

    def _stack_desk(self) -> StackDesk:
        if self._stack is None:
            from agent_core.masking import log_masker
            from tui.screens.bus_desk import BusDesk
            from tui.screens.stack_desk import StackDesk
            from tui.screens.stack_job import Jobs
            from tui.screens.stack_scaling import Scaling

            def tell(text: str, bad: bool) -> None:
                runtime.link.look_now()  # it may have started or ended the bus
                app.notify(text, severity="error" if bad else "information", timeout=8, markup=False)

            app = cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType]
            runtime = self._runtime
            settings = runtime.config.settings
            self._stack = StackDesk(
                root=runtime.workspace.root,
                stack_dir=settings.stack_dir,
                jobs=Jobs(app=app, tell=tell, clock=self._clock),
                mask=log_masker(settings),
                init=lambda: runtime.session.submit("/stack init"),
                bus=BusDesk(root=runtime.workspace.root, settings=settings),
                scaling=Scaling(root=runtime.workspace.root, settings=settings),
                into_pane=self._containers_into_pane,
            )
        return self._stack

    def _containers_into_pane(self, source: str) -> None:
        """Make containers what the log pane is about, where it reads those of the same files."""
        from agent_core.logs.sources.compose import ComposeKind

        settings = self._runtime.config.settings
        read = ComposeKind(self._runtime.workspace, settings).file()
        if PurePath(read).parent != PurePath(settings.stack_dir):
            self.say(f"The log pane reads the containers of {one_line(read)}, which is another stack")
        else:
            self.watch_logs(source)
            self.say(f"The log pane is about {one_line(source)} now")

    def watch_logs(self, source: str) -> None:
        """For subclasses: what the log pane is to be about; "" for the log files."""

    def action_search_code(self) -> None:
        """Type what is searched for, and see it found."""
        from tui.found import Results

        self._show_results(Results())

    def action_results(self) -> None:
        """Show what the last search found."""
        if self._results is None:
            self.say(f"Nothing was searched for yet; {self._keys.shown('search_code')} searches the code")
        else:
            self._show_results(self._results)

    def take_results(self, event: ToolFinished) -> None:
        """Keep what a search command found."""
        from tui.found import of_event

        self._results = of_event(event) or self._results

    def _show_results(self, results: Results) -> None:
        from tui.screens.results import ResultsScreen

        def keep(found: Results) -> None:
            self._results = found

        runtime = self._runtime
        screen = ResultsScreen(
            results,
            workspace=runtime.workspace,
            index=runtime.index,
            keys=self._keys,
            limit=runtime.config.settings.search_results,
            keep=keep,
            open_place=self.preview,
        )
        self.app.push_screen(screen, self._mention)  # pyright: ignore[reportUnknownMemberType]

    def action_log_screen(self) -> None:
        """Show the logs in full."""
        self.show_logs()

    def show_logs(self, *, event: str = "", path: str = "", filtering: bool = False) -> None:
        """Show the logs in full: at an event, the lines of one of them, or while a filter is typed."""
        from tui.screens.logs import LogScreen

        runtime = self._runtime
        screen = LogScreen(
            workspace=runtime.workspace,
            logs=runtime.logs,
            keys=self._keys,
            open_place=self.preview,
            maps=runtime.config.settings.log_paths,
            query=self.logs.watched,
            digest=self.logs.digest,
            event=event,
            path=path,
            filtering=filtering,
        )
        self.app.push_screen(screen, self._mention)  # pyright: ignore[reportUnknownMemberType]

    def preview(self, path: str, line: int = 0) -> None:
        """Show a file: the one way to open a place of the workspace."""
        from agent_core.events import PlaceOpened
        from tui.screens.preview import PreviewScreen

        screen = PreviewScreen(self._runtime.workspace, path, keys=self._keys, line=line)
        self.app.push_screen(screen, self._mention)  # pyright: ignore[reportUnknownMemberType]
        self._runtime.bus.publish(PlaceOpened(path=path, line=line))
        self.looked_at(path)

    def _mention(self, place: str | None) -> None:
        """Put the place that a screen ended with into the prompt; the screens below it have served."""
        from tui.screens.logs import LogScreen
        from tui.screens.results import ResultsScreen

        if not place:
            return
        self.chat.mention(place)
        screen = self.app.screen  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(screen, ResultsScreen | LogScreen):
            screen.dismiss(None)

    def follow_preview(self, paths: Collection[Path]) -> None:
        """Files changed on the disk (absolute paths): the one that is looked at may be among them."""
        from tui.screens.preview import PreviewScreen

        for screen in self.app.screen_stack:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if isinstance(screen, PreviewScreen):
                screen.follow(paths)

    def _push(self, screen: Screen[Any]) -> None:
        self.app.push_screen(screen)  # pyright: ignore[reportUnknownMemberType]

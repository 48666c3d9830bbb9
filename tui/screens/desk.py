"""Behind the work screen: the events, the disk, git, the model. Starts after the first paint."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agent_core.errors import AgentError
from agent_core.events import SessionOpened, ToolFinished
from agent_core.ignore import is_own
from agent_core.logs.sources.find import named_beside_files
from agent_core.streaming.names import service_of
from tui.away import Away
from tui.catalog import Catalog
from tui.router import Router

if TYPE_CHECKING:
    from textual.app import App

    from agent_core.events import BusChanged
    from agent_core.logs.api import Digest
    from agent_core.runtime import Runtime
    from tui.screens.work import WorkScreen

_MOST_FOLDERS = 1000
_AT_ONCE = 64
_GIT_PAUSE_S = 0.5
_log = logging.getLogger(__name__)


class Desk:
    """Owns the background work of one work screen; it all ends with the screen."""

    def __init__(self, *, runtime: Runtime, screen: WorkScreen) -> None:
        from agent_core.watching import FolderWatch

        self._runtime = runtime
        self._screen = screen
        self.catalog = Catalog(runtime.workspace, stack_dir=runtime.config.settings.stack_dir)
        self._folders: set[str] = set()
        self._beside: tuple[str, ...] = ()
        self._watcher = FolderWatch(
            on_change=self._changed, on_unnamed=self._look_again, on_trouble=self._blind
        )
        app = cast("App[Any]", screen.app)  # pyright: ignore[reportUnknownMemberType]
        away = Away(app, runtime.config.settings.notify, title=runtime.workspace.root.name)
        self._router = Router(
            screen=screen, propose=runtime.learning.propose, buses=self._bus_changed, call=away.tell
        )

    async def begin(self) -> None:
        """Show what is known at once, and start the rest."""
        from tui.prompt_history import PromptHistory

        runtime, screen = self._runtime, self._screen
        screen.run_worker(self._follow(), group="events")
        # Plugins are looked up once, in a thread: importlib reads the metadata of every distribution.
        screen.run_worker(runtime.registry.ready(), group="plugins")
        await asyncio.to_thread(runtime.registry.read_written, runtime.workspace)
        runtime.learning.propose()
        history = PromptHistory(runtime.workspace)
        await screen.chat.begin(
            history=history,
            catalog=self.catalog,
            registry=runtime.registry,
            index=runtime.index,
            sessions=runtime.session.conversation.store,
        )
        await screen.files.begin(runtime.workspace)
        await screen.logs.begin(runtime.workspace, runtime.config.settings.log_files)
        if await asyncio.to_thread(named_beside_files, runtime.config.settings):
            self.follow_logs()
        screen.run_worker(self._read_git(), group="git", exclusive=True)
        screen.run_worker(self._watch_disk(), group="disk")
        screen.run_worker(self._find_model(), group="model")
        if runtime.config.settings.index_in_background:
            screen.run_worker(self._open_index(), group="index")
        screen.run_worker(runtime.servers.open(), group="servers")
        runtime.link.start()

    async def _follow(self) -> None:
        """Route every event; a flood gives way to the keys every so often."""
        with self._runtime.bus.subscribe() as events:
            self._runtime.session.switch()  # where the program was started to go on in an earlier one
            count = 0
            async for event in events:
                if isinstance(event, SessionOpened):
                    await self._router.replay(self._runtime.session.conversation.take_earlier())
                self._router.route(event)
                self._screen.training.see(event)
                if isinstance(event, ToolFinished) and event.name == "stack":
                    self._runtime.link.look_now()  # what it did may have started or ended the bus
                count += 1
                if count % _AT_ONCE == 0:
                    await asyncio.sleep(0)

    # The disk

    async def _watch_disk(self) -> None:
        self._folders = await self.catalog.folders(_MOST_FOLDERS)
        self.watch()
        await self._watcher.run()

    def watch(self) -> None:
        """Watch the folders with files, those that are open, those of the logs, and git's own."""
        root = self._runtime.workspace.root
        names = {*self._folders, *self._screen.files.tree_of.open, *self._screen.logs.folders}
        self._watcher.watch({root, root / ".git", *(root / name for name in names)})

    def _blind(self, reason: str) -> None:
        self._screen.transcript.add_notice(
            "warning",
            f"Changes on the disk are not followed: {reason}",
            "Press r in the files to look again.",
        )

    def _look_again(self) -> None:
        """Something changed somewhere. git stays unasked: it may read the file, which is a change again."""
        self.catalog.outdate()
        files = self._screen.files
        self._screen.run_worker(files.reload(files.tree_of.folders()), group="changes")

    def _changed(self, paths: set[Path]) -> None:
        self._screen.run_worker(self._take_in(paths), group="changes")

    async def _take_in(self, paths: set[Path]) -> None:
        root = self._runtime.workspace.root
        git = {path for path in paths if path.parent == root / ".git"}
        others = {path for path in paths - git if not (path.parent == root and is_own(path.name))}
        if others:
            self._screen.follow_preview(others)
            self.catalog.outdate()
            await self._screen.files.reload(self._screen.files.folders_of(others, root))
            await self._screen.logs.changed(others)
        if others or any(path.name in ("HEAD", "index") for path in git):
            self.read_git()
        new = {
            path.relative_to(root).as_posix()
            for path in others
            if path.is_dir() and path.is_relative_to(root)
        }
        if new - self._folders:
            self._folders |= new
            self.watch()

    def reload(self) -> None:
        """Read everything again."""
        self.catalog.outdate()
        screen = self._screen
        screen.run_worker(screen.files.reload(screen.files.tree_of.folders()), group="reload", exclusive=True)
        screen.run_worker(screen.logs.look_around(), group="reload-logs", exclusive=True)
        self.read_git()

    def read_git(self) -> None:
        """Ask git soon; many changes are one question."""
        self._screen.run_worker(partial(self._read_git, _GIT_PAUSE_S), group="git", exclusive=True)

    async def _read_git(self, pause: float = 0.0) -> None:
        from agent_core.gitstate import status
        from agent_core.tools.listing import Changes

        await asyncio.sleep(pause)
        state = await status(self._runtime.workspace)
        self.catalog.changed = frozenset(path for path in state.files if not path.endswith("/"))
        self._screen.files.set_changes(Changes(state), len(state.files))
        self._screen.status.change(branch=state.branch or "", changes=len(state.files))

    # The model

    async def _find_model(self) -> None:
        """Find out which model answers, and load what it takes while the user still types."""
        models = self._runtime.models
        try:
            model = await models.current()
        except AgentError as error:
            _log.info("no model yet: %s", error.message)
            self._screen.transcript.add_notice("warning", error.message, error.hint)
            return
        if model is not None:
            from agent_core.llm.dspy_engine import preload
            from tui.garbage import set_aside

            await preload()
            set_aside()

    # The index

    async def _open_index(self) -> None:
        """Keep the index fresh from now on."""
        try:
            await self._runtime.index.open()
        except AgentError as error:
            self._screen.transcript.add_notice("warning", error.message, error.hint)

    def follow_logs(self) -> None:
        """Show from now on what the logs say."""
        self._screen.run_worker(self._follow_logs, group="logs", exclusive=True)

    async def _follow_logs(self) -> None:
        def take(digest: Digest) -> None:
            self._screen.logs.take(digest)
            self._runtime.learning.see_logs(digest)

        stop = self._runtime.logs.follow(self._screen.logs.watched, take)
        try:
            await asyncio.Event().wait()  # until the screen ends
        finally:
            stop()

    # The bus

    def _bus_changed(self, event: BusChanged) -> None:
        """Show how the bus stands; where it has key events, the logs have them."""
        self._screen.bus_told.tell(event)
        if event.state == "up":
            self._screen.logs.take_services(tuple(filter(None, map(service_of, event.topics))))
            self.read_bus()

    def read_bus(self) -> None:
        """Read key events of the bus with the logs, where there are any and they are wanted."""
        pane = self._screen.logs
        names = ("bus",) if pane.services and pane.with_bus else ()
        if names != self._beside:
            self._beside = names
            self._runtime.logs.read_beside(names)
            self.follow_logs()

    def looked_at(self, path: str) -> None:
        """What the person looks at gets its vectors first, and is offered first."""
        self.catalog.looked_at(path)
        self._screen.run_worker(self._prefer(path), group="prefer")

    async def _prefer(self, path: str) -> None:
        try:
            await self._runtime.index.opened((path,))
        except AgentError as error:
            _log.info("the index does not prefer %s: %s", path, error.message)

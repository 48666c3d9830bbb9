"""A runtime whose session only records: what happens on the screen is replayed through its bus."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from agent_core.bus import Bus
from agent_core.changes.model import Chosen
from agent_core.config import Config, Origin, Settings, load
from agent_core.cooldowns import Cooldowns, seconds_of
from agent_core.events import BusChanged, Event, ModelChanged, TurnQueued, TurnUnqueued
from agent_core.forms import Filled
from agent_core.llm.port import ModelInfo
from agent_core.masking import mask_secrets
from agent_core.rl.beside import Beside
from agent_core.session.saved.conversation import Conversation
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.store import SavedSessions
from agent_core.tools.help import HelpTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.workspace import Workspace
from tests.fakes.index import FilesIndex
from tests.fakes.logs import GivenLogs
from tests.fakes.suggesting import FakeLearning

INFO = ModelInfo(
    provider="ollama", name="qwen3:1.7b", host="localhost:11434", window=8192, supports_tools=True
)


class FakeSession:
    """Records what the screen asks of it."""

    def __init__(self, bus: Bus, workspace: Workspace) -> None:
        self.bus = bus
        self.submitted: list[str] = []
        self.answers: list[tuple[str, str]] = []
        self.chosen: Chosen | None = None
        self.filled: dict[str, Filled] = {}
        self.cancelled = 0
        self.sent_now: list[str] = []
        self.running: str | None = None
        self.queue: dict[str, str] = {}
        self.farewell: tuple[str, ...] = ()
        store = SavedSessions(workspace)
        self.conversation = Conversation(
            store=store, saving=Saving(store=store, mask=mask_secrets, enabled=True)
        )

    def submit(self, text: str) -> str:
        self.submitted.append(text)
        turn_id = f"t{len(self.submitted)}"
        if self.running:
            self.queue[turn_id] = text
            self.bus.publish(TurnQueued(turn_id=turn_id, text=text, position=len(self.queue)))
        return turn_id

    def switch(self) -> None:
        """No session was prepared."""

    def cancel(self) -> bool:
        self.cancelled += self.running is not None
        return self.running is not None

    def send_now(self, turn_id: str) -> bool:
        self.sent_now.append(turn_id)
        return turn_id in self.queue

    def unqueue(self, turn_id: str) -> str | None:
        text = self.queue.pop(turn_id, None)
        if text is not None:
            self.bus.publish(TurnUnqueued(turn_id=turn_id))
        return text

    def answer(self, call_id: str, decision: str, chosen: Chosen | None = None) -> bool:
        self.answers.append((call_id, decision))
        self.chosen = chosen
        return True

    def fill(self, call_id: str, filled: Filled) -> bool:
        self.filled[call_id] = filled
        return True


class FakeModels:
    """No model, unless one is given."""

    def __init__(self, bus: Bus, info: ModelInfo | None, names: list[str]) -> None:
        self._bus = bus
        self.info = info
        self.names = names
        self.steps: list[Any] = []

    async def current(self) -> None:
        info = self.info
        self._bus.publish(
            ModelChanged(
                provider=info.provider if info else "none",
                model=info.name if info else "",
                state="ready" if info else "none",
                window=info.window if info else 0,
            )
        )

    async def list_models(self) -> list[str]:
        return self.names

    async def switch(self, name: str) -> ModelInfo:
        self.info = ModelInfo(provider="ollama", name=name, host="localhost:11434", window=4096)
        await self.current()
        return self.info

    async def pull(self, name: str, *, insecure: bool = False):
        for step in self.steps:
            if hasattr(step, "wait"):
                await step.wait()
            else:
                yield step


class FakeLink:
    """Looks for no bus; `told` is how it stands, once it is looked for."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.told = BusChanged(state="absent", where="localhost:9092")
        self.standing = BusChanged(state="absent", where="")
        self.started = False
        self.looks = 0

    def start(self) -> None:
        self.started = True

    def look_now(self) -> None:
        self.looks += 1

    async def look(self) -> BusChanged:
        self.look_now()
        if self.standing is not self.told:
            self.standing = self.told
            self._bus.publish(self.told)
        return self.told


class NoServers:
    """No other program brings tools."""

    async def open(self) -> None:
        """There is nothing to start."""


class FakeRuntime(SimpleNamespace):
    """What `DspyApp` is given."""

    bus: Bus
    index: FilesIndex
    logs: GivenLogs
    learning: FakeLearning
    link: FakeLink
    session: FakeSession
    training: Beside
    closed: bool

    def publish(self, *events: Event) -> None:
        for event in events:
            self.bus.publish(event)

    def read(self) -> bool:
        """Whether every reader has taken everything off its queue."""
        return not any(subscription._events for subscription in self.bus._subscriptions)

    async def aclose(self) -> None:
        self.closed = True
        self.bus.close()


def fake_runtime(
    root: Path,
    *,
    settings: Settings | None = None,
    info: ModelInfo | None = INFO,
    names: list[str] | None = None,
    index_in_background: bool = False,
    env: dict[str, str] | None = None,
) -> FakeRuntime:
    """A runtime over a real folder, with the real tools' names and no model behind it."""
    bus = Bus()
    workspace = Workspace.open(root)
    settings = msgspec.structs.replace(settings or Settings(), index_in_background=index_in_background)
    registry = Registry(builtin_tools())
    registry.add(HelpTool(registry=registry))
    runtime = FakeRuntime(
        workspace=workspace,
        config=Config(settings=settings, origins=dict.fromkeys(Settings.__struct_fields__, Origin())),
        reread=partial(load, root=root, flags={}, env=env or {}),
        registry=registry,
        models=FakeModels(bus, info, names or ["qwen3:1.7b", "qwen3:4b", "llama3.2:3b"]),
        index=FilesIndex(workspace, publish=bus.publish),
        logs=GivenLogs(),
        cooldowns=Cooldowns(workspace=workspace, seconds=seconds_of(settings), publish=bus.publish),
        session=FakeSession(bus, workspace),
        link=FakeLink(bus),
        bus=bus,
        training=Beside(publish=bus.publish),
        servers=NoServers(),
        log=SimpleNamespace(path=root / ".dspy_tui" / "logs" / "dspy-tui.jsonl"),
        closed=False,
        warnings=lambda: (),
    )
    runtime.learning = FakeLearning(runtime)
    return runtime

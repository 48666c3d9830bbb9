from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from tui.widgets.transcript import Transcript


class TranscriptApp(App[None]):
    """A screen with nothing but the transcript; keeps what it posts."""

    CSS = "Transcript { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Transcript(clock=lambda: self.now)

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def on_mount(self) -> None:
        self.transcript.focus()

    def on_transcript_link_activated(self, message: Transcript.LinkActivated) -> None:
        self.posted.append(message)

    def on_transcript_copied(self, message: Transcript.Copied) -> None:
        self.posted.append(message)

    def rows(self) -> list[str]:
        """What the window shows, row by row."""
        transcript = self.transcript
        return [transcript.render_line(y).text.rstrip() for y in range(transcript.window_height)]


Open = Callable[..., AbstractAsyncContextManager[tuple[TranscriptApp, Pilot[None]]]]


@pytest.fixture
def opened() -> Open:
    @asynccontextmanager
    async def open_app(width: int = 60, height: int = 20) -> AsyncIterator[tuple[TranscriptApp, Pilot[None]]]:
        app = TranscriptApp()
        async with app.run_test(size=(width, height)) as pilot:
            await pilot.pause()
            yield app, pilot

    return open_app

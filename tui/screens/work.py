"""The first screen: files, chat, logs, suggestions, a prompt, a status line."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from textual.actions import SkipAction

from tui.keymap import Keys
from tui.panes.chat import Chat
from tui.screens.guided import GuidedScreen
from tui.widgets.activity import Activity
from tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.app import App

    from agent_core.events import ApprovalGiven, ApprovalNeeded
    from agent_core.runtime import Runtime
    from tui.panes.files import Files
    from tui.panes.logs import Logs
    from tui.panes.suggestions import Suggestions
    from tui.screens.desk import Desk
    from tui.screens.questions import Questions
    from tui.widgets.transcript import Transcript

_TWICE_S = 2.0


class WorkScreen(GuidedScreen):
    """Fills the panes after the first paint, and carries their messages to the session."""

    def __init__(self, runtime: Runtime, keys: Keys, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(runtime, keys, clock=clock)
        self._desk: Desk | None = None
        self._questions: Questions | None = None
        self._interrupted = -_TWICE_S
        self._seen = ""

    @property
    def desk(self) -> Desk | None:
        """What goes on behind the panes, from the first paint on."""
        return self._desk

    async def begin(self) -> None:
        """Fill the panes and start what runs in the background. Called once, after the first paint."""
        from tui.screens.desk import Desk

        self._desk = Desk(runtime=self._runtime, screen=self)
        await self._desk.begin()
        await self.offer_tour()

    def looked_at(self, path: str) -> None:
        """What the person looks at comes first in the index."""
        if self._desk is not None:
            self._desk.looked_at(path)

    # Stopping

    def action_stop(self) -> None:
        """Stop the answer; else leave the pane; else what Esc means where the focus is."""
        if self.chat.end_completion():
            return
        if self._runtime.session.cancel():
            return
        if self.chat.prompt.has_focus and self.end_tour():
            return
        transcript = self.transcript
        idle = transcript.has_focus and transcript.selection is None and not transcript.found[1]
        if self._keys.key_set == "vim" and (isinstance(self.focused, Rows) or self.chat.prompt.has_focus):
            self.set_focus(transcript)
        elif self._keys.key_set != "vim" and (isinstance(self.focused, Rows) or idle):
            self.chat.prompt.focus()
        else:
            raise SkipAction

    def action_interrupt(self) -> None:
        """Copy what is selected, else stop, else clear the prompt, else (twice) end."""
        prompt = self.chat.prompt
        if self.focused is self.transcript and self.transcript.selected_text():
            self.transcript.action_copy()
        elif prompt.has_focus and prompt.selected_text:
            prompt.action_copy()
        elif self._runtime.session.cancel():
            return
        elif prompt.text:
            prompt.clear()
        elif self._clock() - self._interrupted < _TWICE_S:
            self.app.exit()  # pyright: ignore[reportUnknownMemberType]
        else:
            self._interrupted = self._clock()
            both = ", and the training" if self._runtime.training.goes_on else ""
            self.say(f"Once more, or {self._keys.shown('quit')}, ends the program{both}")

    # Other actions

    def action_find(self) -> None:
        """Search the conversation."""
        self.chat.open_find()

    def action_clear(self) -> None:
        """Empty the conversation on screen."""
        self.transcript.clear()

    def action_command(self, command: str) -> None:
        """Run a command as if it were typed."""
        self._runtime.session.submit(command)
        self.did(command)

    def action_accept(self, number: int) -> None:
        """Take a suggestion."""
        self.suggestions.accept(number)

    def action_dismiss_suggestion(self) -> None:
        """The suggestion with the cursor is not wanted now."""
        if (chosen := self.suggestions.chosen) is not None:
            self._runtime.learning.dismiss(self.suggestions.decision, chosen[0])

    def action_why(self) -> None:
        """Tell what speaks for the suggestion with the cursor."""
        from tui.screens.why import WhyScreen

        pane, learning = self.suggestions, self._runtime.learning
        if pane.chosen is None:
            return
        _, suggestion = pane.chosen

        def then(answer: str | None) -> None:
            number = pane.number_of(suggestion.command)  # the list may be another one by now
            if answer == "accept" and number is None:
                self._run(suggestion.command)
            elif answer == "accept" and number is not None:
                self._accept(pane.decision, number)
            elif answer == "dismiss" and number is not None:
                learning.dismiss(pane.decision, number)

        screen = WhyScreen(suggestion, learning=learning, keys=self._keys)
        self.app.push_screen(screen, then)  # pyright: ignore[reportUnknownMemberType]

    def _accept(self, decision: str, number: int) -> None:
        command = self._runtime.learning.accept(decision, number)
        if command is None:
            self.say("That suggestion is not there any more")
        else:
            self._run(command)
            self.did("suggestions")

    def _run(self, command: str) -> None:
        self._runtime.session.submit(command)
        self.chat.prompt.focus()

    def look_at_suggestions(self) -> None:
        """A list that somebody can see is one that can be ignored."""
        seen = self.suggestions.decision if self.is_active and "suggestions" in self.shown else ""
        if seen != self._seen:
            self._seen = seen
            learning = self._runtime.learning
            learning.shown(seen) if seen else learning.hidden()

    def panes_changed(self) -> None:
        """There may be room for the suggestions now, or none any more."""
        self.look_at_suggestions()

    def on_screen_suspend(self) -> None:
        """Something lies over the screen."""
        self.look_at_suggestions()

    def on_screen_resume(self) -> None:
        """What lay over the screen is gone."""
        self.look_at_suggestions()
        self.seen_again()

    def ask_permission(self, question: ApprovalNeeded) -> None:
        """Show a question; the answer goes to the session."""
        if self._questions is None:
            from tui.screens.questions import Questions

            app = cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType]
            self._questions = Questions(app=app, session=self._runtime.session, keys=self._keys)
        self._questions.ask(question)

    def permission_answered(self, answer: ApprovalGiven) -> None:
        """Take the question away, where something else answered it."""
        if self._questions is not None:
            self._questions.answered(answer.call_id)

    # Messages of the panes

    def on_chat_asked(self, event: Chat.Asked) -> None:
        """Run it, or queue it; a key is typed into a box of its own."""
        words = event.text.removeprefix("/").split()
        if words[:2] == ["auth", "login"] and len(words) <= 3:
            self.action_auth(*words[2:])
            return
        if words == ["tour"]:
            self.action_tour()
            return
        self.did("ask")
        if words == ["undo"]:
            self.did("undo")
        turn_id = self._runtime.session.submit(event.text)
        if event.now:
            self._send_now(turn_id)

    def on_chat_queued_wanted(self, event: Chat.QueuedWanted) -> None:
        """Run a waiting prompt now, or drop it."""
        if event.now:
            self._send_now(event.turn_id)
        else:
            self._runtime.session.unqueue(event.turn_id)

    def _send_now(self, turn_id: str) -> None:
        """Run a waiting prompt next, and follow it."""
        if self._runtime.session.send_now(turn_id):
            self.transcript.follow()

    def on_chat_queued_recalled(self, event: Chat.QueuedRecalled) -> None:
        """Edit a waiting prompt."""
        self._take_back(event.turn_id)

    def on_activity_queued_clicked(self, event: Activity.QueuedClicked) -> None:
        """The same with the mouse."""
        self._take_back(event.turn_id)

    def _take_back(self, turn_id: str) -> None:
        text = self._runtime.session.unqueue(turn_id)
        if text is not None:
            self.chat.prompt.put(text)
            self.chat.prompt.focus()

    def on_activity_stop_clicked(self) -> None:
        """Stop with the mouse."""
        self._runtime.session.cancel()

    def on_status_models_wanted(self) -> None:
        """The model's name was clicked."""
        self.action_models()

    def on_files_opened(self, event: Files.Opened) -> None:
        """Preview a file."""
        self.preview(event.path)

    def on_files_mentioned(self, event: Files.Mentioned) -> None:
        """Put a file into the prompt."""
        self.chat.mention(event.path)

    def on_files_folders_changed(self) -> None:
        """Watch what is open."""
        if self._desk:
            self._desk.watch()

    def on_files_reload_wanted(self) -> None:
        """Read folders, logs and git again."""
        if self._desk:
            self._desk.reload()

    def on_logs_found(self) -> None:
        """There is something to follow."""
        if self._desk:
            self._desk.follow_logs()

    def watch_logs(self, source: str) -> None:
        """The log pane is about containers from now on, or about the log files again."""
        self.logs.about(source)
        if self._desk:
            self._desk.follow_logs()

    def read_bus(self) -> None:
        """Read key events of the bus with the logs, or not."""
        if self._desk:
            self._desk.read_bus()

    def on_logs_files_wanted(self) -> None:
        """The log files again."""
        self.watch_logs("")

    def on_logs_opened(self, event: Logs.Opened) -> None:
        """Show the lines of a log, the last ones."""
        self.show_logs(path=event.path)

    def on_logs_event_chosen(self, event: Logs.EventChosen) -> None:
        """Show a key event in full."""
        self.show_logs(event=event.event_id)

    def on_logs_filter_wanted(self) -> None:
        """Filter the logs where there is room for it."""
        self.show_logs(filtering=True)

    def on_logs_mentioned(self, event: Logs.Mentioned) -> None:
        """Put an event, or a log, into the prompt."""
        self.chat.mention(event.place)

    def on_logs_code_wanted(self, event: Logs.CodeWanted) -> None:
        """Open the code that an event leads to."""
        if event.place is None:
            self.say("It names no place in this workspace")
        else:
            self.preview(event.place.path, event.place.line)

    def on_suggestions_accepted(self, event: Suggestions.Accepted) -> None:
        """Run a suggestion."""
        self._accept(event.decision, event.number)

    def on_suggestions_rested(self) -> None:
        """A cooldown is over."""
        self._runtime.learning.propose()

    def on_transcript_link_activated(self, event: Transcript.LinkActivated) -> None:
        """Open a place in the code; an address goes to the clipboard, nothing is started by itself."""
        if event.path:
            self.preview(event.path, event.line)
        else:
            self.app.copy_to_clipboard(event.url)  # pyright: ignore[reportUnknownMemberType]

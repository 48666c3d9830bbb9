"""What the keys of the Stack screen do: each thing is asked about with its exact command first."""

from __future__ import annotations

from stack.running import Operation, Running
from stack.watch import Reading
from tui.keymap import Keys
from tui.screens import stack_asks as asks
from tui.screens.bus_desk import KAFKA
from tui.screens.dialog import Dialog, Hint
from tui.screens.stack_ask import Ask, StackAsk
from tui.screens.stack_desk import StackDesk
from tui.screens.stack_job import Job
from tui.screens.stack_rows import Service
from tui.widgets.rows import Rows


class StackDoing(Dialog[None]):
    """The actions; what they act on belongs to the screen.

    Args:
        desk: What is kept between two openings.
        keys: The user's keys.
    """

    def __init__(self, *, desk: StackDesk, keys: Keys) -> None:
        super().__init__()
        self.desk, self.keys = desk, keys
        self._noticed: Job | None = None
        self.stack: Running | None = None
        """The stack, once it was opened."""
        self.reading = Reading()
        """How it stood last."""

    @property
    def chosen(self) -> Service | None:
        """The service with the cursor; None for all."""
        raise NotImplementedError

    @property
    def can_init(self) -> bool:
        """Whether there are no files, so that they can be written."""
        raise NotImplementedError

    def choose(self, name: str) -> None:
        """Put the cursor on a service."""
        raise NotImplementedError

    def what_keys_do(self) -> list[Hint]:
        """The row of keys, those that matter most first."""
        shown, jobs = self.keys.shown, self.desk.jobs
        close = (shown("stack.close"), "close", "screen.close")
        if self.reading.known is None:
            init = [(shown("stack.init"), "write its files", "screen.init")] if self.can_init else []
            logs = [(shown("stack.logs"), "logs", "screen.logs")] if self.stack is not None else []
            return [*init, *logs, close]
        logs, keys = (shown("stack.logs"), "logs", "screen.logs"), (shown("help"), "all keys", "app.help")
        if jobs.busy:
            return [(shown("stack.cancel"), "cancel", "screen.cancel"), logs, close, keys]
        return [
            (shown("stack.up"), "start", "screen.up"),
            (shown("stack.stop"), "stop", "screen.halt"),
            (shown("stack.restart"), "restart", "screen.restart"),
            logs,
            (shown("stack.down"), "down", "screen.down"),
            close,
            keys,
            (shown("stack.topics"), "topics", "screen.topics"),
            (shown("stack.scale"), "scale", "screen.scale"),
            (shown("stack.build"), "build", "screen.build"),
            (shown("stack.pull"), "pull", "screen.pull"),
            (shown("stack.clean"), "free space", "screen.clean"),
        ]

    def tell(self, text: str) -> None:
        """A short message that goes away by itself."""
        self.app.notify(text, timeout=4, markup=False)  # pyright: ignore[reportUnknownMemberType]

    # Asking, then doing

    def _target(self) -> tuple[str, ...]:
        return () if self.chosen is None else (self.chosen.state.name,)

    def _ready(self) -> Running | None:
        """The stack, where something can be done with it now; else it is said why not."""
        jobs = self.desk.jobs
        if jobs.busy and jobs.job is not None:
            key = self.keys.shown("stack.cancel")
            self.tell(f"{jobs.job.operation.what} goes on; one thing at a time, {key} cancels it")
        elif self.stack is None or self.reading.known is None:
            self.tell("The files of the stack are not read yet")
        else:
            return self.stack
        return None

    def _put(self, ask: Ask) -> None:
        def then(operation: Operation | None) -> None:
            if operation is not None:
                self.desk.jobs.start(operation)

        self.app.push_screen(StackAsk(ask, keys=self.keys), then)  # pyright: ignore[reportUnknownMemberType]

    def action_up(self) -> None:
        """Start the service, or all."""
        stack, known = self._ready(), self.reading.known
        if stack is not None and known is not None:
            self._put(asks.up(stack, known, self._target()))

    def action_halt(self) -> None:
        """Stop the service, or all."""
        if (stack := self._ready()) is not None:
            said = "Stops {}; the containers stay, and starting them again is quick."
            self._put(asks.simply("Stop {}?", said, stack.stop, self._target()))

    def action_restart(self) -> None:
        """Restart the service, or all."""
        if (stack := self._ready()) is not None:
            self._put(asks.simply("Restart {}?", "Stops and starts {}.", stack.restart, self._target()))

    def action_build(self) -> None:
        """Build the service's image, or all of ours."""
        if (stack := self._ready()) is not None:
            said = "Builds the images of {}. What runs goes on with the old ones until it is started again."
            self._put(asks.simply("Build {}?", said, stack.build, self._target()))

    def action_pull(self) -> None:
        """Fetch the service's image, or those of others."""
        if (stack := self._ready()) is not None:
            said = "Fetches the images of {} that are not built here."
            self._put(asks.simply("Fetch the images of {}?", said, stack.pull, self._target()))

    def action_scale(self) -> None:
        """Ask for the number of containers."""
        stack, chosen = self._ready(), self.chosen
        if stack is not None and chosen is None:
            self.tell("Choose a service to scale it")
        elif stack is not None and chosen is not None:
            self._put(asks.scale(stack, chosen.state.name, chosen.wanted))

    def action_down(self) -> None:
        """Take everything down."""
        if (stack := self._ready()) is not None:
            self._put(asks.down(stack))

    def action_clean(self) -> None:
        """Free space."""
        if (stack := self._ready()) is not None:
            self._put(asks.clean(stack))

    def action_init(self) -> None:
        """Write the files, where there are none, as if it were typed."""
        if self.can_init:
            self.desk.init()

    # The operation that goes on

    def action_cancel(self) -> None:
        """Cancel it."""
        if not self.desk.jobs.cancel():
            self.tell("Nothing goes on that could be cancelled")

    def action_forget(self) -> None:
        """Take the end of the last one from the screen."""
        self.desk.jobs.forget()

    def job_changed(self) -> None:
        """At the end of one: choose the service that failed; offer to clean up what was cancelled."""
        job = self.desk.jobs.job
        if job is None or job.goes_on or job is self._noticed:
            return
        self._noticed = job
        if job.outcome == "failed" and (name := job.failed_of(self.reading)):
            self.choose(name)
        elif job.outcome == "cancelled" and job.operation.what in ("up", "scale") and self.stack is not None:
            what = job.operation.what
            said = f"{what} was cancelled. What it made by then is still there; this takes it away."
            self._put(asks.down(self.stack, said=said, by_itself=True))

    def action_autoscale(self) -> None:
        """Bring the workers to what the autoscaler would do."""
        scaling = self.desk.scaling
        if not any(each.changes for each in scaling.decisions):
            self.tell("The workers have the containers that they need, as far as is known")
        elif self._ready() is not None:
            self._put(asks.autoscale(scaling))

    # Elsewhere

    def action_topics(self) -> None:
        """What is on the bus."""
        from tui.screens.topics import TopicsScreen

        screen = TopicsScreen(desk=self.desk.bus, keys=self.keys, start=self._start_bus)
        self.app.push_screen(screen)  # pyright: ignore[reportUnknownMemberType]

    def _start_bus(self) -> None:
        stack, known = self._ready(), self.reading.known
        if stack is not None and known is not None:
            self._put(asks.up(stack, known, (KAFKA,)))

    def action_logs(self) -> None:
        """The logs of the service, or of all."""
        if self.stack is None:
            return
        from tui.screens.stack_logs import StackLogs

        screen = StackLogs(stack=self.stack, services=self._target(), desk=self.desk, keys=self.keys)
        self.app.push_screen(screen)  # pyright: ignore[reportUnknownMemberType]

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Enter shows the logs."""
        event.stop()
        self.action_logs()

    def action_stack(self) -> None:
        """The key that opened it closes it."""
        self.action_close()

    def action_close(self) -> None:
        """Go back; what goes on, goes on."""
        self.dismiss(None)

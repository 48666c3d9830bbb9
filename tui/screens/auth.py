"""An endpoint's key, typed hidden, into the system's keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from agent_core.credentials.managing import login
from agent_core.credentials.saying import stored_lines
from agent_core.errors import AgentError
from agent_core.text import one_line
from tui.keymap import Keys
from tui.keys import AUTH, bindings
from tui.screens.dialog import Dialog, Hints
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import Line, wrap

if TYPE_CHECKING:
    from agent_core.config import Config

_WHAT = "The key is kept in the system's keyring, for this endpoint alone. It is shown and written nowhere."


class AuthScreen(Dialog[str]):
    """Ends with what to say of a key that was kept; with None where none was.

    Args:
        config: Names the endpoint that the settings are about.
        keys: For the row of keys.
        endpoint: What stands in the box at first; the endpoint of the settings without.
    """

    DEFAULT_CSS = "AuthScreen #said { margin-bottom: 1; }"
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(AUTH)]

    def __init__(self, config: Config, *, keys: Keys, endpoint: str = "") -> None:
        super().__init__()
        self._config = config
        self._endpoint = Input(value=endpoint, placeholder=_own(config), id="endpoint")
        self._key = Input(password=True, placeholder="The key; nothing of it is shown", id="key")
        self._endpoint.cursor_blink = self._key.cursor_blink = False
        self._said = Sheet(id="said")
        shown = keys.shown
        self._hints = Hints(
            ((shown("auth.keep"), "keep it", "screen.keep"), (shown("auth.close"), "close", "screen.close"))
        )
        self._keeping = False

    def compose(self) -> ComposeResult:
        """What it does, the endpoint, the key, the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = Content("Keep an API key")
            yield self._said
            yield self._endpoint
            yield self._key
            yield self._hints

    def on_mount(self) -> None:
        """Type the key at once: the endpoint is mostly right."""
        self._tell(_WHAT, "dim")
        self._key.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps it; from the endpoint it goes on to the key."""
        event.stop()
        if event.input is self._endpoint:
            self._key.focus()
        else:
            self.action_keep()

    def action_keep(self) -> None:
        """Keep it, once all of it is there, in a worker: a keyring may have to be unlocked."""
        self._key.call_later(self._keep_typed)

    def _keep_typed(self) -> None:
        if not self._keeping:
            self._keeping = True
            self._tell("Asking the keyring … it may want to be unlocked.", "dim")
            self.run_worker(self._keep(), group="keep")

    async def _keep(self) -> None:
        text, self._key.value = self._key.value, ""
        try:
            stored = await login(self._config, self._endpoint.value.strip(), text)
        except AgentError as error:
            self._tell(f"{error.message}. {error.hint}".strip(), "bad")
        else:
            self.dismiss(" ".join(stored_lines(stored)))
        finally:
            self._keeping = False

    def action_close(self) -> None:
        """Close it; a keyring that is asked is left."""
        self.dismiss(None)

    def _tell(self, text: str, style: str) -> None:
        def rows(width: int) -> list[Line]:
            return wrap([(one_line(text), style, None)], width)

        self._said.show(rows)


def _own(config: Config) -> str:
    from agent_core.credentials.finding import endpoint_of
    from agent_core.errors import ConfigError

    try:
        return endpoint_of(config.settings)[1]
    except ConfigError:
        return "models.example.com"

"""What keys do in the box that letters go to, in the order in which they were typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events
from textual.screen import Screen
from textual.widgets import Input, TextArea

from tui.widgets.own_keys import do_own, own_keys
from tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui.app import DspyApp

Box = Input | TextArea


def typed_into(screen: Screen[Any]) -> Box | None:
    """What letters are typed into where the focus is."""
    return screen.focused if isinstance(screen.focused, Input | TextArea) else None


def in_turn(app: DspyApp, event: events.Key) -> bool:
    """Have a box's own key do what it does behind the letters typed before it and before those typed next;
    whether the key is one.

    A letter is the box's as soon as it arrives there, a binding is looked for only on the way back from it:
    of what comes in one piece, as over a slow line, Backspace would take the letter behind it.
    """
    box = typed_into(app.screen)
    if box is None or event.is_printable or isinstance(box, Prompt):  # which sees to it itself
        return False
    if _is_early(app.screen, event.key) or not own_keys(box, event.key):
        return False
    app.app_focus = True
    box.call_later(_do, box, event)
    return True


def _is_early(screen: Screen[Any], key: str) -> bool:
    """Whether something around the box wants the key first."""
    chain = screen._binding_chain  # pyright: ignore[reportPrivateUsage]
    return any(each.priority for _, found in chain for each in found.key_to_bindings.get(key, ()))


async def _do(box: Box, event: events.Key) -> None:
    if not await do_own(box, event.key):
        box._forward_event(event)  # pyright: ignore[reportPrivateUsage]  # what lies around it may want the key

"""The keys of one widget, as the user has them, whatever has the focus meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.widget import Widget


def own_keys(widget: Widget, key: str) -> Sequence[Binding]:
    """What the key does in the widget."""
    bindings = widget._bindings.copy()  # pyright: ignore[reportPrivateUsage]
    app = widget.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if keymap := app._keymap:  # pyright: ignore[reportPrivateUsage]
        bindings.apply_keymap(keymap)
    return bindings.key_to_bindings.get(key, ())


async def do_own(widget: Widget, key: str) -> bool:
    """Do it; whether there was anything to do."""
    for binding in own_keys(widget, key):
        if await widget.app.run_action(binding.action, widget):  # pyright: ignore[reportUnknownMemberType]
            return True
    return False

"""From every screen to what holds anywhere: most of it is the work screen's, which is gone back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.keys import TABLE

if TYPE_CHECKING:
    from tui.app import DspyApp


async def press(app: DspyApp, name: str) -> bool:
    """Do what the key of an action does that holds anywhere; False where the place has its own use for it."""
    does = next(action.does for action in TABLE if action.id == name)
    if _is_here(app, does):
        return await app.run_action(does)
    if any(_is_used(app, key) for key in app.keys.key(name).split(",")):
        return False
    await do(app, does)
    return True


async def do(app: DspyApp, action: str) -> None:
    """Run an action of the key table, on the screen that shows where it has it; else on the work screen, for
    which whatever lies over it is left."""
    if _is_here(app, action):
        await app.run_action(action)
    elif back_to_work(app):
        await app.work.run_action(action)


def back_to_work(app: DspyApp) -> bool:
    """Leave what lies over the work screen, unless a question waits there."""
    over = app.screen_stack[app.screen_stack.index(app.work) + 1 :]
    if any(getattr(screen, "asks", False) for screen in over):
        app.work.say("First answer what is asked here")
        return False
    for screen in reversed(over):
        screen.dismiss(None)
    return True


def _is_here(app: DspyApp, action: str) -> bool:
    """Whether the screen that shows has it."""
    name = action.partition("(")[0].removeprefix("screen.")
    return not action.startswith("screen.") or hasattr(app.screen, f"action_{name}")


def _is_used(app: DspyApp, key: str) -> bool:
    """Whether something on the screen, with what has the focus, has a use of its own for the key."""
    chain = app.screen._binding_chain  # pyright: ignore[reportPrivateUsage]
    return any(key in found.key_to_bindings for node, found in chain if node is not app)

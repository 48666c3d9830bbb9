"""What is asked before each of the things that can be done to a stack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from agent_core.text import human_size, one_line
from stack.engine.compose import Told
from stack.engine.values import Step
from stack.known import Known
from stack.running import Operation, Running
from tui.screens.stack_ask import Ask, Choice
from tui.screens.stack_scaling import Scaling

_BUILD, _VOLUMES, _PROFILE = "build", "volumes", "profile "


def _names(services: Sequence[str]) -> str:
    return ", ".join(map(one_line, services)) or "all services"


def up(stack: Running, known: Known, services: tuple[str, ...]) -> Ask:
    """Start services; for all of them, further profiles too."""
    about = [info for info in known.services if info.name in services or (not services and info.active)]
    options = [(_BUILD, "build the images first")] if any(info.built for info in about) else []
    if not services:
        off = {name for info in known.services if not info.active for name in info.profiles}
        options += [(_PROFILE + name, f"also the profile {one_line(name)}") for name in sorted(off)]

    def make(choice: Choice) -> Awaitable[Operation]:
        profiles = [each.removeprefix(_PROFILE) for each in choice.ticked if each.startswith(_PROFILE)]
        return stack.up(services, build=_BUILD in choice.ticked, profiles=profiles)

    needed = " and what it needs" if len(services) == 1 else " and what they need" if services else ""
    said = f"Starts {_names(services)}{needed}, and waits until all are well."
    return Ask(f"Start {_names(services)}?", make, said=said, options=tuple(options))


def autoscale(scaling: Scaling) -> Ask:
    """Bring the workers to what the autoscaler would do now, once."""

    def make(_: Choice) -> Awaitable[Operation]:
        return scaling.operation()

    said = f"{'; '.join(scaling.said())}. This is done once; `dspy-tui stack autoscale` goes on with it."
    return Ask("Scale the workers by what waits?", make, said=said)


def down(stack: Running, *, said: str = "", by_itself: bool = False) -> Ask:
    """Take everything down; the volumes only if that is ticked."""

    def make(choice: Choice) -> Awaitable[Operation]:
        return stack.down(volumes=_VOLUMES in choice.ticked)

    told = said or "Stops and removes the containers of all services. Volumes stay, with their data."
    option = (_VOLUMES, "remove the volumes, too")
    return Ask("Take the stack down?", make, said=told, options=(option,), by_itself=by_itself)


def scale(stack: Running, service: str, now: int) -> Ask:
    """Bring a service to another number of containers."""

    def make(choice: Choice) -> Awaitable[Operation]:
        return stack.scale({service: choice.number})

    return Ask(f"How many containers of {one_line(service)}?", make, number=now)


def clean(stack: Running) -> Ask:
    """Free what nothing uses any more."""

    async def make(_: Choice) -> Operation:
        cleaning = await stack.clean()

        async def run(told: Told) -> None:
            for done in await cleaning.run(lambda command: told(Step(command, "running"))):
                freed = "" if done.bytes is None else f": {human_size(done.bytes)} freed"
                told(Step(done.command, "done"))
                told(Step("", f"{done.what}{freed}"))

        return Operation("clean", (), " && ".join(cleaning.commands), run)

    said = "Frees what nothing uses any more: stopped containers of this stack, replaced images, build cache."
    return Ask("Free space?", make, said=f"{said} Volumes stay.")


def simply(
    title: str, said: str, make: Callable[[Sequence[str]], Awaitable[Operation]], services: tuple[str, ...]
) -> Ask:
    """Something without choices; `{}` in the texts stands for the services."""
    names = _names(services)

    def chosen(_: Choice) -> Awaitable[Operation]:
        return make(services)

    return Ask(title.format(names), chosen, said=said.format(names))

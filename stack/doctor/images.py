"""Check of the images: there, to be built, or to be fetched."""

from __future__ import annotations

import asyncio

from agent_core.doctor.check import Check
from agent_core.errors import StackFault
from agent_core.text import one_line, plural
from stack.doctor.seen import Seen


async def check_images(seen: Seen) -> Check:
    """Every image of the active services is there; `up` brings what is missing."""
    images: dict[str, bool] = {}
    for info in seen.active:
        if info.image:
            images[info.image] = images.get(info.image, False) or info.built
    there = await asyncio.gather(*(_is_there(seen, image) for image in images))
    missing = [image for image, found in zip(images, there, strict=True) if not found]
    if not missing:
        return Check("images", "ok", f"{plural(len(images), 'image')}, all there")
    built = [image for image in missing if images[image]]
    fetched = [image for image in missing if not images[image]]
    said = [f"to be {how}: {', '.join(map(one_line, names))}"
            for how, names in (("built here", built), ("fetched", fetched)) if names]  # fmt: skip
    steps = [step for step, names in (("`stack build`", built), ("`stack pull`", fetched)) if names]
    return Check("images", "warn", "; ".join(said), f"{' and '.join(steps)}, or `stack up`, which does both.")


async def _is_there(seen: Seen, image: str) -> bool:
    try:
        await seen.docker.ask("image", "inspect", "--format", "{{.Id}}", image)
    except StackFault:
        return False
    return True

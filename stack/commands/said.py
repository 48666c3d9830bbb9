"""Lines that are told one after another: of containers' logs, and of what goes over the bus."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from agent_core.config import Settings
from stack.commands.asked import Asked
from stack.commands.logs import line_of_text, logs, pattern_to_look_for
from stack.commands.secrets import Mask
from stack.running import Running

_FIRST_MESSAGES = 10


class Said(msgspec.Struct, frozen=True):
    """A line: whose it is (part of the text), the text for people, and the same as plain values."""

    name: str
    text: str
    data: dict[str, Any]


async def log_lines(stack: Running, asked: Asked, *, mask: Mask) -> AsyncGenerator[Said]:
    """What containers wrote; raises as `logs` does."""
    async with aclosing(logs(stack, asked, mask=mask)) as lines:
        async for line in lines:
            yield Said(line.container, line_of_text(line), msgspec.to_builtins(line))


async def messages(settings: Settings, asked: Asked, *, mask: Mask) -> AsyncGenerator[Said]:
    """What is on topics, the last ten where it is not said since when or how many.

    Raises:
        UsageError: A topic can be none, the pattern is no regular expression, or the time none.
        ConfigError, BusFault: The bus cannot be read.
    """
    from agent_core.streaming.showing import told_data, told_text
    from stack.topics import tail_of, tailed

    pattern = pattern_to_look_for(asked.grep)
    last = _FIRST_MESSAGES if asked.lines is None and not asked.since else asked.lines
    wanted = tail_of(asked.names, last=last, since=asked.since, follow=asked.follow)
    async with aclosing(tailed(settings, wanted, mask=mask, pattern=pattern)) as batches:
        async for batch in batches:
            for told in batch:
                yield Said(told.topic, told_text(told), told_data(told))

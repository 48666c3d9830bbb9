"""The app where the ports of the stack are: `test_real_stack.py` runs it in the network of its engine.

Nothing is configured: the app finds the stack's Kafka where it looks for one by itself.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from agent_core.rl.features import extract
from agent_core.runtime import Runtime, open_runtime
from tests.tui.conftest import screen_text
from tests.tui.test_stack_engine import until
from tui.app import DspyApp
from tui.screens.stack import StackScreen
from tui.screens.stack_ask import StackAsk
from tui.screens.stack_logs import StackLogs
from tui.screens.topics import TopicsScreen
from tui.widgets.streamlines import StreamLines

SIZE = (160, 48)


def opened(workspace: Path) -> Runtime:
    """What a person has who opens the workspace, without a model and an index."""
    flags = {"provider": "none", "index_in_background": "false"}
    return open_runtime(workspace, flags=flags, env={}, interactive=True)


async def key_events(workspace: Path, wanted: str) -> dict[str, Any]:
    """Open the app and wait for a text in its log pane; then what the pane and suggestions have."""
    runtime = opened(workspace)
    surroundings = runtime.learning._surroundings  # pyright: ignore[reportPrivateUsage]
    app = DspyApp(runtime)

    async with app.run_test(size=SIZE) as pilot:
        logs = app.work.logs
        await until(pilot, lambda: app.work.status.status.bus_mark == "●")
        await until(pilot, lambda: any(wanted in item.text for item in logs.items))
        digest = logs.digest
        assert digest is not None
        situation = surroundings.situation(runtime.index.status, acting=False)
        return {
            "shown": screen_text(app),
            "events": [[event.source, event.is_grave, event.text] for event in digest.events],
            "log_errors": situation.log_errors,
            "observed": extract(situation),
        }


def came_back(texts: list[str]) -> bool:
    """Whether a program that ended in good order has begun again, by what it said."""
    _, ended, since = "\n".join(texts).rpartition("ended as it was told to")
    return bool(ended) and '"state":"working"' in since


async def restarted(workspace: Path, service: str) -> dict[str, Any]:
    """Look at Kafka and at its topics on the Stack screen, restart a service there, and read its logs."""
    app = DspyApp(opened(workspace))
    seen: dict[str, Any] = {}
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.work.status.status.bus_mark == "●")
        await pilot.press("alt+k")
        await until(pilot, lambda: "All services" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, StackScreen)
        screen.choose("kafka")
        await until(pilot, lambda: re.search(r"● kafka +healthy +1/1 .* 9092", screen_text(app)))
        await until(pilot, lambda: "apache/kafka" in screen_text(app))
        seen["kafka"] = screen_text(app)

        await pilot.press("t")
        await until(
            pilot, lambda: isinstance(app.screen, TopicsScreen) and "agent.tasks.backend" in screen_text(app)
        )
        seen["topics"] = screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)

        screen.choose(service)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, StackAsk) and "$ docker" in screen_text(app))
        seen["asked"] = screen_text(app)
        jobs = screen.desk.jobs
        assert jobs.job is None
        await pilot.press("enter")
        await until(pilot, lambda: jobs.job is not None and not jobs.busy)
        assert jobs.job is not None
        seen["outcome"], seen["steps"] = jobs.job.outcome, list(jobs.job.steps)

        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, StackLogs))
        lines = app.screen.query_one(StreamLines)
        await until(pilot, lambda: came_back([line.text for line in lines.kept]))
        seen["logs"] = screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen and f"✓ restart {service}" in screen_text(app))
        await until(pilot, lambda: re.search(rf"● {service} +healthy +1/1", screen_text(app)))
        seen["healthy"] = screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)
    return seen


if __name__ == "__main__":
    what, folder, about = sys.argv[1:]
    print(json.dumps(asyncio.run({"pane": key_events, "restart": restarted}[what](Path(folder), about))))

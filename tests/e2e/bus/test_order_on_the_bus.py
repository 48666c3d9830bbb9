"""The order of an edit's checks on a genuine broker: lines are shipped, key events are made of them, and the
trained policy sees them when it is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_core.logs.api import DigestQuery
from agent_core.rl.features import of_logs
from agent_core.runtime import open_runtime
from tests.agent_core.agent.edit import test_flow as flow
from tests.agent_core.agent.edit.test_trained_order import rounds, use
from tests.e2e.bus.test_app_on_the_bus import FAILED, shipped_and_mined
from tests.fixtures_kafka import Kafka

root = flow.root
pytestmark = pytest.mark.kafka


async def test_a_line_that_was_shipped_changes_the_order_of_the_checks(
    kafka: Kafka, root: Path, tmp_path: Path
) -> None:
    use(root, (2.0, 1.95, 0.0), lint_on_errors=2.0)
    before = (root / "app.py").read_bytes()
    shop = tmp_path / "elsewhere"
    (shop / "logs").mkdir(parents=True)
    (shop / "logs" / "orders.log").write_text(FAILED)
    runtime = open_runtime(
        root, flags={"provider": "none"}, env={"KAFKA_BOOTSTRAP": kafka.server}, interactive=False
    )
    try:
        own = of_logs(await runtime.logs.digest(DigestQuery()))
        assert not own["log_errors"], "the workspace itself has no errors"
        await asyncio.to_thread(shipped_and_mined, kafka, shop, "order")
        assert (await runtime.logs_now.seen())["log_errors"] > 0
        told, _ = await rounds(root, runtime.logs_now.soon)
        assert told[0] == [("lint", "failed")]
    finally:
        await runtime.aclose()
    (root / "app.py").write_bytes(before)
    told, _ = await rounds(root)
    assert told[0] == [("run_tests", "failed")], "where nobody knows, they are as in training"

"""A genuine broker: up with its topics, lost at once when it ends, back by itself; logins."""

from __future__ import annotations

import asyncio

import pytest

from tests.agent_core.streaming.test_link import looking, until
from tests.fixtures_kafka import Kafka

pytestmark = pytest.mark.kafka


async def test_up_lost_and_back(kafka: Kafka) -> None:
    async with looking(kafka.settings) as (link, told):
        await until(lambda: link.standing.state == "up")
        topic = kafka.topic("logs.ctx.backend")
        await link.look()
        assert topic in link.standing.topics
        await asyncio.to_thread(kafka.stop)
        try:
            await until(lambda: link.standing.state == "lost")
            assert link.standing.fault is not None
        finally:
            await asyncio.to_thread(kafka.start)
        link.look_now()
        await until(lambda: link.standing.state == "up")
        states = [event.state for event in told]
        assert states[0] == "connecting"
        assert states.index("lost") > states.index("up")


async def test_a_login_that_is_refused_and_one_that_is_taken(kafka: Kafka) -> None:
    async with looking(kafka.login(password="wrong")) as (link, _):
        await until(lambda: link.standing.state == "refused")
        assert link.standing.fault is not None
        assert "refuses the credentials" in link.standing.fault.message
    async with looking(kafka.tls()) as (link, _):
        await until(lambda: link.standing.state == "up")

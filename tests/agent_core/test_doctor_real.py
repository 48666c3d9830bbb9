"""What the doctor says of a genuine broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.doctor.services import check_broker
from tests.fixtures_kafka import kafka_server

pytestmark = pytest.mark.kafka


async def said_of(settings: Settings) -> tuple[str, str]:
    check = await check_broker(settings)
    assert check.next_step or check.verdict == "ok"
    return check.verdict, check.detail


async def test_one_that_answers_one_that_refuses_and_one_that_hangs(kit: Path, tmp_path: Path) -> None:
    with kafka_server(kit, tmp_path) as kafka:
        for settings in (kafka.settings, kafka.login(), kafka.tls()):
            assert await said_of(settings) == ("ok", f"Kafka answers at {settings.kafka_bootstrap}")
        for settings, words in (
            (kafka.login(password="wrong"), "refuses the credentials"),
            (kafka.tls(trusted=False), "is not trusted"),
            (kafka.login(security={"security_protocol": "SSL"}), "does not speak Kafka as it is set up here"),
            (kafka.login(security={"security_protocol": "TLS"}), "kafka_security"),
        ):
            verdict, detail = await said_of(settings)
            assert verdict == "warn" and words in detail
        kafka.hang(on=True)
        try:
            assert await said_of(kafka.settings) == ("warn", f"{kafka.server}: no answer within 3 s")
            verdict, detail = await said_of(kafka.tls())
            assert verdict == "warn" and "does not answer as a Kafka broker" in detail
        finally:
            kafka.hang(on=False)

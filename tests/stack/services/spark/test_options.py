"""What Spark is told of the bus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_core.errors import ConfigError
from agent_core.streaming.access import Access
from stack.services.spark.config import JARS, PARTITIONS, config_of
from stack.services.spark.options import access_from, connector_options, source_options
from stack.services.spark.query import lag_of
from stack.services.spark.session import _SECRET  # pyright: ignore[reportPrivateUsage]

PASSWORD = 'pa"ss\\word'
LOGIN = {
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "SCRAM-SHA-256",
    "sasl_plain_username": "dspy",
    "sasl_plain_password": PASSWORD,
    "ssl_check_hostname": False,
}


def test_the_connector_gets_a_login_and_certificates(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----")
    options = connector_options(Access(("a:1", "b:2"), {**LOGIN, "ssl_cafile": str(ca)}))
    assert options["kafka.bootstrap.servers"] == "a:1,b:2"
    assert options["kafka.security.protocol"] == "SASL_SSL"
    assert options["kafka.sasl.jaas.config"] == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="dspy" password="pa\\"ss\\\\word";'
    )
    assert options["kafka.ssl.truststore.certificates"] == "-----BEGIN CERTIFICATE-----"
    assert options["kafka.ssl.endpoint.identification.algorithm"] == ""


@pytest.mark.parametrize("options", [{"ssl_crlfile": "x"}, {"ssl_cafile": "/nowhere/ca.pem"}])
def test_what_the_connector_cannot_take_is_said(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        connector_options(Access(("a:1",), options))


def test_our_own_source_gets_the_access_as_it_is() -> None:
    access = Access(("a:1", "b:2"), LOGIN)
    told = source_options(access)
    assert access_from({name.upper(): value for name, value in told.items()}) == access


@pytest.mark.parametrize("made", [connector_options, source_options])
def test_spark_hides_every_option_that_has_a_secret(made: object) -> None:
    told = made(Access(("a:1",), {**LOGIN, "ssl_password": PASSWORD}))  # type: ignore[operator]
    secret = [name for name, value in told.items() if "word" in value]
    assert len(secret) == 2 and all(re.search(_SECRET, name) for name in secret)


def test_the_lag_is_what_is_not_read() -> None:
    end, latest = '{"logs.raw.app":{"0":5,"1":7}}', {"logs.raw.app": {"0": 9, "1": 7, "2": 3}}
    assert lag_of({"sources": [{"endOffset": end, "latestOffset": latest}]}) == 7
    assert lag_of({"sources": [{"endOffset": None, "latestOffset": "nonsense"}]}) == lag_of({}) == 0


def test_wrong_settings_are_said(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "KAFKA_BOOTSTRAP": "k:1"}
    assert config_of(env).partitions == 4
    for more in ({JARS: str(tmp_path)}, {PARTITIONS: "many"}, {"KAFKA_BOOTSTRAP": "nowhere"}):
        with pytest.raises(ConfigError):
            config_of({**env, **more})

"""A genuine Kafka of the kit: a listener without security, one with a login, and one with TLS and a login."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from agent_core.config import Settings
from tests.ports import free_ports

USER, PASSWORD = "dspy", "dspy-secret"
_SECURE = shutil.which("openssl") is not None
_SCRAM = {"sasl_mechanism": "SCRAM-SHA-256", "sasl_plain_username": USER}


class Kafka:
    """A broker that this test run owns: it may stop, kill and start it."""

    def __init__(self, script: Path, folder: Path, port: int, *, extra: str = "") -> None:
        self._script, self._folder, self.port = script, folder, port
        self._extra = folder / "extra.properties"
        self._extra.write_text(extra)
        self._has_run = False
        self._made = ExitStack()

    def run(self, *words: str, given: bytes = b"") -> str:
        """Run a command of the kit's script."""
        done = self._call(*words, given=given)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return done.stdout.decode()

    def _call(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        own = {"KAFKA_DIR": str(self._folder), "KAFKA_PORT": str(self.port), "KAFKA_HEAP": "256m"}
        own["KAFKA_EXTRA"] = str(self._extra)
        secure = {"KAFKA_SECURE": "1"} if _SECURE else {}
        return subprocess.run(
            [str(self._script), *words],
            cwd=self._folder,  # where Java leaves a report, should it crash
            env={**os.environ, **own, **secure},
            input=given,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def stop(self, *, hard: bool = False) -> None:
        """Stop it, or kill it; its data stay."""
        self.close()
        self.run("kill" if hard else "stop")

    def hang(self, *, on: bool) -> None:
        """Let it answer nothing, its connections open; or go on."""
        broker = int((self._folder / "broker.pid").read_text())
        os.kill(broker, signal.SIGSTOP if on else signal.SIGCONT)

    def start(self) -> None:
        """Start it, and wait until it answers; a busy machine takes longer than the script waits."""
        said = ""
        for _ in range(6):
            done = self._call("start")
            said = done.stderr.decode()[-2000:]
            if done.returncode == 0:
                with suppress(KafkaError):
                    KafkaAdminClient(bootstrap_servers=self.server).close()
                    self._has_run = True
                    return
            elif not self._has_run and "Address already in use" in self._log():
                break
        raise AssertionError(said or self._log())

    def _log(self) -> str:
        return (self._folder / "broker.log").read_text(errors="replace")[-4000:]

    @property
    def server(self) -> str:
        """Its address, without security."""
        return f"127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """Settings for it."""
        return Settings(kafka_bootstrap=self.server)

    def login(self, *, password: str = PASSWORD, security: Mapping[str, str] | None = None) -> Settings:
        """Settings for the listener with a login."""
        _needs_openssl()
        return Settings(
            kafka_bootstrap=f"127.0.0.1:{self.port + 2}",
            kafka_security=security or {**_SCRAM, "security_protocol": "SASL_PLAINTEXT"},
            kafka_sasl_plain_password=password,
        )

    def tls(self, *, trusted: bool = True) -> Settings:
        """Settings for the listener with TLS and a login."""
        _needs_openssl()
        authority = {"ssl_cafile": str(self._folder / "ca.pem")} if trusted else {}
        return Settings(
            kafka_bootstrap=f"127.0.0.1:{self.port + 3}",
            kafka_security={**_SCRAM, "security_protocol": "SASL_SSL", **authority},
            kafka_sasl_plain_password=PASSWORD,
        )

    @cached_property
    def admin(self) -> Any:
        """The library's own client, for what tests need to be there."""
        admin = KafkaAdminClient(bootstrap_servers=self.server)
        self._made.callback(admin.close)
        return admin

    @cached_property
    def producer(self) -> Any:
        """The library's own."""
        producer = KafkaProducer(
            bootstrap_servers=self.server, max_block_ms=30_000, max_request_size=8 * 1024 * 1024
        )
        self._made.callback(producer.close, timeout=5)
        return producer

    def topic(self, name: str = "t", *, partitions: int = 1, **configs: str) -> str:
        """A new topic, with settings of its own (`_` for their dots); its name begins with the one given."""
        full = f"{name}.{uuid4().hex[:8]}"
        own = {name.replace("_", "."): value for name, value in configs.items()}
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": own}
        self.admin.create_topics({full: wanted}, wait_for_metadata=True)
        return full

    def send(self, topic: str, *values: bytes | None, **options: Any) -> None:
        """Produce messages, and wait until they are there."""
        for sent in [self.producer.send(topic, value=value, **options) for value in values]:
            sent.get(30)

    def consumer(self, group: str, **options: Any) -> Any:
        """The library's own, of a group; it starts with the oldest messages."""
        common = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
        return KafkaConsumer(bootstrap_servers=self.server, group_id=group, **common, **options)

    def close(self) -> None:
        """End the clients; the next use makes new ones."""
        self._made.close()
        for name in ("admin", "producer"):
            self.__dict__.pop(name, None)


def variables(settings: Settings) -> dict[str, str]:
    """The environment of a program that these settings are for."""
    return {
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "KAFKA_SECURITY": json.dumps(settings.kafka_security),
        "KAFKA_SASL_PLAIN_PASSWORD": settings.kafka_sasl_plain_password,
    }


def _needs_openssl() -> None:
    if not _SECURE:
        pytest.skip("the kit's secure listeners need openssl")


@pytest.fixture(scope="session")
def kafka(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One for all tests, which is running at the beginning of each."""
    with kafka_server(kit, tmp_path_factory.mktemp("kafka")) as server:
        yield server


@contextmanager
def kafka_server(kit: Path, folder: Path, *, extra: str = "", port: int = 0) -> Iterator[Kafka]:
    """One that goes when the block ends; `extra` are settings of its own."""
    script = kit / "kafka" / "kafka.sh"
    if not script.exists():
        pytest.skip("the kit has no Kafka")
    if shutil.which("java") is None:
        pytest.skip("Kafka needs Java: apt-get install openjdk-17-jre-headless")
    with ExitStack() as stack:
        for is_last in (port > 0, False, True):
            folder.mkdir(exist_ok=True)
            server = Kafka(script, folder, port or free_ports(4), extra=extra)
            own = stack.enter_context(ExitStack())
            own.callback(server.run, "destroy")
            own.callback(server.close)
            try:
                server.start()
                break
            except AssertionError:  # another program may have taken a port since it was found free
                if is_last:
                    raise
                own.close()
        yield server

"""A small stack for the recordings: a broker and a shop that tells of its orders, on a real engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.record.places import Place
from stack.compose.images import KAFKA

FILE = "docker/lightweight/docker-compose.yml"
TOPIC = "shop.orders"
_ITEMS = "lamp chair teapot ladder globe"
_COMPOSE = f"""\
name: shop
services:
  kafka:
    image: {KAFKA}
    environment:
      CLUSTER_ID: 5L6g3nShT-eMCtK--X86sw
      KAFKA_NODE_ID: "1"
      KAFKA_PROCESS_ROLES: broker,controller
      KAFKA_CONTROLLER_QUORUM_VOTERS: 1@localhost:9093
      KAFKA_CONTROLLER_LISTENER_NAMES: CONTROLLER
      KAFKA_LISTENERS: INTERNAL://:29092,HOST://:9092,CONTROLLER://:9093
      KAFKA_ADVERTISED_LISTENERS: INTERNAL://kafka:29092,HOST://localhost:9092
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: INTERNAL:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT
      KAFKA_INTER_BROKER_LISTENER_NAME: INTERNAL
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1"
      KAFKA_HEAP_OPTS: -Xms256m -Xmx512m
    ports: ["127.0.0.1:9092:9092"]
    init: true
    healthcheck:
      test: [CMD, /opt/kafka/bin/kafka-broker-api-versions.sh, --bootstrap-server, "localhost:29092"]
      interval: 3s
      timeout: 14s
      retries: 30
  orders:
    image: {KAFKA}
    depends_on: {{kafka: {{condition: service_healthy}}}}
    environment: {{KAFKA_HEAP_OPTS: -Xmx128m}}
    init: true
    stop_grace_period: 1s
    command:
      - sh
      - -c
      - >-
        n=0; while true; do for item in {_ITEMS}; do n=$$((n+1));
        echo "{{\\"order\\": $$n, \\"item\\": \\"$$item\\", \\"pieces\\": $$((n % 4 + 1))}}";
        sleep 1; done; done |
        /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:29092 --topic {TOPIC}
"""


@contextmanager
def written(at: Place) -> Iterator[Place]:
    """The place with its compose file; what of it runs is taken down in the end, with its volumes."""
    file = at.repository / FILE
    file.parent.mkdir(parents=True)
    file.write_text(_COMPOSE)
    try:
        yield at
    finally:
        words = ("docker", "compose", "--file", str(file), "down", "--volumes", "--timeout", "1")
        subprocess.run(words, env=at.env, check=False, capture_output=True)


def beside() -> tuple[str, ...]:
    """What starts a program where the engine's published ports are: the kit's has a network of its own."""
    name = os.environ.get("ENG_NS", "")
    return ("nsenter", f"--net=/run/netns/{name}") if name else ()


def there_is() -> bool:
    """Whether an engine answers that has the image."""
    try:
        done = subprocess.run(("docker", "image", "inspect", KAFKA), capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0

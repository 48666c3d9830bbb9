"""kafka-python behind plain values. It blocks, and takes long to import: it is for a client's thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from weakref import WeakSet

from agent_core.errors import BusFault
from agent_core.streaming.access import Access
from agent_core.streaming.connections import bound_handshakes, hear_last_words, wait_while_it_comes
from agent_core.streaming.faults import fault_of, how_telling, is_final
from agent_core.streaming.portions import bound_reading
from agent_core.streaming.producing import hear_refusals

_kafka: Any = import_module("kafka")  # it has no types
_errors: Any = import_module("kafka.errors")
_compat: Any = import_module("kafka.net.compat")
_connections: Any = import_module("kafka.net.manager")
_loops: Any = import_module("kafka.net.selector")
_admin: Any = import_module("kafka.admin")
Partition: Any = _kafka.TopicPartition
"""`Partition(topic, number)`, with these attributes."""
EARLIEST, LATEST = _admin.OffsetSpec.EARLIEST, _admin.OffsetSpec.LATEST

BOOTSTRAP_MS = 4000
"""How long a first answer of a broker is waited for."""
REQUEST_MS = 5000
_STOPPED_MS = 3000
_CLIENT_ID = "dspy-tui"
_MET = (_errors.KafkaError, OSError, RuntimeError, ValueError, AssertionError)
"""What the library raises for what it meets; the last three where its loop was ended."""
TOO_LONG = (_errors.MessageSizeTooLargeError, _errors.RecordListTooLargeError)
BARRED = (_errors.TopicAuthorizationFailedError, _errors.InvalidTopicError)
"""What it raises for all messages of a topic."""
FINAL = (
    *TOO_LONG, *BARRED,
    _errors.InvalidTimestampError, _errors.InvalidRecordError, _errors.PolicyViolationError,
)  # fmt: skip
"""What it raises for a message that no broker will take."""
NOT_IDEMPOTENT = _errors.ClusterAuthorizationFailedError
"""What it raises where old brokers want a right of its own for recognising repeats."""
UNREADABLE = (_errors.UnsupportedCodecError, _errors.CorruptRecordError, UnicodeDecodeError)
"""What it raises for messages that it cannot read."""

bound_reading()
# It tells errors of connections again and again in the log, and we in one place.
logging.getLogger("kafka").setLevel(logging.CRITICAL)


class Link:
    """What lies between one client and the brokers. For its client's thread, but for `interrupt`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._up: set[Any] = set()
        self._down: dict[Any, BaseException] = {}
        self._held: dict[Any, BaseException] = {}
        """Why brokers do not take messages for partitions; what is wrong with one message is told of it."""
        self._loops: list[Any] = []
        self._clients: list[Any] = []
        self._producers: list[Any] = []
        self._ended = False
        self._manager: Any = None

    # What happens to connections; called in the library's thread

    def came(self, node: Any) -> None:
        """A broker is connected."""
        with self._lock:
            self._up.add(node)
            self._down.pop(node, None)

    def went(self, node: Any, why: Any) -> None:
        """A connection has ended, with an error or in good order."""
        with self._lock:
            self._up.discard(node)
            if isinstance(why, BaseException):
                known = self._down.get(node)
                if known is None or how_telling(why) <= how_telling(known):
                    self._down[node] = why

    def took(self, part: Any, why_not: BaseException | None) -> None:
        """Messages for a partition were taken, or not."""
        with self._lock:
            self._held.pop(part, None)
            if why_not is not None and not isinstance(why_not, FINAL):
                self._held[part] = why_not

    def give_up(self, servers: int) -> None:
        """Raise what was met where each of the first brokers was tried and trying again would not help."""
        with self._lock:
            met = list(self._down.values())
        if len(met) >= servers and all(map(is_final, met)):
            raise min(met, key=how_telling)

    @property
    def lost(self) -> BusFault | None:
        """Why no broker is connected, where one was."""
        noted = self._noted()
        return None if noted is None else self._fault_at(*noted)

    # Clients

    def admin(self) -> Any:
        """A client that asks about the bus; raises `BusFault`."""
        return self._open(_kafka.KafkaAdminClient)

    def consumer(self, **options: Any) -> Any:
        """A client that reads messages; raises `BusFault`."""
        return self._open(_kafka.KafkaConsumer, **options)

    def leave(self, consumer: Any, *, seconds: float) -> None:
        """End a consumer and leave its group."""
        try:
            consumer.close(autocommit=False, timeout_ms=seconds * 1000)
        except _MET as error:
            logging.getLogger(__name__).debug("leaving: %s", error)

    def producer(self, **options: Any) -> Any:
        """A client that sends messages, from a thread of its own; raises `BusFault`."""
        made = self._open(_kafka.KafkaProducer, **options)
        self._producers.append(made)
        hear_refusals(made, self.took)
        return made

    def make(self, names: Sequence[str], *, partitions: int, seconds: float) -> tuple[str, ...]:
        """Make topics that are not there, and wait for their leaders; raises `BusFault`."""
        admin = self.admin()
        made: list[str] = []
        with self.met():
            for name in dict.fromkeys(names):
                if not self.has_topic(name):
                    try:
                        admin.create_topics({name: {"num_partitions": partitions, "replication_factor": -1}})
                        made.append(name)
                    except _errors.TopicAlreadyExistsError:  # another did it meanwhile
                        pass
            admin.wait_for_topics(list(names), timeout_ms=seconds * 1000)
        return tuple(made)

    def has_topic(self, name: str) -> bool:
        """Whether the brokers told of such a topic last."""
        return bool(self._manager.cluster.partitions_for_topic(name))

    def held_back(self, name: str) -> BusFault | None:
        """Why brokers do not take messages for a topic, or some of them; None where nothing is known."""
        with self._lock:
            errors = [error for part, error in self._held.items() if part.topic == name]
        cluster = self._manager.cluster
        led, there = cluster.available_partitions_for_topic(name), cluster.partitions_for_topic(name)
        if not errors and led != there:
            errors.append(_errors.LeaderNotAvailableError(name))
        return self.fault(min(errors, key=how_telling)) if errors else None

    def topic_id(self, name: str) -> Any:
        """What tells a topic from others that had its name, as the brokers told last; None for nothing."""
        return self._manager.cluster.topic_id(name)

    def refresh(self) -> None:
        """Have the topics asked for anew; it is not waited for."""
        self._manager.cluster.request_update()
        self._loops[-1].wakeup()

    def topics(self) -> dict[str, list[int]]:
        """The topics and their partitions, as the brokers told them last."""
        cluster = self._manager.cluster
        names: set[str] = cluster.topics(exclude_internal_topics=False)
        return {name: sorted(cluster.partitions_for_topic(name) or ()) for name in sorted(names)}

    def brokers(self) -> list[int]:
        """The numbers of the brokers that there were last."""
        return sorted(each.node_id for each in self._manager.cluster.brokers())

    def follow_all_topics(self) -> None:
        """Ask the brokers for all topics from now on, not for those of an assignment."""
        self._manager.cluster.need_all_topic_metadata = True

    def fault(self, error: BaseException) -> BusFault:
        """The error that stands for what the client met."""
        return fault_of(error, self._access.named)

    def _noted(self) -> tuple[Any, BaseException] | None:
        """The broker whose failing says most, while none is connected."""
        with self._lock:
            if self._up or not self._down:
                return None
            return min(self._down.items(), key=lambda item: how_telling(item[1]))

    def _fault_at(self, node: Any, error: BaseException) -> BusFault:
        broker = self._manager.cluster.broker_metadata(node)
        if broker is None or (where := f"{broker.host}:{broker.port}") in self._access.servers:
            return self.fault(error)
        fault = fault_of(error, where)
        if not self._manager.cluster.is_bootstrap(node):
            fault.hint = f"{self._access.named} says that it is reached there: see its advertised.listeners."
        return fault

    def _open(self, kind: Callable[..., Any], **options: Any) -> Any:
        def client(**configs: Any) -> Any:
            loop = _loops.NetworkSelector(**configs)
            self._guard(loop)
            self._manager = _connections.KafkaConnectionManager(loop, **configs)
            self._manager.cluster.config["allow_auto_create_topics"] = False  # it does not pass it on
            self.follow_all_topics()
            bound_handshakes(self._manager)
            self._listen(self._manager)
            made = _compat.KafkaNetClient(net=loop, manager=self._manager, **configs)
            self._clients.append(made)
            return made

        with self.met():
            opened = kind(
                bootstrap_servers=list(self._access.servers),
                client_id=_CLIENT_ID,
                kafka_client=client,
                bootstrap_timeout_ms=BOOTSTRAP_MS,
                request_timeout_ms=REQUEST_MS,
                reconnect_backoff_max_ms=1000,
                **self._access.options,
                **options,
            )
        with self._lock:
            self._down.clear()  # tries of the beginning
        return opened

    def _guard(self, loop: Any) -> None:
        """Ask nothing of a loop that was stopped: the library would turn it in the caller's thread then."""
        self._loops.append(loop)
        run = loop.run

        def guarded(*words: Any) -> Any:
            if self._ended:
                raise _errors.KafkaConnectionError("Event loop stopped")
            return run(*words)

        loop.run = guarded

    def _listen(self, manager: Any) -> None:
        """Hear how its connections fare."""
        connect = manager.get_connection
        heard: WeakSet[Any] = WeakSet()

        def get_connection(node: Any, *words: Any, **options: Any) -> Any:
            if not manager.bootstrapped:
                self.give_up(len(manager.cluster.bootstrap_brokers()))
            connection = connect(node, *words, **options)
            if connection not in heard:
                heard.add(connection)
                hear_last_words(connection)
                wait_while_it_comes(connection, seconds=REQUEST_MS / 1000)
                connection.init_future.add_callback(lambda _: self.came(node))  # pyright: ignore
                connection.close_future.add_both(lambda why: self.went(node, why))  # pyright: ignore
            return connection

        manager.get_connection = get_connection

    @contextmanager
    def met(self) -> Generator[None]:
        """What the library raises becomes a `BusFault`."""
        try:
            yield
        except _MET as error:
            noted = self._noted()
            if noted is not None and how_telling(noted[1]) <= how_telling(error):
                raise self._fault_at(*noted) from error
            raise self.fault(error) from error

    # The end

    def interrupt(self) -> None:
        """Let what the client's thread waits for fail, and whatever it asks then; from another thread."""
        self._ended = True
        for loop in self._loops:
            loop.stop(timeout_ms=_STOPPED_MS)

    def close(self) -> None:
        """Give back connections and threads. No group is left: `leave` is for that, and takes time."""
        for end in (*(_ended(each) for each in self._producers), *(each.close for each in self._clients)):
            try:
                end()
            except _MET as error:
                logging.getLogger(__name__).debug("closing: %s", error)


def _ended(producer: Any) -> Callable[[], None]:
    """Gives back a producer's thread, whatever it still has to send."""

    def end() -> None:
        producer._sender.force_close()
        producer._sender.join(_STOPPED_MS / 1000)
        producer.close(timeout=0)

    return end

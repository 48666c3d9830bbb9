"""What the client's library raises, as errors that say what is the matter."""

from __future__ import annotations

import pytest
from kafka import errors

from agent_core.errors import BusAuth, BusFault, BusUnreachable, NoTopic
from agent_core.streaming.faults import fault_of, how_telling, is_final

REFUSED = errors.KafkaConnectionError("111 ECONNREFUSED")
DROPPED = errors.KafkaConnectionError("socket disconnected")
DENIED = errors.SaslAuthenticationFailedError("invalid credentials")
SLOW = errors.KafkaTimeoutError("Unable to bootstrap from ['a:1']")


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (REFUSED, BusUnreachable, "refused"),
        (DROPPED, BusUnreachable, "TLS or a login"),
        (DENIED, BusAuth, "credentials"),
        (errors.IllegalSaslStateError(), BusAuth, "logging in"),
        (SLOW, BusUnreachable, "does not answer"),
        (errors.UnknownTopicOrPartitionError(), NoTopic, "gone"),
        (errors.TopicAuthorizationFailedError("t"), BusAuth, "allow"),
        (errors.GroupAuthorizationFailedError("t"), BusAuth, "allow"),
        (errors.KafkaStorageError(None), BusUnreachable, "disk is full"),
        (errors.LeaderNotAvailableError("t"), BusUnreachable, "one is away"),
        (errors.KafkaTimeoutError("Topics not ready after 10ms: {'t': 'no'}"), BusUnreachable, "one is away"),
        (errors.NotEnoughReplicasAfterAppendError(None), BusUnreachable, "Too few brokers"),
        (errors.MessageSizeTooLargeError(None), BusFault, "too long"),
        (errors.RecordListTooLargeError(None), BusFault, "too long"),
        (errors.InvalidTopicError("t"), NoTopic, "name"),
        (
            errors.InvalidTopicError("Topic 'DNS_a' collides with existing topic: DNS.a"),
            NoTopic,
            "beside DNS.a",
        ),
        (errors.FencedInstanceIdError(None), BusFault, "under the name of this one"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), BusFault, "headers"),
        (errors.UnsupportedCodecError("Libraries for lz4 compression codec not found"), BusFault, "lz4"),
        (errors.CorruptRecordError("unpacks to more than 1,000 bytes"), BusFault, "more than 1,000 bytes"),
        (errors.CorruptRecordError("cannot be unpacked: x"), BusFault, "damaged"),
        (errors.NodeNotReadyError("1"), BusUnreachable, "does not answer"),
        (errors.KafkaError("\x1b[31mwhat\n" + "x" * 9999), BusFault, "what"),
        (
            errors.KafkaConnectionError(
                "Handshake failed: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed"
                " certificate (_ssl.c:1006)"
            ),
            BusAuth,
            "self-signed certificate",
        ),
    ],
)
def test_told(error: Exception, kind: type[BusFault], says: str) -> None:
    fault = fault_of(error, "host:1")
    assert type(fault) is kind
    assert says in fault.message
    assert fault.message.isprintable() and len(fault.message) < 400


def test_the_credentials_say_more_than_a_connection_that_ended() -> None:
    assert min((SLOW, DROPPED, DENIED, REFUSED), key=how_telling) is DENIED
    assert min((SLOW, DROPPED), key=how_telling) is DROPPED


def test_what_is_not_tried_again() -> None:
    assert [is_final(error) for error in (REFUSED, DENIED, DROPPED, SLOW)] == [True, True, False, False]


def test_what_unpacks_messages_is_named() -> None:
    fault = fault_of(errors.UnsupportedCodecError("Libraries for zstd compression codec not found"), "h:1")
    assert "pip install 'kafka-python[lz4,snappy,zstd]'" in fault.hint

"""What a client of the bus met, as an error with a next step."""

from __future__ import annotations

import re

from agent_core.errors import BusAuth, BusFault, BusUnreachable, NoTopic
from agent_core.text import one_line, shorten

_LONGEST = 200
_START = "Start it (`stack up kafka`), or set KAFKA_BOOTSTRAP to where it is."
_OTHER = "The broker hangs, or something else has this port; set KAFKA_BOOTSTRAP to where Kafka is."
_SECURITY = "Check kafka_security: the protocol that this port wants, and the certificates."
_CREDENTIALS = "Check sasl_plain_username in kafka_security and KAFKA_SASL_PLAIN_PASSWORD."
_ROOM = (
    "Make room where it keeps its data (`stack doctor` tells of the disk, `stack clean` frees some), then"
    " `stack restart kafka`: it does not try again by itself."
)
_REASONS: tuple[tuple[str, type[BusFault], str, str], ...] = (
    # First, as names of topics may say anything that others are told by.
    (r"collides with existing topics?: (?P<why>[\w.-]+)", NoTopic,
     "A topic cannot have this name beside {why}",
     "Kafka takes . and _ in names of topics for the same: give one of the two another name."),
    (r"SaslAuthenticationFailed", BusAuth, "Kafka at {where} refuses the credentials", _CREDENTIALS),
    (r"(?:IllegalSaslState|UnsupportedSaslMechanism)Error", BusAuth,
     "Kafka at {where} does not take this way of logging in", _SECURITY),
    (r"CERTIFICATE_VERIFY_FAILED\] certificate verify failed: (?P<why>.{1,80}?) \(_ssl", BusAuth,
     "The certificate of Kafka at {where} is not trusted ({why})",
     "Name the authority's certificate as ssl_cafile in kafka_security."),
    (r"Handshake failed|InvalidReceiveError", BusUnreachable,
     "{where} does not speak Kafka as it is set up here (TLS or not)", _SECURITY),
    (r"DNS", BusUnreachable, "The host of {where} has no address", "Check KAFKA_BOOTSTRAP and the network."),
    (r"ECONNREFUSED", BusUnreachable, "No Kafka answers at {where}: the connection is refused", _START),
    (r"(?:EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|Connection timed out|timed out before)", BusUnreachable,
     "No Kafka answers at {where}: it cannot be reached", _START),
    (r"LeaderNotAvailable|Topics not ready", BusUnreachable,
     "A part of a topic has no broker at {where}: one is away, or its disk is full or fails", _ROOM),
    (r"socket disconnected|ECONNRESET|EPIPE", BusUnreachable,
     "{where} closes the connection: it is no Kafka, or wants TLS or a login", _SECURITY),
    (r"RequestTimedOutError|KafkaTimeoutError|Unable to bootstrap", BusUnreachable,
     "{where} takes the connection, but does not answer as a Kafka broker", _OTHER),
    (r"KafkaStorageError", BusUnreachable,
     "Kafka at {where} cannot keep messages: its disk is full or fails", _ROOM),
    (r"NotEnoughReplicas", BusUnreachable, "Too few brokers of Kafka at {where} are there to keep messages",
     "It goes on when the others are back."),
    (r"MessageSizeTooLarge|RecordListTooLarge", BusFault, "A message is too long for Kafka at {where}",
     "Send it in parts, or raise max.message.bytes of the topic."),
    (r"InvalidTopic|IllegalTopic", NoTopic, "A topic cannot have this name",
     "Topics have letters, digits, dots, - and _."),
    (r"FencedInstanceId", BusFault, "Another program reads from Kafka at {where} under the name of this one",
     "Give each its own name, or end the other."),
    (r"UnknownTopic(?:OrPartition|Id)", NoTopic, "A topic is gone", "`stack topics` lists what there is."),
    (r"AuthorizationError|AuthorizationFailed|Authorization", BusAuth,
     "Kafka at {where} does not allow this",
     "Ask for the rights on these topics and groups: describe, read, write."),
    (r"UnsupportedCodec.*?for (?P<why>\w+) compression|UnsupportedCodec", BusFault,
     "Messages are packed in a way that cannot be read here ({why})",
     "Install what unpacks them, where dspy-tui is: pip install 'kafka-python[lz4,snappy,zstd]'"),
    (r"CorruptRecordError.*unpacks to more than (?P<why>[\d,]+ bytes)", BusFault,
     "Messages are packed so that they unpack to more than {why}", "They are passed by: see who sends them."),
    (r"CorruptRecordError.*has more than (?P<why>[\d,]+ headers)", BusFault,
     "Messages have more than {why}", "They are passed by: see who sends them."),
    (r"UnicodeDecodeError", BusFault, "Messages have headers that cannot be read here", ""),
    (r"CorruptRecord|CRC", BusFault, "Messages are damaged on the broker", ""),
    (r"NodeNotReady|KafkaConnectionError|BrokerNotAvailable|Cancelled|UnknownBrokerId|Event loop",
     BusUnreachable, "Kafka at {where} does not answer", _START),
)  # fmt: skip
"""What is said, the error, its message and hint; the first that matches."""
_FINAL = (
    "SaslAuthenticationFailed|SaslState|SaslMechanism|CERTIFICATE_VERIFY|Handshake failed|InvalidReceive|DNS"
    "|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH"
)


def fault_of(error: BaseException, where: str) -> BusFault:
    """The error that stands for what a client met.

    Args:
        error: What it raised, or noted of a connection.
        where: The addresses of the bus.
    """
    said = _said(error)
    for pattern, kind, message, hint in _REASONS:
        match = re.search(pattern, said)
        if match is not None:
            why = match.groupdict().get("why") or type(error).__name__
            return kind(message.format(where=one_line(where), why=one_line(why)), hint=hint)
    return BusFault(f"Kafka at {one_line(where)}: {shorten(one_line(said), _LONGEST)}")


def is_final(error: BaseException) -> bool:
    """Whether trying again at once meets the same."""
    return re.search(_FINAL, _said(error)) is not None


def how_telling(error: BaseException) -> int:
    """How much it says of why a connection fails: the lower the more."""
    said = _said(error)
    ranks = (number for number, reason in enumerate(_REASONS) if re.search(reason[0], said))
    return next(ranks, len(_REASONS))


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"

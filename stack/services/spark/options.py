"""What Spark is told of the bus: for its Kafka connector under the names that Java has, else as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent_core.errors import ConfigError
from agent_core.streaming.access import Access

_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "GSSAPI": "com.sun.security.auth.module.Krb5LoginModule",
}
_WAIT_MS = "20000"
"""How long a broker that is away is waited for before the query fails, and is begun again."""


def connector_options(access: Access) -> dict[str, str]:
    """The options, secrets and certificates included: executors need no files, and they are in no command.

    Raises:
        ConfigError: The connector has no such option, or a file cannot be read.
    """
    given = access.options
    options = {
        "kafka.bootstrap.servers": ",".join(access.servers),
        "kafka.default.api.timeout.ms": _WAIT_MS,
        "kafka.request.timeout.ms": _WAIT_MS,
    }
    if protocol := given.get("security_protocol"):
        options["kafka.security.protocol"] = protocol
    if mechanism := given.get("sasl_mechanism"):
        options["kafka.sasl.mechanism"] = mechanism
        options["kafka.sasl.jaas.config"] = _jaas(access, mechanism)
        if mechanism == "GSSAPI":
            options["kafka.sasl.kerberos.service.name"] = given.get("sasl_kerberos_service_name", "kafka")
    if authority := given.get("ssl_cafile"):
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.certificates"] = _text(authority)
    if certificate := given.get("ssl_certfile"):
        options["kafka.ssl.keystore.type"] = "PEM"
        options["kafka.ssl.keystore.certificate.chain"] = _text(certificate)
        options["kafka.ssl.keystore.key"] = _text(given.get("ssl_keyfile") or certificate)
    if password := given.get("ssl_password"):
        options["kafka.ssl.key.password"] = password
    if given.get("ssl_check_hostname") is False:
        options["kafka.ssl.endpoint.identification.algorithm"] = ""
    if "ssl_crlfile" in given:
        raise ConfigError(
            "kafka_security: Spark's Kafka connector takes no ssl_crlfile",
            hint="Leave it out for the Spark job, or set DSPY_TUI_SPARK_JARS=none.",
        )
    return options


def _jaas(access: Access, mechanism: str) -> str:
    given = access.options
    if mechanism == "GSSAPI":
        return f"{_MODULES[mechanism]} required useTicketCache=true;"
    name, password = (_quoted(given[key]) for key in ("sasl_plain_username", "sasl_plain_password"))
    return f"{_MODULES[mechanism]} required username={name} password={password};"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"kafka_security: {error}", hint="Name a file with PEM text.") from error


_NAMES = {"servers": "kafka.bootstrap.servers", "plain": "kafka.client"}
_SECRETS = {"sasl_plain_password": "kafka.password.sasl", "ssl_password": "kafka.password.ssl"}


def source_options(access: Access) -> dict[str, str]:
    """The options for the data source of our own; files that they name have to be where executors run."""
    plain = {name: value for name, value in access.options.items() if name not in _SECRETS}
    secrets = {_SECRETS[name]: value for name, value in access.options.items() if name in _SECRETS}
    return {
        _NAMES["servers"]: ",".join(access.servers),
        _NAMES["plain"]: msgspec.json.encode(plain).decode(),
        **secrets,
    }


def access_from(options: Mapping[str, str]) -> Access:
    """The access again; Spark may have changed the case of the names."""
    given = {name.lower(): value for name, value in options.items()}
    plain = msgspec.json.decode(given.get(_NAMES["plain"], "{}"), type=dict[str, Any])
    secrets = {name: given[option] for name, option in _SECRETS.items() if option in given}
    return Access(tuple(given[_NAMES["servers"]].split(",")), plain | secrets)

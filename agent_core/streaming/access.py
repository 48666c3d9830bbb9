"""How the bus is reached: addresses and security, from the settings."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from agent_core.config import Settings
from agent_core.config_sources import UNUSABLE
from agent_core.errors import ConfigError
from agent_core.text import one_line

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI")
_FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_crlfile")
_OTHERS = (
    "security_protocol", "sasl_mechanism", "sasl_plain_username", "sasl_kerberos_service_name",
    "sasl_kerberos_domain_name", "ssl_check_hostname",
)  # fmt: skip
_SECRETS = {
    "sasl_plain_password": "KAFKA_SASL_PLAIN_PASSWORD",
    "ssl_password": "KAFKA_SSL_PASSWORD",
}
_SETTING = "kafka_security"
_NAME = re.compile(r"(?:sasl|ssl|security|kafka)[a-z_.]{0,40}")
_FORM = "security_protocol=SSL,ssl_cafile=FILE"
_WHERE = " and ".join(_SECRETS.values())


class Access(msgspec.Struct, frozen=True):
    """Where the bus is (`host:port`), and options of the client, secrets included: show only `named`."""

    servers: tuple[str, ...]
    options: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Access({self.named})"

    @property
    def named(self) -> str:
        """The addresses, as a person knows them."""
        return ", ".join(self.servers)


def access_of(settings: Settings) -> Access:
    """What the settings say; the files that they name are looked for.

    Raises:
        ConfigError: An address or an option is wrong.
    """
    servers = tuple(
        map(_server, filter(None, (part.strip() for part in settings.kafka_bootstrap.split(","))))
    )
    if not servers:
        raise ConfigError("kafka_bootstrap is empty", hint="Set KAFKA_BOOTSTRAP to HOST:PORT.")
    if (why := settings.kafka_security.get(UNUSABLE)) is not None:
        raise ConfigError(why, hint=f"Such as {_FORM}, or the same as JSON; passwords are {_WHERE}.")
    options = {name: _option(name, value) for name, value in settings.kafka_security.items()}
    protocol = options.get("security_protocol", "PLAINTEXT")
    if protocol.startswith("SASL") and "sasl_mechanism" not in options:
        raise _wrong(f"{protocol} needs a sasl_mechanism", f"Add one of {', '.join(_MECHANISMS)}.")
    for name in _SECRETS:
        if value := getattr(settings, f"kafka_{name}"):
            options[name] = value
    if protocol.startswith("SASL") and options["sasl_mechanism"] != "GSSAPI":
        for name, where in (("sasl_plain_username", _SETTING), ("sasl_plain_password", "the environment")):
            if name not in options:
                raise _wrong(
                    f"{options['sasl_mechanism']} needs a {name}",
                    f"Set it in {where if where == _SETTING else _SECRETS[name]}.",
                )
    return Access(servers, options)


def _server(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and 0 < int(port) < 65536 and host and " " not in host:
        return text
    raise ConfigError(
        f"kafka_bootstrap: {one_line(text)!r} is no HOST:PORT", hint="Such as localhost:9092, commas between."
    )


def _option(name: str, value: str) -> Any:
    if name in _SECRETS:
        raise _wrong(f"{name} does not belong there", f"Set the environment variable {_SECRETS[name]}.")
    if name not in (known := (*_OTHERS, *_FILES)):
        raise _unknown(name, known)
    choices = {"security_protocol": _PROTOCOLS, "sasl_mechanism": _MECHANISMS}.get(name)
    if choices is not None and value not in choices:
        raise _wrong(f"{name} has a value that is none", f"Use one of {', '.join(choices)}.")
    if name in _FILES:
        path = Path(value).expanduser()
        if not path.is_file():
            raise _wrong(f"{name}: there is no file {one_line(value)}", "Give its full path.")
        return str(path)
    if name == "ssl_check_hostname":
        if value.lower() not in ("true", "false"):
            raise _wrong(f"{name} is neither true nor false", "Use one of them.")
        return value.lower() == "true"
    return value


def _unknown(name: str, known: tuple[str, ...]) -> ConfigError:
    """Shown is only what can be a name: a value with a comma may end up as one."""
    near = get_close_matches(name.lower().replace(".", "_"), known, n=1)
    shown = name if near or _NAME.fullmatch(name) else "such name"
    meant = f" (did you mean {near[0]}?)" if near else ""
    return _wrong(f"there is no {shown}{meant}", f"There are {', '.join(known)}.")


def _wrong(what: str, hint: str) -> ConfigError:
    return ConfigError(f"{_SETTING}: {what}", hint=hint)

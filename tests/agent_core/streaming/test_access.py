"""How the bus is reached, from the settings; secrets come from the environment and are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.config import Settings, load, rows
from agent_core.errors import ConfigError
from agent_core.streaming.access import access_of

SCRAM = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256", "sasl_plain_username": "me"}


def test_the_default() -> None:
    access = access_of(Settings())
    assert (access.servers, access.options) == (("localhost:9092",), {})


def test_several_servers() -> None:
    access = access_of(Settings(kafka_bootstrap="a:1, [::1]:2"))
    assert access.servers == ("a:1", "[::1]:2")
    assert access.named == "a:1, [::1]:2"


def test_credentials_and_certificates(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    security = {**SCRAM, "ssl_cafile": str(authority), "ssl_check_hostname": "False"}
    access = access_of(Settings(kafka_security=security, kafka_sasl_plain_password="hunter2!"))
    assert access.options == {
        **SCRAM,
        "ssl_cafile": str(authority),
        "ssl_check_hostname": False,
        "sasl_plain_password": "hunter2!",
    }
    assert "hunter2" not in repr(access)


@pytest.mark.parametrize("servers", ["", "localhost", "host:port", "host:0", "host:99999", ":9092", "a b:1"])
def test_what_is_no_address(servers: str) -> None:
    with pytest.raises(ConfigError, match="kafka_bootstrap"):
        access_of(Settings(kafka_bootstrap=servers))


@pytest.mark.parametrize(
    ("security", "says"),
    [
        ({"nonsense": "1"}, "there is no such name"),
        ({"security_protocl": "SSL"}, "there is no security_protocl (did you mean security_protocol?)"),
        ({"security.protocol": "SSL"}, "did you mean security_protocol?"),
        ({"ssl_keystore_location": "x"}, "no ssl_keystore_location"),
        ({"sasl_mechanism": "SCRAM"}, "SCRAM-SHA-512"),
        ({"sasl_plain_password": "x"}, "KAFKA_SASL_PLAIN_PASSWORD"),
        ({"security_protocol": "TLS"}, "SASL_SSL"),
        ({"security_protocol": "SASL_SSL"}, "SCRAM-SHA-256"),
        (SCRAM, "KAFKA_SASL_PLAIN_PASSWORD"),
        ({"ssl_cafile": "/no/such/file"}, "/no/such/file"),
        ({"ssl_check_hostname": "perhaps"}, "neither true nor false"),
    ],
)
def test_what_is_wrong_is_said(security: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        access_of(Settings(kafka_security=security))
    assert says in caught.value.message + caught.value.hint


def test_the_environment_says_it_all(tmp_path: Path) -> None:
    env = {
        "KAFKA_BOOTSTRAP": "bus:9093",
        "KAFKA_SECURITY": ",".join(f"{name}={value}" for name, value in SCRAM.items()),
        "KAFKA_SASL_PLAIN_PASSWORD": "hunter2!",
    }
    config = load(root=None, env=env, user_file=tmp_path / "none.toml")
    assert access_of(config.settings).options == {**SCRAM, "sasl_plain_password": "hunter2!"}
    assert "hunter2" not in str(rows(config))


def test_a_secret_is_taken_from_no_file_and_no_flag(tmp_path: Path) -> None:
    user_file = tmp_path / "config.toml"
    user_file.write_text('kafka_sasl_plain_password = "hunter2!"\n')
    user_file.chmod(0o600)
    config = load(root=None, env={}, user_file=user_file)
    assert config.settings.kafka_sasl_plain_password == ""
    assert "KAFKA_SASL_PLAIN_PASSWORD" in config.warnings[0]
    with pytest.raises(ConfigError, match="list of processes"):
        load(root=None, env={}, user_file=user_file, flags={"kafka_ssl_password": "hunter2!"})


JSON_SECURITY = (
    '{"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "sasl_plain_username": "me, you=us", '
)


def test_security_as_json_may_have_commas_and_truths(tmp_path: Path) -> None:
    env = {
        "KAFKA_BOOTSTRAP": "bus:9093",
        "KAFKA_SECURITY": f' {JSON_SECURITY}"ssl_check_hostname": false}}',
        "KAFKA_SASL_PLAIN_PASSWORD": "a,b=c {d} 'e' \"f\"",
    }
    access = access_of(load(root=None, env=env, user_file=tmp_path / "none.toml").settings)
    assert access.options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "me, you=us",
        "ssl_check_hostname": False,
        "sasl_plain_password": "a,b=c {d} 'e' \"f\"",
    }


@pytest.mark.parametrize(
    "given",
    [
        "SASL_SSL",
        "security_protocol:SASL_SSL,hunter2",
        "security_protocol=SASL_SSL,sasl_mechanism=PLAIN,sasl_plain_username=me,sasl_plain_password=hunter2,hunter2",
        "security_protocol=SSL,sasl_plain_password=hunter2",
        "security_protocol=SSL,hunter2=x",
        "security_protocol=SSL,=hunter2",
        "security_protocol=hunter2",
        "security_protocol=SSL,security_protocol=PLAINTEXT,ssl_password=hunter2",
        f'{JSON_SECURITY}"sasl_plain_password": "hunter2"}}',
        f'{JSON_SECURITY}"sasl_plain_password": "hunter2"',
        '{"security_protocol": ["hunter2"]}',
        '{"security_protocol": "SSL", "": "hunter2"}',
        '{"ssl_password": 7}',
        '["hunter2"]',
        '"hunter2"',
    ],
)
def test_security_that_is_off_is_refused_and_never_left_out_or_shown(given: str, tmp_path: Path) -> None:
    env = {"KAFKA_BOOTSTRAP": "bus:9093", "KAFKA_SECURITY": given}
    config = load(root=None, env=env, user_file=tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="kafka_security") as caught:
        access_of(config.settings)
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value.info} {config.warnings}"
    if "password" in given:
        assert "hunter2" not in str(rows(config))


def test_a_file_s_security_that_is_off_is_refused_too(tmp_path: Path) -> None:
    user_file = tmp_path / "config.toml"
    user_file.write_text('kafka_security = "sasl_plain_password=hunter2"\n')
    config = load(root=None, env={}, user_file=user_file)
    with pytest.raises(ConfigError, match="no table of names and texts") as caught:
        access_of(config.settings)
    assert "hunter2" not in f"{caught.value.info} {config.warnings} {rows(config)}"
    user_file.write_text("kafka_security = { security_protocol = 'SSL', ssl_check_hostname = true }\n")
    options = access_of(load(root=None, env={}, user_file=user_file).settings).options
    assert options == {"security_protocol": "SSL", "ssl_check_hostname": True}
    again = load(root=None, env={"KAFKA_SECURITY": "security_protocol=PLAINTEXT"}, user_file=user_file)
    assert access_of(again.settings).options == {"security_protocol": "PLAINTEXT"}

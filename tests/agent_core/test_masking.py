from __future__ import annotations

import base64

import pytest

from agent_core.config import MASK, Settings
from agent_core.masking import log_masker, mask_secrets, masker, secret_values

JWT = (
    "eyJ"
    + base64.urlsafe_b64encode(b"hbGciOiJIUzI1NiJ9").decode().rstrip("=")
    + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP-mB92K27"
)


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ASIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "gho_" + "a1B2" * 9,
        "github_pat_" + "11ABCDEFG0" * 4,
        "glpat-" + "a1b2c3d4e5f6g7h8i9j0",
        "sk-" + "a1b2" * 10,
        "sk-proj-" + "a1B2_-" * 8,
        "sk-ant-api03-" + "a1B2" * 10,
        "sk_" + "live_" + "a1B2" * 6,
        "xoxb-" + "123456789012-abcdefABCDEF",
        "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "hf_" + "aB" * 17,
        "npm_" + "a1B2" * 9,
        "pypi-" + "AgEIcHlwaS5vcmc" * 5,
        JWT,
    ],
)
def test_keys_are_known_by_their_shape(secret: str) -> None:
    for text in (secret, f"key {secret}.", f'"{secret}"', f"({secret})"):
        shown = mask_secrets(text)
        assert secret not in shown
        assert secret[8:24] not in shown
        assert MASK in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('password = "hunter2!"', f'password = "{MASK}"'),
        ("DB_PASSWORD=hunter2xx", f"DB_PASSWORD={MASK}"),
        ("export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", f"export AWS_SECRET_ACCESS_KEY={MASK}"),
        ("  api_key: 'abc def 123'", f"  api_key: '{MASK}'"),
        ('{"client_secret":"s3cr3ts3cr3t"}', f'{{"client_secret":"{MASK}"}}'),
        (r'{"msg": "{\"password\": \"hunter2!\"}"}', rf'{{"msg": "{{\"password\": \"{MASK}\"}}"}}'),
        (r'{"msg": "token=\\\'hunter2!\\\' is"}', rf'{{"msg": "token=\\\'{MASK}\\\' is"}}'),
        ("auth_token: 9f8e7d6c5b4a", f"auth_token: {MASK}"),
        ("token => 'abcd1234'", f"token => '{MASK}'"),
        ("Authorization: Bearer abcdef0123456789", f"Authorization: Bearer {MASK}"),
        ("curl -H 'authorization: basic dXNlcjpwYXNzd29yZA=='", f"curl -H 'authorization: basic {MASK}'"),
        ("postgres://user:pa55w0rd@db:5432/x", f"postgres://user:{MASK}@db:5432/x"),
        ("redis://:pa55w0rd@db", f"redis://:{MASK}@db"),
        ("?token=abc123def456&x=1", f"?token={MASK}&x=1"),
        ("secretoken: 9f8e7d6c5b4a", f"secretoken: {MASK}"),
        (
            "İ PassWord='hunter2!' and passpassword=\"hunter2!\"",
            f"İ PassWord='{MASK}' and passpassword=\"{MASK}\"",
        ),
    ],
)
def test_assigned_secrets(text: str, shown: str) -> None:
    assert mask_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "def login(password: str, token: Token | None = None) -> None:",
        "password = get_password()",
        "token = tokens[index]",
        "self.token = token",
        'password = os.environ["DB_PASSWORD"]',
        "PASSWORD=$DB_PASSWORD",
        'password = "${DB_PASSWORD}"',
        "max_tokens = 4096",
        "completion_tokens: 1024, reasoning_tokens: 33",
        "tokens_per_s=12.5",
        '"input_cost_per_token": 1.5e-06,',
        "the secret: patience",
        "secret: true",
        "https://example.org/a:b@c",
        "user@example.org",
        "skip-tests sk-short sk-learn-compatible-estimators",
        "class TokenError(Exception): ...",
        "commit 98f09f3a1b2c3d4e5f60718293a4b5c6d7e8f901",
        "token: optional",
        "basic authentication",
        "bearer of news",
    ],
)
def test_code_that_only_speaks_of_secrets_stays(text: str) -> None:
    assert mask_secrets(text) == text


def test_a_private_key_keeps_its_lines() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
    shown = mask_secrets(f"before\n{key}\nafter")
    assert shown == (
        f"before\n-----BEGIN RSA PRIVATE KEY-----\n{MASK}\n{MASK}\n-----END RSA PRIVATE KEY-----\nafter"
    )
    assert "MIIEow" not in mask_secrets("-----BEGIN PRIVATE KEY-----\nMIIEow")


def test_values_of_secret_settings_are_masked_wherever_they_stand() -> None:
    settings = Settings(openai_api_key="plain words as key", openai_model="visible")
    assert secret_values(settings) == ("plain words as key",)
    mask = masker(settings)
    assert mask("error: xplain words as keyx for visible") == f"error: x{MASK}x for visible"
    assert secret_values(Settings()) == ()


def test_a_masked_text_stays_as_it_is() -> None:
    text = f"PASSWORD={MASK} https://u:{MASK}@h"
    assert mask_secrets(text) == text


def test_nothing_makes_it_hang() -> None:
    for piece in (
        "password",
        "token=",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "://a",
        "bearer ",
        "a_",
        "sk-a-",
    ):
        mask_secrets(piece * (200_000 // len(piece)))


def test_what_programs_log_of_passwords() -> None:
    mask = log_masker(Settings())
    assert mask("login failed: user=ann password=hunter2 from 10.0.0.1") == (
        f"login failed: user=ann password={MASK} from 10.0.0.1"
    )
    assert (
        mask("jdbc:mysql://db/x?user=a&PWD=swordfish&ssl=1") == f"jdbc:mysql://db/x?user=a&PWD={MASK}&ssl=1"
    )
    for harmless in (
        "connect(host, password=self.password)",
        "connect(password=read(path))",
        "api_key=None",
        "password=***",
        "unexpected token=EOF",
        "the password is wrong",
    ):
        assert mask(harmless) == harmless
